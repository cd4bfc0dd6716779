#include "product/backup/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/text.h"

namespace weft::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDatabase = "mesh.db";
constexpr std::string_view kLake = "lake";

std::unexpected<Error> io(const fs::path& file, std::string_view what) {
  return fail(ErrorKind::unavailable, "backup.io", "{} cannot be {}: {}", file.string(), what, std::strerror(errno));
}

Result<> sync_folder(const fs::path& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return io(folder, "synced");
  return {};
}

Result<> write_file(const fs::path& file, std::string_view bytes) {
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return io(file, "written");
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return io(file, "written");
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  if (::fsync(fd.get()) != 0) return io(file, "synced");
  return sync_folder(file.parent_path());
}

Result<> copy_durably(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (!error) fs::copy_file(from, to, error);
  if (error)
    return fail(ErrorKind::unavailable, "backup.io", "{} cannot be copied to {}: {}", from.string(), to.string(),
                error.message());
  ::chmod(to.c_str(), 0600);
  const Fd fd(::open(to.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return io(to, "synced");
  return {};
}

// Files of the lake are never changed once they are whole, so a second name is as good as a copy.
Result<> link_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (error)
    return fail(ErrorKind::unavailable, "backup.io", "{} cannot be made: {}", to.parent_path().string(),
                error.message());
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  return copy_durably(from, to);
}

Result<> require_empty(const fs::path& folder, std::string_view code) {
  std::error_code error;
  if (!fs::exists(folder, error) || (fs::is_directory(folder, error) && fs::is_empty(folder, error))) return {};
  return fail(ErrorKind::conflict, std::string(code), "{} is not empty: name a folder that is new or empty",
              folder.string());
}

Result<std::set<std::string>> leased_prefixes(store::Store& store) {
  return store.read_value<std::set<std::string>>([](store::Session& session) -> Result<std::set<std::string>> {
    std::set<std::string> prefixes;
    TRY(session.each("SELECT prefix FROM lake_leases", {}, [&](const store::Row& row) -> Result<> {
      prefixes.insert(row.text(0));
      return {};
    }));
    return prefixes;
  });
}

}  // namespace

Result<Manifest> make_backup(store::Store& store, objects::Objects& objects, const fs::path& data,
                             const fs::path& target, Time now) {
  TRY(require_empty(target, "backup.not_empty"));
  std::error_code error;
  fs::create_directories(target, error);
  if (error)
    return fail(ErrorKind::unavailable, "backup.io", "{} cannot be made: {}", target.string(), error.message());
  ::chmod(target.c_str(), 0700);
  TRY(store.backup_to(target / kDatabase));
  std::vector<std::string> keys;
  TRY(objects.each(kLake, [&](const objects::Info& info) -> Result<> {
    keys.push_back(info.key);
    return {};
  }));
  // What is still being filled was not committed when the database was copied.
  const auto leased = TRY(leased_prefixes(store));
  Manifest manifest{.weft_version = WEFT_VERSION,
                    .time = to_rfc3339(now),
                    .folder = fs::absolute(data).lexically_normal().string(),
                    .files = {}};
  manifest.files.push_back(TRY(entry_of(target, std::string(kDatabase))));
  for (const std::string& key : keys) {
    if (leased.contains(key.substr(0, key.rfind('/')))) continue;
    TRY(link_file(objects.root() / key, target / key));
    manifest.files.push_back(TRY(entry_of(target, key)));
  }
  TRY(write_file(target / kManifestName, to_json(manifest)));
  return manifest;
}

Result<Manifest> restore(const fs::path& backup, const fs::path& data, const Progress& progress) {
  std::ifstream in(backup / kManifestName, std::ios::binary);
  if (!in) {
    return fail(ErrorKind::not_found, "restore.no_manifest",
                "{} has no {}: it is no backup, or one that did not finish", backup.string(), kManifestName);
  }
  std::ostringstream text;
  text << in.rdbuf();
  Manifest manifest = TRY(manifest_of(text.str()));
  const fs::path target = fs::absolute(data).lexically_normal();
  const fs::path wanted = fs::path(manifest.folder).lexically_normal();
  if (target != wanted) {
    return fail(ErrorKind::precondition, "restore.place",
                "the backup is of {}, and Iceberg metadata holds absolute paths: restore it there, with --data {}",
                wanted.string(), wanted.string());
  }
  TRY(require_empty(target, "restore.not_empty"));
  for (std::size_t i = 0; i < manifest.files.size(); ++i) {
    const FileEntry& expected = manifest.files[i];
    const auto found = entry_of(backup, expected.path);
    if (!found || found->size != expected.size || found->sha256 != expected.sha256) {
      return fail(ErrorKind::invalid, "restore.damaged", "{} is {}: nothing was restored",
                  (backup / expected.path).string(), found ? "not what the manifest says" : "missing or unreadable");
    }
    if (progress) progress(i + 1, manifest.files.size() * 2);
  }
  // Beside the place, then moved there in one step.
  const fs::path beside =
      target.parent_path() / (target.filename().string() + ".restoring-" + to_string(random_uuid()));
  auto place = [&]() -> Result<> {
    std::error_code error;
    for (std::size_t i = 0; i < manifest.files.size(); ++i) {
      TRY(copy_durably(backup / manifest.files[i].path, beside / manifest.files[i].path));
      if (progress) progress(manifest.files.size() + i + 1, manifest.files.size() * 2);
    }
    ::chmod(beside.c_str(), 0700);
    fs::remove(target, error);  // Empty, as was seen.
    if (::rename(beside.c_str(), target.c_str()) != 0) return io(target, "put in place");
    return sync_folder(target.parent_path());
  };
  if (auto placed = place(); !placed) {
    std::error_code ignored;
    fs::remove_all(beside, ignored);
    return fail(std::move(placed).error());
  }
  return manifest;
}

}  // namespace weft::backup
