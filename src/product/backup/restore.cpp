#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "base/ids.h"
#include "product/backup/backup.h"
#include "product/backup/files.h"

namespace weft::backup {
namespace {

namespace fs = std::filesystem;

Result<Manifest> read_manifest(const fs::path& backup) {
  auto text = read_file(backup / kManifestName, kManifestBytesMax);
  if (!text && text.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::not_found, "restore.no_manifest",
                "{} has no {}: it is no backup, or one that did not finish", backup.string(), kManifestName);
  }
  return manifest_of(TRY(std::move(text)));
}

Result<> check_place(const Manifest& manifest, const fs::path& target) {
  if (target != fs::path(manifest.folder)) {
    return fail(ErrorKind::precondition, "restore.place",
                "the backup is of {}, and Iceberg metadata holds absolute paths: restore it there, with --data {}",
                manifest.folder, manifest.folder);
  }
  if (is_empty_folder(target)) return {};
  return fail(ErrorKind::conflict, "restore.not_empty", "{} is not empty: move it away, or name the folder it was in",
              target.string());
}

std::unexpected<Error> damaged(const fs::path& file, std::string_view how) {
  return fail(ErrorKind::invalid, "restore.damaged", "{} {}: nothing was restored", file.string(), how);
}

// All files beside the place they shall stand in, each checked as it is read: what is checked is what is placed.
Result<> copy_checked(const fs::path& backup, const Manifest& manifest, const fs::path& beside,
                      const Progress& progress) {
  std::set<fs::path> folders;
  for (std::size_t i = 0; i < manifest.files.size(); ++i) {
    const FileEntry& expected = manifest.files[i];
    const fs::path file = backup / expected.path;
    const auto copied = copy_file(backup, beside, expected.path);
    if (!copied && copied.error().kind == ErrorKind::not_found) return damaged(file, "is missing");
    TRY(copied);
    if (copied->size != expected.size) {
      return damaged(file, format("has {} bytes where the manifest says {}", copied->size, expected.size));
    }
    if (copied->sha256 != expected.sha256) return damaged(file, "is not what the manifest says: its SHA-256 differs");
    folders.insert((beside / expected.path).parent_path());
    if (progress) progress(i + 1, manifest.files.size());
  }
  for (const fs::path& folder : folders) TRY(sync_folder(folder));
  return {};
}

}  // namespace

Result<Manifest> restore(const fs::path& backup, const fs::path& data, const Progress& progress) {
  Manifest manifest = TRY(read_manifest(backup));
  const fs::path target = place_of(data);
  TRY(check_place(manifest, target));
  TRY(make_folders(target.parent_path()));
  const fs::path beside =
      target.parent_path() / (target.filename().string() + ".restoring-" + to_string(random_uuid()));
  auto done = make_folders(beside);
  if (done) done = copy_checked(backup, manifest, beside, progress);
  // One step: POSIX lets a folder take the place of an empty one.
  if (done && ::rename(beside.c_str(), target.c_str()) != 0) {
    done = fail(ErrorKind::unavailable, "restore.io", "{} cannot be put in place: {}", target.string(),
                std::strerror(errno));
  }
  if (!done) {
    std::error_code ignored;
    fs::remove_all(beside, ignored);
    return fail(std::move(done).error());
  }
  TRY(sync_folder(target.parent_path()));
  return manifest;
}

}  // namespace weft::backup
