#include "product/catalog/folder_files.h"

#include <fstream>
#include <sstream>

#include "formats/yaml/yaml.h"

namespace weft::catalog {
namespace {

Result<SourceFile> read_one(const std::filesystem::path& path, const std::string& shown) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  // One byte more than the reader takes is enough for it to say so, with the place.
  std::ifstream in(path, std::ios::binary);
  if (error || !in) return fail(ErrorKind::not_found, "mesh.file", "{} cannot be read", path.string());
  SourceFile file{.path = shown, .text = std::string(std::min<std::size_t>(size, yaml::kBytesMax + 1), '\0')};
  in.read(file.text.data(), static_cast<std::streamsize>(file.text.size()));
  file.text.resize(static_cast<std::size_t>(in.gcount()));
  return file;
}

bool is_document(const std::filesystem::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

}  // namespace

Result<std::vector<SourceFile>> read_folder(const std::filesystem::path& folder) {
  std::vector<SourceFile> files;
  std::error_code error;
  if (std::filesystem::is_regular_file(folder, error)) {
    files.push_back(TRY(read_one(folder, folder.filename().string())));
    return files;
  }
  if (!std::filesystem::is_directory(folder, error))
    return fail(ErrorKind::not_found, "mesh.folder", "{} is no folder; `weft init {}` makes one", folder.string(),
                folder.string());
  std::vector<std::filesystem::path> paths;
  for (auto each = std::filesystem::recursive_directory_iterator(folder, error);
       !error && each != std::filesystem::recursive_directory_iterator(); each.increment(error)) {
    const std::string name = each->path().filename().string();
    if (each->is_directory() && name.starts_with('.')) {
      each.disable_recursion_pending();
    } else if (each->is_regular_file() && is_document(each->path())) {
      paths.push_back(each->path());
      if (paths.size() > kFilesMax)
        return fail(ErrorKind::limit, "mesh.too_many_files", "{} holds more than {} documents' files", folder.string(),
                    kFilesMax);
    }
  }
  if (error) return fail(ErrorKind::unavailable, "mesh.folder", "{}: {}", folder.string(), error.message());
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) files.push_back(TRY(read_one(path, std::filesystem::relative(path, folder).string())));
  return files;
}

}  // namespace weft::catalog
