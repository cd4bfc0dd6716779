#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "platform/objects/objects.h"
#include "platform/store/store.h"
#include "product/backup/manifest.h"

namespace weft::backup {

using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct Order {
  std::filesystem::path target;  // Absent or empty; becomes its owner's alone.
  Time now;
  std::vector<std::string> needed;  // Keys without which the mesh would not be whole.
  std::stop_token cancelled;
};

// Copies the mesh whose objects these are. Nothing may delete files that a snapshot refers to meanwhile. What it made
// is removed when it fails. conflict "backup.not_empty"; unavailable "backup.io", "backup.full", "backup.lost_file"
// (names it); cancelled "backup.cancelled".
Result<Manifest> make_backup(store::Store& store, objects::Objects& objects, const Order& order);

// Puts a backup back. conflict "restore.not_empty"; precondition "restore.place", invalid "restore.damaged" (names the
// file), not_found "restore.no_manifest", and what manifest_of() fails with. Nothing is placed unless all is well.
Result<Manifest> restore(const std::filesystem::path& backup, const std::filesystem::path& data,
                         const Progress& progress);

}  // namespace weft::backup
