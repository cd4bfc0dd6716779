#include "platform/engine/worker/files.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "duckdb/common/exception.hpp"

namespace weft::engine::worker {
namespace {

constexpr std::string_view kNewPrefix = "weft://new/";

class Handle final : public duckdb::FileHandle {
 public:
  Handle(duckdb::FileSystem& system, const std::string& path, duckdb::FileOpenFlags flags, Descriptors::Entry entry)
      : FileHandle(system, path, flags), entry(std::move(entry)) {}
  void Close() override { entry.fd.reset(); }

  Descriptors::Entry entry;
  std::uint64_t at = 0;
};

Handle& of(duckdb::FileHandle& handle) { return static_cast<Handle&>(handle); }

// Read fully unless the file ends.
std::int64_t read_at(Handle& handle, char* buffer, std::int64_t bytes, std::uint64_t location) {
  std::int64_t done = 0;
  while (done < bytes) {
    const ssize_t size = ::pread(handle.entry.fd->get(), buffer + done, static_cast<std::size_t>(bytes - done),
                                 static_cast<off_t>(location) + done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw duckdb::IOException("a file cannot be read: %s", std::strerror(errno));
    if (size == 0) break;
    done += size;
  }
  return done;
}

void write_at(Handle& handle, const char* buffer, std::int64_t bytes, std::uint64_t location) {
  if (handle.entry.sink) {
    if (location != handle.entry.size) throw duckdb::IOException("an answer is written from its start to its end");
    const auto sent = handle.entry.sink(std::string_view(buffer, static_cast<std::size_t>(bytes)));
    if (!sent) throw duckdb::IOException("%s", sent.error().message);
    handle.entry.size += static_cast<std::uint64_t>(bytes);
    return;
  }
  std::int64_t done = 0;
  while (done < bytes) {
    const ssize_t size = ::pwrite(handle.entry.fd->get(), buffer + done, static_cast<std::size_t>(bytes - done),
                                  static_cast<off_t>(location) + done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw duckdb::IOException("a file cannot be written: %s", std::strerror(errno));
    done += size;
  }
  handle.entry.size = std::max(handle.entry.size, location + static_cast<std::uint64_t>(bytes));
}

// The call itself, not the C library's: its newer ways take a path, and paths are fenced off here.
int facts_of(int fd, struct stat& facts) {
#if defined(__x86_64__)
  return static_cast<int>(::syscall(SYS_fstat, fd, &facts));
#else
  return ::fstat(fd, &facts);
#endif
}

std::string version_of(int fd) {
  struct stat facts{};
  if (facts_of(fd, facts) != 0) throw duckdb::IOException("a file's facts cannot be read: %s", std::strerror(errno));
  return format("{:x}-{:x}-{:x}-{:x}.{:x}-{:x}.{:x}", facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtim.tv_sec,
                facts.st_mtim.tv_nsec, facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec);
}

}  // namespace

std::string Descriptors::add_readable(const std::string& name, Fd fd, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  std::string path = kFilePrefix + name;
  std::string version = version_of(fd.get());
  readable_[path] = {
      .fd = std::make_shared<Fd>(std::move(fd)), .size = size, .version = std::move(version), .sink = {}};
  return path;
}

std::string Descriptors::add_readable(Fd fd, std::uint64_t size) {
  const std::string name = "f/" + version_of(fd.get());
  return add_readable(name, std::move(fd), size);
}

std::string Descriptors::add_writable(const std::string& name, Sink sink) {
  const std::lock_guard lock(mutex_);
  std::string path = kFilePrefix + name;
  writable_[path] = {.fd = nullptr, .size = 0, .version = {}, .sink = std::move(sink)};
  return path;
}

void Descriptors::on_make_file(MakeFile make_file) {
  const std::lock_guard lock(mutex_);
  make_file_ = std::move(make_file);
}

void Descriptors::clear() {
  const std::lock_guard lock(mutex_);
  readable_.clear();
  writable_.clear();
  written_.clear();
  make_file_ = nullptr;
}

std::optional<Descriptors::Entry> Descriptors::find(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = readable_.find(path);
  return found == readable_.end() || !found->second.fd ? std::nullopt : std::optional(found->second);
}

Result<Descriptors::Entry> Descriptors::create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (const auto own = writable_.find(path); own != writable_.end()) return own->second;
  if (!make_file_ || !path.starts_with(kNewPrefix))
    return fail(ErrorKind::denied, "engine.write", "nothing may be written to {}", path);
  const std::string rest = path.substr(kNewPrefix.size());
  auto [name, fd] = TRY(make_file_(rest.substr(0, rest.find('/'))));
  Entry entry{.fd = std::make_shared<Fd>(std::move(fd)), .size = 0, .version = {}, .sink = {}};
  written_[path] = name;
  readable_[path] = entry;  // What was just written may be read again, for checks.
  return entry;
}

std::string Descriptors::new_path(std::string_view hint) {
  const std::lock_guard lock(mutex_);
  return format("{}{}/{}", kNewPrefix, hint, paths_++);
}

std::string Descriptors::name_of_written(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = written_.find(path);
  return found == written_.end() ? std::string() : found->second;
}

duckdb::unique_ptr<duckdb::FileHandle> DescriptorFileSystem::OpenFile(const duckdb::string& path,
                                                                      duckdb::FileOpenFlags flags,
                                                                      duckdb::optional_ptr<duckdb::FileOpener>) {
  if (flags.OpenForWriting()) {
    auto entry = descriptors_.create(path);
    if (!entry) throw duckdb::PermissionException("%s", entry.error().message);
    return duckdb::make_uniq<Handle>(*this, path, flags, std::move(*entry));
  }
  auto entry = descriptors_.find(path);
  if (!entry) {
    if (flags.ReturnNullIfNotExists()) return nullptr;
    throw duckdb::IOException("there is no file %s", path);
  }
  // A file that this process wrote has the size that the kernel says by now.
  if (entry->version.empty()) {
    struct stat facts{};
    if (facts_of(entry->fd->get(), facts) == 0) entry->size = static_cast<std::uint64_t>(facts.st_size);
  }
  return duckdb::make_uniq<Handle>(*this, path, flags, std::move(*entry));
}

void DescriptorFileSystem::Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes, duckdb::idx_t location) {
  if (read_at(of(handle), static_cast<char*>(buffer), bytes, location) != bytes)
    throw duckdb::IOException("the file %s ends too early", handle.path);
}

int64_t DescriptorFileSystem::Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes) {
  const std::int64_t done = read_at(of(handle), static_cast<char*>(buffer), bytes, of(handle).at);
  of(handle).at += static_cast<std::uint64_t>(done);
  return done;
}

