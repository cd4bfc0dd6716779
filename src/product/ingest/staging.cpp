#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "base/crypto.h"
#include "base/fail_point.h"
#include "base/ids.h"
#include "product/ingest/ingest.h"
#include "product/ingest/state.h"

namespace weft::ingest {

constexpr std::size_t kPieceBytes = 1 << 20;

namespace {

std::string sha256_of(const Fd& fd) {
  crypto::Sha256 digest;
  std::string piece(kPieceBytes, '\0');
  off_t at = 0;
  while (true) {
    const ssize_t got = ::pread(fd.get(), piece.data(), piece.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {};
    if (got == 0) return crypto::to_hex(digest.finish());
    digest.update(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
    at += got;
  }
}

}  // namespace

Staged::Staged(std::filesystem::path path, Fd fd, std::uint64_t size)
    : path_(std::move(path)), fd_(std::move(fd)), size_(size) {
  const auto copy = std::make_shared<Fd>(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  sha256_ = std::async(std::launch::async, [copy] { return sha256_of(*copy); }).share();
}

Staged::~Staged() {
  // A moved-from one has no path.
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<engine::File> Staged::file() const {
  Fd copy(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail(ErrorKind::unavailable, "publish.staging", "the staged file cannot be opened again");
  return engine::File{.fd = std::move(copy), .size = size_, .name = "the file", .row_count = 0};
}

Result<Staged> Ingest::stage(ByteSource& body, std::optional<std::uint64_t> size) {
  const std::uint64_t most = state_->app.settings().upload_bytes_max;
  if (size && *size > most)
    return fail(ErrorKind::limit, "publish.too_large", "the file has {} bytes; at most {} are taken (upload-max)",
                *size, most);
  const auto folder = state_->app.settings().data / "staging";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto path = folder / to_string(random_uuid());
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd)
    return fail(ErrorKind::unavailable, "publish.staging", "the staging folder cannot be written: {}",
                std::strerror(errno));
  std::uint64_t total = 0;
  std::string piece(kPieceBytes, '\0');
  auto receive = [&]() -> Result<> {
    while (true) {
      const std::size_t got = TRY(body.read(piece.data(), piece.size()));
      if (got == 0) break;
      total += got;
      if (total > most)
        return fail(ErrorKind::limit, "publish.too_large",
                    "the file has more than the {} bytes that are taken (upload-max)", most);
      for (std::size_t at = 0; at < got;) {
        const ssize_t written = ::write(fd.get(), piece.data() + at, got - at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0)
          return fail(ErrorKind::unavailable, errno == ENOSPC ? "publish.disk_full" : "publish.staging",
                      "the file cannot be staged: {}", std::strerror(errno));
        at += static_cast<std::size_t>(written);
      }
    }
    if (size && total != *size)
      return fail(ErrorKind::invalid, "request.truncated", "{} of {} bytes came; nothing was changed", total, *size);
    return {};
  };
  if (const auto received = receive(); !received) {
    ::unlink(path.c_str());
    return fail(received.error());
  }
  FAIL_POINT("ingest.after_staging");
  return Staged(path, std::move(fd), total);
}

}  // namespace weft::ingest
