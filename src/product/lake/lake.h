#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "app/app.h"
#include "formats/iceberg/manifest.h"
#include "formats/iceberg/metadata.h"
#include "formats/iceberg/values.h"
#include "platform/engine/engine.h"
#include "product/mesh/mesh.h"

// The ports' tables: Apache Iceberg v2 below the object store, their pointers in the store.
namespace weft::lake {

// A table at one snapshot. Immutable, shared, cached.
struct Table {
  mesh::PortName port;
  std::string metadata_location;  // URI.
  iceberg::TableMetadata metadata;
  std::optional<std::int64_t> snapshot_id;  // None: never published to.
  iceberg::Schema schema;                   // Of that snapshot's read: the current one, or the snapshot's for AT.
  std::uint64_t row_count = 0;
  std::uint64_t byte_count = 0;
  std::uint64_t file_count = 0;
};
using TablePointer = std::shared_ptr<const Table>;

// A publish in progress: a leased row that precedes its first file. Files live under its id.
struct Lease {
  std::string publish_id;
  mesh::PortName port;
  std::string prefix;  // Objects key below which its files live.
};

inline constexpr std::int64_t kNoSnapshot = 0;  // Of a table that was never published to.

enum class CommitKind { append, overwrite, replace_files };

struct Committed {
  std::int64_t snapshot_id = 0;
  std::string metadata_location;
  std::uint64_t row_count = 0;  // Of the table now.
};

struct Commit {
  Lease lease;
  CommitKind kind = CommitKind::append;
  std::vector<engine::WrittenFile> files;
  // overwrite by upsert and replace_files: exactly these data files go away (paths); conflict "lake.moved" when one of
  // them is no longer current. A plain overwrite (empty) removes all.
  std::vector<std::string> removed_paths;
  // What the job read, or kNoSnapshot; needed for upsert and replace_files. None: whatever is there.
  std::optional<std::int64_t> base_snapshot;
  std::map<std::string, std::string> summary;  // Extra snapshot summary keys.
  // Runs in the transaction that swaps the pointer: records of the publish, audit, idempotency, lineage.
  std::function<Result<>(store::Session&, const Committed&)> also;
};

// Thread-safe.
class Lake {
 public:
  static Result<std::unique_ptr<Lake>> open(App& app);
  virtual ~Lake() = default;

  // not_found "lake.no_table" (views, or nothing applied); "lake.no_snapshot" for AT.
  virtual Result<TablePointer> table(const mesh::PortName& port) = 0;
  virtual Result<TablePointer> table_at(const mesh::PortName& port, const engine::At& at) = 0;
  // The data files that may hold rows for the predicates, manifests cached; opened files through open().
  virtual Result<std::vector<iceberg::DataFile>> files(const Table& table,
                                                       const std::vector<engine::Predicate>& predicates) = 0;
  virtual Result<engine::File> open(const iceberg::DataFile& file) = 0;

  virtual Result<Lease> begin(const mesh::PortName& port, std::string_view principal) = 0;
  virtual Result<> renew(const Lease& lease) = 0;
  // A new data file of the lease, for the engine to fill: its key and descriptor.
  virtual Result<std::pair<std::string, Fd>> create_file(const Lease& lease, std::string_view hint) = 0;
  // Optimistic: retries on a moved table where that is safe (appends), at most 20 times.
  virtual Result<Committed> commit(Commit commit) = 0;
  virtual Result<> abandon(const Lease& lease) = 0;
  // While it is held, no file that a snapshot refers to is deleted: for backups.
  virtual std::shared_lock<std::shared_mutex> keep_files() = 0;
};

}  // namespace weft::lake
