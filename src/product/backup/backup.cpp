#include "product/backup/backup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "product/backup/files.h"

namespace weft::backup {
namespace {

namespace fs = std::filesystem;

// Stands from the first moment on, so that two backups never share a folder; becomes the manifest in the last one.
constexpr std::string_view kUnfinished = "manifest.json.unfinished";

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

// The lake's whole files: neither those that a publish is filling nor those that are about to get their name.
Result<std::vector<std::string>> whole_files(store::Store& store, const objects::Objects& objects) {
  std::vector<std::string> keys;
  TRY(objects.each(kLake, [&](const objects::Info& info) -> Result<> {
    keys.push_back(info.key);
    return {};
  }));
  // A lease that ends from here on was not committed in the copy of the database, which is older than the list.
  const auto leased = TRY(leased_prefixes(store));
  std::erase_if(keys, [&](const std::string& key) {
    const auto slash = key.rfind('/');
    return key.substr(slash + 1).starts_with(".tmp-") || leased.contains(key.substr(0, slash));
  });
  std::sort(keys.begin(), keys.end());
  return keys;
}

// Files of the lake are never changed once they are whole, so a second name is as good as a copy.
Result<FileEntry> take(const fs::path& from, const fs::path& to, const std::string& key) {
  TRY(make_folders((to / key).parent_path()));
  if (::link((from / key).c_str(), (to / key).c_str()) != 0) {
    if (errno == ENOENT) return fail(ErrorKind::not_found, "backup.no_file", "{} is missing", (from / key).string());
    return copy_file(from, to, key);
  }
  return entry_of(to, key);
}

Result<> fill(store::Store& store, objects::Objects& objects, const Order& order, Manifest& manifest) {
  TRY(store.backup_to(order.target / kDatabase));
  manifest.files.push_back(TRY(entry_of(order.target, std::string(kDatabase))));
  std::set<std::string> taken;
  std::set<fs::path> folders;
  for (const std::string& key : TRY(whole_files(store, objects))) {
    if (order.cancelled.stop_requested())
      return fail(ErrorKind::cancelled, "backup.cancelled", "the backup was cancelled; what it made was removed");
    auto entry = take(objects.root(), order.target, key);
    // Gone since it was listed: no snapshot refers to it, as is checked below.
    if (!entry && entry.error().code == "backup.no_file") continue;
    manifest.files.push_back(TRY(std::move(entry)));
    taken.insert(key);
    folders.insert((order.target / key).parent_path());
  }
  for (const std::string& key : order.needed) {
    if (!taken.contains(key)) {
      return fail(ErrorKind::unavailable, "backup.lost_file",
                  "{} is missing and a table refers to it: the backup would not be whole; see `weft doctor`",
                  (objects.root() / key).string());
    }
  }
  for (const fs::path& folder : folders) TRY(sync_folder(folder));
  return {};
}

Result<> finish(const Fd& unfinished, const fs::path& target, const Manifest& manifest) {
  const std::string text = to_json(manifest);
  if (text.size() > kManifestBytesMax) {
    return fail(ErrorKind::limit, "backup.too_many_files", "the mesh has {} files, more than a manifest takes",
                manifest.files.size());
  }
  TRY(write_all(unfinished, text, target / kUnfinished));
  const auto from = target / kUnfinished, to = target / kManifestName;
  if (::fsync(unfinished.get()) != 0 || ::rename(from.c_str(), to.c_str()) != 0)
    return fail(ErrorKind::unavailable, "backup.io", "{} cannot be written: {}", to.string(), std::strerror(errno));
  return sync_folder(target);
}

}  // namespace

Result<Manifest> make_backup(store::Store& store, objects::Objects& objects, const Order& order) {
  const bool was_there = fs::exists(fs::symlink_status(order.target));
  const auto not_empty = [&] {
    return fail(ErrorKind::conflict, "backup.not_empty", "{} is not empty: name a folder that is new or empty",
                order.target.string());
  };
  if (!is_empty_folder(order.target)) return not_empty();
  TRY(make_folders(order.target));
  ::chmod(order.target.c_str(), 0700);
  auto unfinished = create_file(order.target / kUnfinished);
  if (!unfinished && unfinished.error().code == "backup.exists") return not_empty();
  const Fd marker = TRY(std::move(unfinished));
  Manifest manifest{
      .weft_version = WEFT_VERSION, .time = to_rfc3339(order.now), .folder = objects.root().string(), .files = {}};
  auto done = fill(store, objects, order, manifest);
  if (done) done = finish(marker, order.target, manifest);
  if (!done) {
    std::error_code ignored;
    for (const auto& name : {kLake, kDatabase, kManifestName, kUnfinished})
      fs::remove_all(order.target / name, ignored);
    if (!was_there) fs::remove(order.target, ignored);
    return fail(std::move(done).error());
  }
  return manifest;
}

}  // namespace weft::backup
