#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace weft::backup {

inline constexpr int kFormat = 1;
inline constexpr std::string_view kManifestName = "manifest.json";
inline constexpr std::size_t kManifestBytesMax = 512 << 20;  // About three million files.
// All that a backup holds: the database and what is below the lake's folder.
inline constexpr std::string_view kDatabase = "mesh.db";
inline constexpr std::string_view kLake = "lake";

struct FileEntry {
  std::string path;  // Relative, '/' between segments.
  std::uint64_t size = 0;
  std::string sha256;  // Hex.
};

// What a backup holds and where it came from.
struct Manifest {
  std::string weft_version;
  std::string time;    // RFC 3339.
  std::string folder;  // The absolute mesh folder.
  std::vector<FileEntry> files;
};

std::string to_json(const Manifest& manifest);
// invalid "backup.manifest"; unsupported "backup.newer_format".
Result<Manifest> manifest_of(std::string_view json);
// Reads the file. not_found "backup.no_file"; unavailable "backup.io".
Result<FileEntry> entry_of(const std::filesystem::path& root, const std::string& path);

}  // namespace weft::backup
