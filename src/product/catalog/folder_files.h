#pragma once

#include <filesystem>
#include <vector>

#include "product/catalog/catalog.h"

namespace weft::catalog {

inline constexpr std::size_t kFilesMax = 50'000;

// Every *.yaml and *.yml below a folder (or the one file), sorted by path. Hidden folders are left out. not_found
// "mesh.folder".
Result<std::vector<SourceFile>> read_folder(const std::filesystem::path& folder);

}  // namespace weft::catalog
