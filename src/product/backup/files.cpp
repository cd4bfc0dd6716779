#include "product/backup/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "base/crypto.h"

namespace weft::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 1 << 20;

std::unexpected<Error> io(const fs::path& file, std::string_view what) {
  const int code = errno;
  if (code == ENOSPC || code == EDQUOT)
    return fail(ErrorKind::unavailable, "backup.full", "{} cannot be {}: the disk is full", file.string(), what);
  return fail(ErrorKind::unavailable, "backup.io", "{} cannot be {}: {}", file.string(), what, std::strerror(code));
}

// Calls `piece` with all of a file's bytes.
Result<> read_pieces(const fs::path& file, const std::function<Result<>(std::string_view)>& piece) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return fail(ErrorKind::not_found, "backup.no_file", "{} is missing", file.string());
  if (!fd) return io(file, "read");
  std::string buffer(kPieceBytes, '\0');
  while (true) {
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return io(file, "read");
    if (size == 0) return {};
    TRY(piece({buffer.data(), static_cast<std::size_t>(size)}));
  }
}

}  // namespace

Result<> make_folders(const fs::path& folder) {
  if (folder.empty() || fs::is_directory(folder)) return {};
  TRY(make_folders(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return io(folder, "made");
  return folder.has_parent_path() ? sync_folder(folder.parent_path()) : Result<>();
}

Result<> sync_folder(const fs::path& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return io(folder, "synced");
  return {};
}

Result<Fd> create_file(const fs::path& file) {
  Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd && errno == EEXIST) return fail(ErrorKind::conflict, "backup.exists", "{} is there already", file.string());
  if (!fd) return io(file, "made");
  return fd;
}

Result<> write_all(const Fd& fd, std::string_view bytes, const fs::path& file) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return io(file, "written");
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

Result<FileEntry> copy_file(const fs::path& from_root, const fs::path& to_root, const std::string& path) {
  const fs::path to = to_root / path;
  TRY(make_folders(to.parent_path()));
  const Fd fd = TRY(create_file(to));
  crypto::Sha256 hash;
  FileEntry entry{.path = path, .size = 0, .sha256 = {}};
  TRY(read_pieces(from_root / path, [&](std::string_view piece) {
    hash.update(piece);
    entry.size += piece.size();
    return write_all(fd, piece, to);
  }));
  if (::fsync(fd.get()) != 0) return io(to, "synced");
  entry.sha256 = crypto::to_hex(hash.finish());
  return entry;
}

Result<FileEntry> entry_of(const fs::path& root, const std::string& path) {
  crypto::Sha256 hash;
  FileEntry entry{.path = path, .size = 0, .sha256 = {}};
  TRY(read_pieces(root / path, [&](std::string_view piece) -> Result<> {
    hash.update(piece);
    entry.size += piece.size();
    return {};
  }));
  entry.sha256 = crypto::to_hex(hash.finish());
  return entry;
}

Result<std::string> read_file(const fs::path& file, std::size_t bytes_max) {
  std::string all;
  TRY(read_pieces(file, [&](std::string_view piece) -> Result<> {
    if (all.size() + piece.size() > bytes_max) {
      return fail(ErrorKind::limit, "backup.too_large", "{} has more than the {} bytes that are read", file.string(),
                  bytes_max);
    }
    all += piece;
    return {};
  }));
  return all;
}

fs::path place_of(const fs::path& folder) {
  std::error_code error;
  fs::path place = fs::weakly_canonical(fs::absolute(folder, error), error);
  if (error) place = fs::absolute(folder, error).lexically_normal();
  return place.has_filename() ? place : place.parent_path();
}

bool is_empty_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(folder, error))) return true;
  return fs::is_directory(folder, error) && fs::is_empty(folder, error);
}

}  // namespace weft::backup
