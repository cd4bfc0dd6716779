#pragma once

#include <filesystem>
#include <string_view>

#include "base/bytes.h"

namespace weft::store {

// Holds a mesh folder for one process: an advisory lock on `<folder>/lock`, whose text names the holder's pid and URL.
class FolderLock {
 public:
  // conflict "store.locked" naming the holder.
  static Result<FolderLock> take(const std::filesystem::path& folder);
  Result<> announce(std::string_view url);

 private:
  explicit FolderLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace weft::store
