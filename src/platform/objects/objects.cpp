#include "platform/objects/objects.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "base/ids.h"
#include "base/text.h"

namespace weft::objects {
namespace {

constexpr std::string_view kScheme = "file://";

bool is_segment(std::string_view segment) {
  if (segment.empty() || segment == "." || segment == ".." || segment.size() > 200) return false;
  return std::all_of(segment.begin(), segment.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '=' || c == '-';
  });
}

Result<> check_key(std::string_view key) {
  for (const std::string_view segment : text::split(key, '/')) {
    if (!is_segment(segment)) return fail(ErrorKind::invalid, "objects.key", "{} is no key of an object", key);
  }
  return {};
}

std::unexpected<Error> io(std::string_view what, std::string_view key) {
  const int code = errno;
  if (code == ENOENT) return fail(ErrorKind::not_found, "objects.missing", "there is no object {}", key);
  if (code == EEXIST) return fail(ErrorKind::conflict, "objects.exists", "the object {} is there already", key);
  if (code == ENOSPC || code == EDQUOT)
    return fail(ErrorKind::unavailable, "objects.full", "the disk is full: {} cannot be written", key);
  return fail(ErrorKind::unavailable, "objects.io", "{} of {} failed: {}", what, key, std::strerror(code));
}

Result<> sync_folder(const std::filesystem::path& folder, std::string_view key) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return io("the sync of the folder", key);
  return {};
}

// Every folder that is made is durable in its parent before a file in it can be.
Result<> make_folders(const std::filesystem::path& folder, std::string_view key) {
  std::vector<std::filesystem::path> missing;
  for (auto at = folder; !at.empty() && ::access(at.c_str(), F_OK) != 0; at = at.parent_path()) missing.push_back(at);
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    if (::mkdir(at->c_str(), 0777) != 0 && errno != EEXIST) return io("the making of the folder", key);
    const auto parent = at->parent_path();
    TRY(sync_folder(parent.empty() ? std::filesystem::path(".") : parent, key));
  }
  return {};
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// The names in a folder. One that is gone, or was never there, has none: others delete while we look.
Result<std::vector<std::string>> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseFolder> open(::opendir(folder.c_str()));
  if (!open && errno == ENOENT) return names;
  if (!open) return io("the listing", folder.string());
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(open.get());
    if (entry == nullptr && errno != 0 && errno != ENOENT) return io("the listing", folder.string());
    if (entry == nullptr) return names;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
}

}  // namespace

Result<std::unique_ptr<Objects>> Objects::open(const std::filesystem::path& root) {
  TRY(make_folders(root, root.string()));
  std::error_code error;
  auto absolute = std::filesystem::canonical(root, error);
  if (error) return fail(ErrorKind::unavailable, "objects.io", "{}: {}", root.string(), error.message());
  return std::unique_ptr<Objects>(new Objects(std::move(absolute)));
}

Result<> Objects::put(std::string_view key, std::string_view bytes) {
  TRY(check_key(key));
  const auto path = root_ / key;
  TRY(make_folders(path.parent_path(), key));
  const auto temporary = path.parent_path() / (".tmp-" + to_string(random_uuid()));
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) return io("the creation", key);
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const auto failed = io("the writing", key);
      ::unlink(temporary.c_str());
      return failed;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd.get()) != 0 || ::link(temporary.c_str(), path.c_str()) != 0) {
    const auto failed = io("the writing", key);
    ::unlink(temporary.c_str());
    return failed;
  }
  ::unlink(temporary.c_str());
  return sync_folder(path.parent_path(), key);
}

Result<std::string> Objects::get(std::string_view key, std::size_t bytes_max) const {
  const Fd fd = TRY(open_for_reading(key));
  struct stat facts{};
  if (::fstat(fd.get(), &facts) != 0) return io("the reading", key);
  if (static_cast<std::uint64_t>(facts.st_size) > bytes_max) {
    return fail(ErrorKind::limit, "objects.too_large", "the object {} has {} bytes; at most {} are read", key,
                facts.st_size, bytes_max);
  }
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t size = ::read(fd.get(), bytes.data() + at, bytes.size() - at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return io("the reading", key);
    if (size == 0) return fail(ErrorKind::unavailable, "objects.io", "{} was cut while it was read", key);
    at += static_cast<std::size_t>(size);
  }
  return bytes;
}

Result<Fd> Objects::open_for_reading(std::string_view key) const {
  TRY(check_key(key));
  Fd fd(::open((root_ / key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return io("the opening", key);
  return fd;
}

Result<Fd> Objects::create(std::string_view key) {
  TRY(check_key(key));
  const auto path = root_ / key;
  TRY(make_folders(path.parent_path(), key));
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) return io("the creation", key);
  return fd;
}

Result<> Objects::finish(const Fd& fd, std::string_view key) {
  if (::fsync(fd.get()) != 0) return io("the sync", key);
  return sync_folder((root_ / key).parent_path(), key);
}

Result<std::uint64_t> Objects::size(std::string_view key) const {
  TRY(check_key(key));
  struct stat facts{};
  if (::stat((root_ / key).c_str(), &facts) != 0) return io("the look at", key);
  if (!S_ISREG(facts.st_mode)) return fail(ErrorKind::not_found, "objects.missing", "there is no object {}", key);
  return static_cast<std::uint64_t>(facts.st_size);
}

Result<> Objects::remove(std::string_view key) {
  TRY(check_key(key));
  if (::unlink((root_ / key).c_str()) != 0 && errno != ENOENT) return io("the removal", key);
  return {};
}

Result<> Objects::remove_all(std::string_view prefix) {
  TRY(check_key(prefix));
  std::error_code error;
  std::filesystem::remove_all(root_ / prefix, error);
  if (error) return fail(ErrorKind::unavailable, "objects.io", "{} cannot be removed: {}", prefix, error.message());
  return {};
}

Result<> Objects::each(std::string_view prefix, const std::function<Result<>(const Info&)>& visit) const {
  TRY(check_key(prefix));
  // Not std::filesystem's iterator: it ends as if all were seen when a folder vanishes below it.
  std::vector<std::string> open{std::string(prefix)};
  while (!open.empty()) {
    const std::string folder = std::move(open.back());
    open.pop_back();
    for (const std::string& name : TRY(names_in(root_ / folder))) {
      std::string key = folder + "/" + name;
      struct stat facts{};
      if (::lstat((root_ / key).c_str(), &facts) != 0) {
        if (errno == ENOENT) continue;
        return io("the look at", key);
      }
      if (S_ISDIR(facts.st_mode)) {
        open.push_back(std::move(key));
      } else if (S_ISREG(facts.st_mode)) {
        const auto seen = std::int64_t{facts.st_mtim.tv_sec} * 1'000'000 + facts.st_mtim.tv_nsec / 1000;
        TRY(visit(
            {.key = std::move(key), .size = static_cast<std::uint64_t>(facts.st_size), .modified = time_of(seen)}));
      }
    }
  }
  return {};
}

std::string Objects::uri(std::string_view key) const { return std::string(kScheme) + (root_ / key).string(); }

Result<std::string> Objects::key_of(std::string_view uri) const {
  const std::string prefix = std::string(kScheme) + root_.string() + "/";
  if (!uri.starts_with(prefix))
    return fail(ErrorKind::invalid, "objects.uri", "{} lies outside this mesh's folder", uri);
  std::string key(uri.substr(prefix.size()));
  TRY(check_key(key));
  return key;
}

}  // namespace weft::objects
