#include "product/backup/manifest.h"

#include <set>

#include "base/json.h"
#include "base/text.h"

namespace weft::backup {
namespace {

// What a backup may place, whatever a hostile manifest says.
bool is_ours(std::string_view path) {
  if (path == kDatabase) return true;
  if (!path.starts_with(std::string(kLake) + "/") || path.find('\0') != std::string_view::npos) return false;
  for (const std::string_view part : text::split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

}  // namespace

std::string to_json(const Manifest& manifest) {
  json::Array files;
  for (const FileEntry& file : manifest.files) {
    files.push_back(json::Object{{"path", file.path}, {"size", file.size}, {"sha256", file.sha256}});
  }
  json::Object document{{"format", kFormat},
                        {"weft_version", manifest.weft_version},
                        {"time", manifest.time},
                        {"folder", manifest.folder}};
  document.set("files", json::Value(std::move(files)));
  return json::write_pretty(document) + "\n";
}

namespace {

std::unexpected<Error> no_manifest(std::string_view why) {
  return fail(ErrorKind::invalid, "backup.manifest", "manifest.json is no manifest of a backup: {}", why);
}

Result<FileEntry> file_of(const json::Value& file) {
  if (!file["path"].is_text() || file["size"].integer_or(-1) < 0 || !file["sha256"].is_text())
    return no_manifest("a file lacks its path, size or SHA-256");
  FileEntry entry{.path = file["path"].text(),
                  .size = static_cast<std::uint64_t>(file["size"].integer()),
                  .sha256 = file["sha256"].text()};
  if (!is_ours(entry.path)) return no_manifest(entry.path + " is no file of a mesh");
  return entry;
}

}  // namespace

Result<Manifest> manifest_of(std::string_view text) {
  const auto parsed = json::parse(text, {.bytes_max = kManifestBytesMax});
  if (!parsed) return no_manifest(parsed.error().message);
  const json::Value& document = *parsed;
  const json::Value& format = document["format"];
  if (format.is_number() && format.number() > kFormat) {
    return fail(ErrorKind::unsupported, "backup.newer_format",
                "the backup has format {}, this Weft knows up to {}: restore it with Weft {} or newer",
                json::write(format), kFormat, document["weft_version"].text_or("?"));
  }
  if (format.integer_or(0) != kFormat || !document["files"].is_array() || !document["folder"].is_text())
    return no_manifest("it lacks its format, folder or files");
  Manifest manifest{.weft_version = std::string(document["weft_version"].text_or("")),
                    .time = std::string(document["time"].text_or("")),
                    .folder = document["folder"].text(),
                    .files = {}};
  std::set<std::string> seen;
  for (const json::Value& file : document["files"].array()) {
    manifest.files.push_back(TRY(file_of(file)));
    if (!seen.insert(manifest.files.back().path).second)
      return no_manifest(manifest.files.back().path + " stands twice");
  }
  if (!seen.contains(std::string(kDatabase))) return no_manifest("it lacks the database");
  return manifest;
}

}  // namespace weft::backup
