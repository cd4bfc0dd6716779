#include "product/backup/manifest.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"

namespace weft::backup {
namespace {

constexpr std::size_t kPieceBytes = 1 << 20;

// Below its folder whatever a hostile manifest says.
bool is_relative_path(std::string_view path) {
  if (path.empty() || path.starts_with('/') || path.find('\0') != std::string_view::npos) return false;
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

Result<Manifest> manifest_of(std::string_view text) {
  auto parsed = json::parse(text);
  if (!parsed || !parsed->is_object())
    return fail(ErrorKind::invalid, "backup.manifest", "manifest.json is no JSON object");
  const json::Value& document = *parsed;
  if (document["format"].integer_or(0) > kFormat) {
    return fail(ErrorKind::unsupported, "backup.newer_format",
                "the backup has format {}, this Weft knows up to {}: restore it with Weft {} or newer",
                document["format"].integer_or(0), kFormat, document["weft_version"].text_or("?"));
  }
  if (document["format"].integer_or(0) != kFormat || !document["files"].is_array()) {
    return fail(ErrorKind::invalid, "backup.manifest", "manifest.json is no manifest of a backup");
  }
  Manifest manifest{.weft_version = std::string(document["weft_version"].text_or("")),
                    .time = std::string(document["time"].text_or("")),
                    .folder = std::string(document["folder"].text_or("")),
                    .files = {}};
  for (const json::Value& file : document["files"].array()) {
    FileEntry entry{.path = std::string(file["path"].text_or("")),
                    .size = static_cast<std::uint64_t>(file["size"].integer_or(0)),
                    .sha256 = std::string(file["sha256"].text_or(""))};
    if (!is_relative_path(entry.path))
      return fail(ErrorKind::invalid, "backup.manifest", "manifest.json names the file {}, which is outside the backup",
                  entry.path);
    manifest.files.push_back(std::move(entry));
  }
  return manifest;
}

Result<FileEntry> entry_of(const std::filesystem::path& root, const std::string& path) {
  const auto file = root / path;
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd)
    return fail(ErrorKind::unavailable, "backup.io", "{} cannot be read: {}", file.string(), std::strerror(errno));
  crypto::Sha256 hash;
  FileEntry entry{.path = path, .size = 0, .sha256 = {}};
  std::string piece(kPieceBytes, '\0');
  while (true) {
    const ssize_t size = ::read(fd.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0)
      return fail(ErrorKind::unavailable, "backup.io", "{} cannot be read: {}", file.string(), std::strerror(errno));
    if (size == 0) break;
    hash.update({piece.data(), static_cast<std::size_t>(size)});
    entry.size += static_cast<std::uint64_t>(size);
  }
  entry.sha256 = crypto::to_hex(hash.finish());
  return entry;
}

}  // namespace weft::backup
