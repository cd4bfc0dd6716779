#pragma once

#include <unistd.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace weft {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// Bytes that come in pieces: an HTTP body, a file. One thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `size` bytes into `out`; 0 at the end. timeout, cancelled, limit when the other side misbehaves.
  virtual Result<std::size_t> read(char* out, std::size_t size) = 0;
};

// A text as a source; the text outlives it.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string_view text) : rest_(text) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    const std::size_t taken = rest_.copy(out, size);
    rest_.remove_prefix(taken);
    return taken;
  }

 private:
  std::string_view rest_;
};

// Where bytes go: an HTTP answer, a file, a terminal. Blocks while the reader is slow (back-pressure).
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // cancelled when the reader is gone or the request was cancelled; timeout when it stalls.
  virtual Result<> write(std::string_view bytes) = 0;
};

// zlib and gzip, bounded: limit "compress.too_large" past bytes_max.
Result<std::string> inflate(std::string_view bytes, std::size_t bytes_max);
// What the start of a gzip or a zstd stream holds, at most `size` bytes; less when it is malformed.
std::string inflate_head(std::string_view bytes, std::size_t size);
std::string unzstd_head(std::string_view bytes, std::size_t size);
std::string deflate_raw(std::string_view bytes);
Result<std::string> inflate_raw(std::string_view bytes, std::size_t bytes_max);

}  // namespace weft
