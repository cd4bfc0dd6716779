#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "product/backup/manifest.h"

// Files and folders that are durable when a function returns. All fail with unavailable "backup.io" or "backup.full".
namespace weft::backup {

// Makes the missing ones of a path, for their owner alone.
Result<> make_folders(const std::filesystem::path& folder);
Result<> sync_folder(const std::filesystem::path& folder);
// A new file, open for writing; conflict "backup.exists".
Result<Fd> create_file(const std::filesystem::path& file);
Result<> write_all(const Fd& fd, std::string_view bytes, const std::filesystem::path& file);
// Copies and tells what was copied, read once. Its folder is not synced.
Result<FileEntry> copy_file(const std::filesystem::path& from_root, const std::filesystem::path& to_root,
                            const std::string& path);
// not_found "backup.no_file"; limit "backup.too_large".
Result<std::string> read_file(const std::filesystem::path& file, std::size_t bytes_max);
// absolute, without links, without a slash at its end.
std::filesystem::path place_of(const std::filesystem::path& folder);
// Absent counts as empty.
bool is_empty_folder(const std::filesystem::path& folder);

}  // namespace weft::backup
