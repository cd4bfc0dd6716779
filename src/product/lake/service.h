#pragma once

#include <map>
#include <mutex>

#include "product/catalog/catalog.h"
#include "product/lake/lake.h"

namespace weft::lake {

inline constexpr int kCommitTries = 20;
inline constexpr std::size_t kManifestsMax = 100;  // Above, a commit merges them into one.
inline constexpr std::size_t kCachedManifestsMax = 4096;
inline constexpr std::chrono::minutes kLease{15};

// The lake over the store and the objects. Commits of one table wait for each other; tables do not.
class Service final : public Lake {
 public:
  explicit Service(App& app);

  Result<TablePointer> table(const mesh::PortName& port) override;
  Result<TablePointer> table_at(const mesh::PortName& port, const engine::At& at) override;
  Result<std::vector<iceberg::DataFile>> files(const Table& table,
                                               const std::vector<engine::Predicate>& predicates) override;
  Result<engine::File> open(const iceberg::DataFile& file) override;
  Result<Lease> begin(const mesh::PortName& port, std::string_view principal) override;
  Result<> renew(const Lease& lease) override;
  Result<std::pair<std::string, Fd>> create_file(const Lease& lease, std::string_view hint) override;
  Result<Committed> commit(Commit commit) override;
  Result<> abandon(const Lease& lease) override;
  std::shared_lock<std::shared_mutex> keep_files() override { return std::shared_lock(deletions_); }

  // Makes an older snapshot current again.
  Result<Committed> roll_back(const mesh::PortName& port, std::int64_t snapshot_id,
                              const std::function<Result<>(store::Session&)>& also);
  // Whether tables that are there could follow this mesh; the reasons of those that could not.
  std::vector<catalog::Problem> check(const mesh::MeshState& before, const mesh::MeshState& after);

  // Jobs.
  Result<> expire(std::stop_token stop);
  Result<> collect(std::stop_token stop);
  Result<> compact(std::stop_token stop);

 private:
  using Entries = std::shared_ptr<const std::vector<iceberg::ManifestEntry>>;
  struct Pointer {
    std::string location;
    std::string prefix;  // Objects key of the table's folder.
  };
  struct Slot {
    std::mutex commits;          // One commit at a time.
    TablePointer table;          // Guarded by Service::mutex_, as is:
    std::int64_t revision = -1;  // The mesh revision that it was compared with.
  };

  // A lease outlives the longest publish, which never renews it while the worker runs.
  std::chrono::seconds lease_time() const { return kLease + app_.settings().query_timeout; }
  Slot& slot(const mesh::PortName& port);
  TablePointer newest(const Slot& slot);
  Result<std::optional<Pointer>> pointer(const mesh::PortName& port);
  Result<TablePointer> load(const mesh::Port& port);
  Result<TablePointer> make(const mesh::Port& port);
  Result<TablePointer> as_table(const mesh::PortName& port, std::string location, iceberg::TableMetadata metadata);
  Result<TablePointer> publish_metadata(const mesh::PortName& port, const std::string& old_location,
                                        iceberg::TableMetadata metadata,
                                        const std::function<Result<>(store::Session&, const Table&)>& also);
  Result<std::string> write_metadata(const iceberg::TableMetadata& metadata, std::size_t version);
  Result<std::vector<iceberg::Manifest>> manifests(const iceberg::TableMetadata& metadata,
                                                   const iceberg::Snapshot& snapshot);
  Result<Entries> entries(const iceberg::TableMetadata& metadata, const iceberg::Manifest& manifest);
  Result<std::optional<Committed>> try_commit(const Commit& commit, Slot& slot);
  Result<std::vector<iceberg::Manifest>> next_manifests(const Commit& commit, const Table& table,
                                                        const iceberg::Snapshot& snapshot,
                                                        std::map<std::string, std::string>& summary);
  Result<iceberg::Manifest> write_manifest(const Table& table, const iceberg::Snapshot& snapshot,
                                           const std::vector<iceberg::ManifestEntry>& entries);
  Result<std::vector<mesh::PortName>> all_ports();
  Result<> expire_table(const mesh::PortName& port);
  Result<> collect_table(const mesh::PortName& port, Time before);
  Result<> compact_table(const mesh::PortName& port);

  App& app_;
  store::Store& store_;
  objects::Objects& objects_;
  Clock& clock_;
  catalog::Catalog& catalog_;
  std::shared_mutex deletions_;
  std::mutex mutex_;
  std::map<mesh::PortName, std::unique_ptr<Slot>> slots_;  // Guarded by mutex_, as are the caches.
  std::map<std::string, Entries> manifest_cache_;
  std::map<std::string, std::shared_ptr<const std::vector<iceberg::Manifest>>> list_cache_;
};

}  // namespace weft::lake
