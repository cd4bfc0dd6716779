#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace weft::objects {

struct Info {
  std::string key;  // Relative to the root, '/' between segments.
  std::uint64_t size = 0;
  Time modified{};
};

// The lake's files below one folder. Keys are relative paths of [A-Za-z0-9._=-] segments; `..`, empty segments and
// absolute keys are refused with invalid "objects.key". Thread-safe.
class Objects {
 public:
  static Result<std::unique_ptr<Objects>> open(const std::filesystem::path& root);

  // Whole or not at all, and durable: temporary, fsync, rename, fsync of the folder. conflict "objects.exists".
  Result<> put(std::string_view key, std::string_view bytes);
  Result<std::string> get(std::string_view key, std::size_t bytes_max = 64 << 20) const;
  Result<Fd> open_for_reading(std::string_view key) const;
  // A new file to be filled by another process through its descriptor; call finish() to make it durable.
  Result<Fd> create(std::string_view key);
  Result<> finish(const Fd& fd, std::string_view key);
  Result<std::uint64_t> size(std::string_view key) const;
  Result<> remove(std::string_view key);         // Not there: fine.
  Result<> remove_all(std::string_view prefix);  // A folder and what is below.
  // Each file below, in no order. What comes or goes meanwhile may or may not be seen; all else is.
  Result<> each(std::string_view prefix, const std::function<Result<>(const Info&)>& visit) const;

  // The absolute `file://` URI of a key, as Iceberg metadata has it, and back; invalid when outside the root.
  std::string uri(std::string_view key) const;
  Result<std::string> key_of(std::string_view uri) const;
  const std::filesystem::path& root() const { return root_; }

 private:
  explicit Objects(std::filesystem::path root) : root_(std::move(root)) {}
  std::filesystem::path root_;
};

}  // namespace weft::objects
