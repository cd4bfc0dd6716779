#include "platform/store/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>

#include "base/text.h"

namespace weft::store {

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  const auto file = folder / "lock";
  Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd)
    return fail(ErrorKind::unavailable, "store.io", "{} cannot be opened: {}", file.string(), std::strerror(errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 512> holder{};
    const ssize_t size = ::pread(fd.get(), holder.data(), holder.size(), 0);
    const std::string_view said = text::trim({holder.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))});
    return fail(ErrorKind::conflict, "store.locked", "{} is in use by {}; talk to it with --url, or stop it first",
                folder.string(), said.empty() ? "another process" : said);
  }
  FolderLock lock(std::move(fd));
  TRY(lock.announce(""));
  return lock;
}

Result<> FolderLock::announce(std::string_view url) {
  const std::string text = format("pid {}{}{}\n", ::getpid(), url.empty() ? "" : " at ", url);
  if (::ftruncate(fd_.get(), 0) != 0 ||
      ::pwrite(fd_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return fail(ErrorKind::unavailable, "store.io", "the lock file cannot be written: {}", std::strerror(errno));
  }
  return {};
}

}  // namespace weft::store