void DescriptorFileSystem::Write(duckdb::FileHandle& handle, void* buffer, int64_t bytes, duckdb::idx_t location) {
  write_at(of(handle), static_cast<const char*>(buffer), bytes, location);
}

int64_t DescriptorFileSystem::Write(duckdb::FileHandle& handle, void* buffer, int64_t bytes) {
  write_at(of(handle), static_cast<const char*>(buffer), bytes, of(handle).at);
  of(handle).at += static_cast<std::uint64_t>(bytes);
  return bytes;
}

int64_t DescriptorFileSystem::GetFileSize(duckdb::FileHandle& handle) {
  return static_cast<int64_t>(of(handle).entry.size);
}
// Files never change under a name within a session.
duckdb::timestamp_t DescriptorFileSystem::GetLastModifiedTime(duckdb::FileHandle&) { return duckdb::timestamp_t(0); }
duckdb::string DescriptorFileSystem::GetVersionTag(duckdb::FileHandle& handle) { return of(handle).entry.version; }
duckdb::FileType DescriptorFileSystem::GetFileType(duckdb::FileHandle&) { return duckdb::FileType::FILE_TYPE_REGULAR; }
void DescriptorFileSystem::Truncate(duckdb::FileHandle&, int64_t) {}
// Control syncs what it commits.
void DescriptorFileSystem::FileSync(duckdb::FileHandle&) {}
void DescriptorFileSystem::Seek(duckdb::FileHandle& handle, duckdb::idx_t location) { of(handle).at = location; }
duckdb::idx_t DescriptorFileSystem::SeekPosition(duckdb::FileHandle& handle) { return of(handle).at; }

bool DescriptorFileSystem::FileExists(const duckdb::string& path, duckdb::optional_ptr<duckdb::FileOpener>) {
  return descriptors_.find(path).has_value();
}

duckdb::vector<duckdb::OpenFileInfo> DescriptorFileSystem::Glob(const duckdb::string& path, duckdb::FileOpener*) {
  return {duckdb::OpenFileInfo(path)};
}

bool DescriptorFileSystem::CanHandleFile(const duckdb::string& path) { return path.starts_with(kFilePrefix); }

}  // namespace weft::engine::worker
