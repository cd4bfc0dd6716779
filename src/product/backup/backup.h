#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "base/clock.h"
#include "platform/objects/objects.h"
#include "platform/store/store.h"
#include "product/backup/manifest.h"

namespace weft::backup {

using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Copies the mesh of `data` to `target`, which is absent or empty. Nothing may delete files of the lake meanwhile.
// conflict "backup.not_empty"; unavailable "backup.io".
Result<Manifest> make_backup(store::Store& store, objects::Objects& objects, const std::filesystem::path& data,
                             const std::filesystem::path& target, Time now);

// Puts a backup back. conflict "restore.not_empty"; precondition "restore.place", invalid "restore.damaged" (names the
// file), not_found "restore.no_manifest", and what manifest_of() fails with. Nothing is placed unless all is well.
Result<Manifest> restore(const std::filesystem::path& backup, const std::filesystem::path& data,
                         const Progress& progress);

}  // namespace weft::backup
