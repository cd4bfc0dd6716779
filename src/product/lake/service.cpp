#include "product/lake/service.h"

#include <set>

#include "base/crypto.h"
#include "base/fail_point.h"
#include "base/ids.h"
#include "base/json.h"
#include "product/lake/tables.h"

namespace weft::lake {
namespace {

constexpr std::string_view kSelectPointer = "SELECT location, prefix FROM lake_tables WHERE port = ?1";
constexpr std::string_view kInsertPointer =
    "INSERT INTO lake_tables (port, prefix, location, snapshot_id) VALUES (?1, ?2, ?3, NULL)";
constexpr std::string_view kSwapPointer =
    "UPDATE lake_tables SET location = ?3, snapshot_id = ?4 WHERE port = ?1 AND location = ?2";
constexpr std::string_view kInsertLease =
    "INSERT INTO lake_leases (publish_id, port, prefix, principal, expires) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr std::string_view kRenewLease = "UPDATE lake_leases SET expires = ?2 WHERE publish_id = ?1";
constexpr std::string_view kSelectLease = "SELECT expires FROM lake_leases WHERE publish_id = ?1";
constexpr std::string_view kEndLease = "DELETE FROM lake_leases WHERE publish_id = ?1";

std::int64_t millis(Time time) { return micros(time) / 1000; }

std::string sync_marker() { return crypto::random_bytes(16); }

std::string number(std::int64_t value) { return std::to_string(value); }

std::int64_t new_snapshot_id() {
  const std::string bytes = crypto::random_bytes(8);
  std::uint64_t id = 0;
  for (const char c : bytes) id = (id << 8) | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(id & 0x7FFF'FFFF'FFFF'FFFFULL) | 1;
}

bool has_table(const mesh::Port* port) {
  return port != nullptr && port->type == mesh::PortType::table && !port->columns.empty();
}

std::unexpected<Error> no_table(const mesh::PortName& name) {
  return fail(ErrorKind::not_found, "lake.no_table", "{} has no table: it is no port of type table with a contract",
              to_string(name));
}

Committed committed_of(const Table& table) {
  return {.snapshot_id = table.snapshot_id.value_or(0),
          .metadata_location = table.metadata_location,
          .row_count = table.row_count};
}

}  // namespace

Service::Service(App& app)
    : app_(app),
      store_(app.store()),
      objects_(app.objects()),
      clock_(app.clock()),
      catalog_(app.use<catalog::Catalog>()) {}

Service::Slot& Service::slot(const mesh::PortName& port) {
  const std::lock_guard lock(mutex_);
  auto& found = slots_[port];
  if (!found) found = std::make_unique<Slot>();
  return *found;
}

TablePointer Service::newest(const Slot& slot) {
  const std::lock_guard lock(mutex_);
  return slot.table;
}

Result<std::optional<Service::Pointer>> Service::pointer(const mesh::PortName& port) {
  return store_.read_value<std::optional<Pointer>>([&](store::Session& session) {
    return session.first(kSelectPointer, {to_string(port)},
                         [](const store::Row& row) { return Pointer{row.text(0), row.text(1)}; });
  });
}

Result<TablePointer> Service::as_table(const mesh::PortName& port, std::string location,
                                       iceberg::TableMetadata metadata) {
  auto table = std::make_shared<Table>();
  table->port = port;
  table->metadata_location = std::move(location);
  table->schema = metadata.schema();
  if (const iceberg::Snapshot* snapshot = metadata.current_snapshot()) {
    table->snapshot_id = snapshot->snapshot_id;
    auto total = [&](const char* key) {
      const auto found = snapshot->summary.find(key);
      return found == snapshot->summary.end() ? 0ULL : std::strtoull(found->second.c_str(), nullptr, 10);
    };
    table->row_count = total("total-records");
    table->byte_count = total("total-files-size");
    table->file_count = total("total-data-files");
  }
  table->metadata = std::move(metadata);
  return table;
}

Result<TablePointer> Service::table(const mesh::PortName& name) {
  mesh::MeshPointer mesh = catalog_.current();
  const mesh::Port* port = mesh->port(name);
  if (!has_table(port)) return no_table(name);
  Slot& found = slot(name);
  {
    const std::lock_guard lock(mutex_);
    if (found.table && found.revision == mesh->revision) return found.table;
  }
  const std::lock_guard commits(found.commits);
  // Whoever had the lock may have followed a newer mesh, which an older one must not undo.
  mesh = catalog_.current();
  port = mesh->port(name);
  if (!has_table(port)) return no_table(name);
  TablePointer table = TRY(load(*port));
  if (const auto next = TRY(following(table->metadata, *port))) {
    table = TRY(publish_metadata(name, table->metadata_location,
                                 iceberg::with_log_entry(*next, table->metadata_location, millis(clock_.now())), {}));
  }
  const std::lock_guard lock(mutex_);
  found.table = table;
  found.revision = mesh->revision;
  return table;
}

Result<TablePointer> Service::load(const mesh::Port& port) {
  const auto known = TRY(pointer(port.name));
  if (!known) return make(port);
  {
    const std::lock_guard lock(mutex_);
    const auto& slot = slots_[port.name];
    if (slot && slot->table && slot->table->metadata_location == known->location) return slot->table;
  }
  const std::string text = TRY(objects_.get(TRY(objects_.key_of(known->location))));
  return as_table(port.name, known->location, TRY(iceberg::read_metadata(text)));
}

Result<TablePointer> Service::make(const mesh::Port& port) {
  const Uuid uuid = random_uuid();
  // A table that is dropped and made again never shares files with the one before.
  const std::string prefix =
      format("lake/{}/{}/{}-{}", port.name.domain, port.name.product, port.name.port, to_string(uuid).substr(0, 8));
  iceberg::TableMetadata metadata = new_table(port, objects_.uri(prefix), to_string(uuid), millis(clock_.now()));
  std::string location = TRY(write_metadata(metadata, 0));
  TRY(store_.write([&](store::Session& session) -> Result<> {
    TRY(session.run(kInsertPointer, {to_string(port.name), prefix, location}));
    return {};
  }));
  return as_table(port.name, std::move(location), std::move(metadata));
}

Result<std::string> Service::write_metadata(const iceberg::TableMetadata& metadata, std::size_t version) {
  const std::string folder = TRY(objects_.key_of(metadata.location));
  const std::string key = format("{}/metadata/{:05}-{}.metadata.json", folder, version, to_string(random_uuid()));
  TRY(objects_.put(key, iceberg::write(metadata)));
  return objects_.uri(key);
}

Result<TablePointer> Service::publish_metadata(const mesh::PortName& port, const std::string& old_location,
                                               iceberg::TableMetadata metadata,
                                               const std::function<Result<>(store::Session&, const Table&)>& also) {
  const std::string location = TRY(write_metadata(metadata, metadata.metadata_log.size()));
  TablePointer next = TRY(as_table(port, location, std::move(metadata)));
  FAIL_POINT("lake.after_metadata");
  FAIL_POINT("lake.before_swap");
  TRY(store_.write([&](store::Session& session) -> Result<> {
    const auto swapped = TRY(session.run(
        kSwapPointer, {to_string(port), old_location, location, store::param(next->metadata.current_snapshot_id)}));
    if (swapped != 1)
      return fail(ErrorKind::conflict, "lake.moved", "{} moved while this was committed", to_string(port));
    return also ? also(session, *next) : Result<>();
  }));
  FAIL_POINT("lake.after_swap");
  return next;
}

Result<TablePointer> Service::table_at(const mesh::PortName& port, const engine::At& at) {
  const TablePointer current = TRY(table(port));
  const iceberg::Snapshot* snapshot = nullptr;
  if (at.version) {
    snapshot = current->metadata.snapshot(*at.version);
  } else if (at.timestamp) {
    std::string text = *at.timestamp;
    if (text.size() == 10) text += "T00:00:00Z";
    auto time = parse_rfc3339(text);
    if (!time) time = parse_rfc3339(text + "Z");
    if (!time)
      return fail(ErrorKind::invalid, "query.at", "AT (TIMESTAMP => {}) is no time like 2026-01-31 12:00:00 (UTC)",
                  *at.timestamp);
    snapshot = current->metadata.snapshot_at(millis(*time));
  }
  if (snapshot == nullptr) {
    return fail(ErrorKind::not_found, "lake.no_snapshot",
                "{} has no such snapshot (or keeps it no longer); `weft snapshots list {}` shows those it has",
                to_string(port), to_string(port));
  }
  auto table = std::make_shared<Table>(*current);
  table->metadata.current_snapshot_id = snapshot->snapshot_id;
  if (snapshot->schema_id && table->metadata.schema(*snapshot->schema_id) != nullptr)
    table->metadata.current_schema_id = *snapshot->schema_id;
  return as_table(port, current->metadata_location, table->metadata);
}

Result<std::vector<iceberg::Manifest>> Service::manifests(const iceberg::TableMetadata&,
                                                          const iceberg::Snapshot& snapshot) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = list_cache_.find(snapshot.manifest_list); found != list_cache_.end()) return *found->second;
  }
  const std::string bytes = TRY(objects_.get(TRY(objects_.key_of(snapshot.manifest_list))));
  auto list = std::make_shared<const std::vector<iceberg::Manifest>>(TRY(iceberg::read_manifest_list(bytes)));
  const std::lock_guard lock(mutex_);
  if (list_cache_.size() >= kCachedManifestsMax) list_cache_.clear();
  list_cache_[snapshot.manifest_list] = list;
  return *list;
}

Result<Service::Entries> Service::entries(const iceberg::TableMetadata& metadata, const iceberg::Manifest& manifest) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = manifest_cache_.find(manifest.path); found != manifest_cache_.end()) return found->second;
  }
  const iceberg::PartitionSpec* spec = metadata.spec(manifest.spec_id);
  if (spec == nullptr)
    return fail(ErrorKind::internal, "lake.manifest", "{} names a partition spec that is not there", manifest.path);
  const std::string bytes = TRY(objects_.get(TRY(objects_.key_of(manifest.path))));
  auto entries = std::make_shared<const std::vector<iceberg::ManifestEntry>>(
      TRY(iceberg::read_manifest(bytes, manifest, metadata.schema(), *spec)));
  const std::lock_guard lock(mutex_);
  if (manifest_cache_.size() >= kCachedManifestsMax) manifest_cache_.clear();
  manifest_cache_[manifest.path] = entries;
  return entries;
}

Result<std::vector<iceberg::DataFile>> Service::files(const Table& table,
                                                      const std::vector<engine::Predicate>& predicates) {
  std::vector<iceberg::DataFile> matching;
  const iceberg::Snapshot* snapshot = table.metadata.current_snapshot();
  if (snapshot == nullptr) return matching;
  const auto bytes = in_bytes(predicates, table.schema);
  for (const iceberg::Manifest& manifest : TRY(manifests(table.metadata, *snapshot))) {
    const Entries all = TRY(entries(table.metadata, manifest));
    for (const iceberg::ManifestEntry& entry : *all) {
      if (entry.status != iceberg::EntryStatus::deleted && may_match(entry.file, bytes, table.schema))
        matching.push_back(entry.file);
    }
  }
  return matching;
}

Result<engine::File> Service::open(const iceberg::DataFile& file) {
  const std::string key = TRY(objects_.key_of(file.path));
  return engine::File{.fd = TRY(objects_.open_for_reading(key)),
                      .size = static_cast<std::uint64_t>(file.file_size),
                      .name = key,
                      .row_count = static_cast<std::uint64_t>(file.record_count)};
}

Result<Lease> Service::begin(const mesh::PortName& port, std::string_view principal) {
  const TablePointer current = TRY(table(port));
  const Time now = clock_.now();
  Lease lease{.publish_id = new_id("pub", millis(now)), .port = port, .prefix = {}};
  lease.prefix = format("{}/data/{}", TRY(objects_.key_of(current->metadata.location)), lease.publish_id);
  TRY(store_.write([&](store::Session& session) -> Result<> {
    TRY(session.run(kInsertLease,
                    {lease.publish_id, to_string(port), lease.prefix, principal, micros(now + lease_time())}));
    return {};
  }));
  FAIL_POINT("lake.after_lease");
  return lease;
}

Result<> Service::renew(const Lease& lease) {
  return store_.write(
      [&](store::Session& session) -> Result<> {
        if (TRY(session.run(kRenewLease, {lease.publish_id, micros(clock_.now() + lease_time())})) != 1) {
          return fail(ErrorKind::conflict, "lake.lease_lost", "the lease of {} ended; publish again", lease.publish_id);
        }
        return {};
      },
      store::Durability::soon);
}

Result<std::pair<std::string, Fd>> Service::create_file(const Lease& lease, std::string_view hint) {
  const std::string key =
      format("{}/{}-{}.parquet", lease.prefix, hint == "dead" ? "dead" : "data", to_string(random_uuid()));
  Fd fd = TRY(objects_.create(key));
  FAIL_POINT("lake.after_file");
  return std::make_pair(key, std::move(fd));
}

Result<> Service::abandon(const Lease& lease) {
  const auto held = TRY(store_.read_value<std::optional<std::int64_t>>([&](store::Session& session) {
    return session.first(kSelectLease, {lease.publish_id}, [](const store::Row& row) { return row.integer(0); });
  }));
  if (!held) return {};  // Its files are a snapshot's now, or were collected.
  TRY(objects_.remove_all(lease.prefix));
  return store_.write([&](store::Session& session) -> Result<> {
    TRY(session.run(kEndLease, {lease.publish_id}));
    return {};
  });
}

Result<iceberg::Manifest> Service::write_manifest(const Table& table, const iceberg::Snapshot& snapshot,
                                                  const std::vector<iceberg::ManifestEntry>& entries) {
  const std::string bytes =
      TRY(iceberg::write_manifest(entries, table.metadata.schema(), table.metadata.spec(), sync_marker()));
  const std::string key =
      format("{}/metadata/{}-m0.avro", TRY(objects_.key_of(table.metadata.location)), to_string(random_uuid()));
  TRY(objects_.put(key, bytes));
  FAIL_POINT("lake.after_manifest");
  iceberg::Manifest manifest{.path = objects_.uri(key),
                             .length = static_cast<std::int64_t>(bytes.size()),
                             .spec_id = table.metadata.default_spec_id,
                             .sequence_number = snapshot.sequence_number,
                             .min_sequence_number = snapshot.sequence_number,
                             .added_snapshot_id = snapshot.snapshot_id};
  for (const iceberg::ManifestEntry& entry : entries) {
    auto& files = entry.status == iceberg::EntryStatus::added      ? manifest.added_files
                  : entry.status == iceberg::EntryStatus::existing ? manifest.existing_files
                                                                   : manifest.deleted_files;
    auto& rows = entry.status == iceberg::EntryStatus::added      ? manifest.added_rows
                 : entry.status == iceberg::EntryStatus::existing ? manifest.existing_rows
                                                                  : manifest.deleted_rows;
    ++files;
    rows += entry.file.record_count;
    if (entry.sequence_number)
      manifest.min_sequence_number = std::min(manifest.min_sequence_number, *entry.sequence_number);
  }
  return manifest;
}

Result<std::vector<iceberg::Manifest>> Service::next_manifests(const Commit& commit, const Table& table,
                                                               const iceberg::Snapshot& snapshot,
                                                               std::map<std::string, std::string>& summary) {
  const std::set<std::string> removed(commit.removed_paths.begin(), commit.removed_paths.end());
  std::int64_t added_rows = 0, added_bytes = 0, removed_files = 0, removed_rows = 0, removed_bytes = 0, kept_files = 0,
               kept_rows = 0, kept_bytes = 0;
  std::vector<iceberg::ManifestEntry> added, rewritten;
  for (const engine::WrittenFile& written : commit.files) {
    iceberg::DataFile file = TRY(
        data_file(written, objects_.uri(written.name), table.metadata.schema(), table.metadata.default_sort_order_id));
    added_rows += file.record_count;
    added_bytes += file.file_size;
    added.push_back({.status = iceberg::EntryStatus::added,
                     .snapshot_id = snapshot.snapshot_id,
                     .sequence_number = {},
                     .file_sequence_number = {},
                     .file = std::move(file)});
  }
  std::vector<iceberg::Manifest> next;
  const iceberg::Snapshot* base = table.metadata.current_snapshot();
  std::vector<iceberg::Manifest> old;
  if (base != nullptr) old = TRY(manifests(table.metadata, *base));
  const bool removes = commit.kind != CommitKind::append;
  const bool removes_all = commit.kind == CommitKind::overwrite && removed.empty();
  const bool merges = old.size() > kManifestsMax;
  std::size_t found = 0;
  for (const iceberg::Manifest& manifest : old) {
    const Entries all = TRY(entries(table.metadata, manifest));
    bool is_touched = merges || manifest.spec_id != table.metadata.default_spec_id;
    for (const auto& entry : *all) {
      if (entry.status == iceberg::EntryStatus::deleted) continue;
      const bool goes = removes && (removes_all || removed.contains(entry.file.path));
      is_touched = is_touched || goes;
      found += goes ? 1 : 0;
    }
    for (const auto& entry : *all) {
      if (entry.status == iceberg::EntryStatus::deleted) continue;
      const bool goes = removes && (removes_all || removed.contains(entry.file.path));
      (goes ? removed_files : kept_files) += 1;
      (goes ? removed_rows : kept_rows) += entry.file.record_count;
      (goes ? removed_bytes : kept_bytes) += entry.file.file_size;
      if (!is_touched) continue;
      rewritten.push_back(entry);
      rewritten.back().status = goes ? iceberg::EntryStatus::deleted : iceberg::EntryStatus::existing;
      if (goes) rewritten.back().snapshot_id = snapshot.snapshot_id;
    }
    if (!is_touched) next.push_back(manifest);
  }
  if (found != removed.size() && !removes_all)
    return fail(ErrorKind::conflict, "lake.moved", "files that this commit replaces are no longer current");
  if (!added.empty()) next.push_back(TRY(write_manifest(table, snapshot, added)));
  if (!rewritten.empty()) next.push_back(TRY(write_manifest(table, snapshot, rewritten)));
  auto set = [&](const char* key, std::int64_t value) { summary[key] = number(value); };
  set("added-data-files", static_cast<std::int64_t>(added.size()));
  set("added-records", added_rows);
  set("added-files-size", added_bytes);
  if (removes) {
    set("deleted-data-files", removed_files);
    set("deleted-records", removed_rows);
    set("removed-files-size", removed_bytes);
  }
  set("total-data-files", kept_files + static_cast<std::int64_t>(added.size()));
  set("total-records", kept_rows + added_rows);
  set("total-files-size", kept_bytes + added_bytes);
  for (const char* key : {"total-delete-files", "total-position-deletes", "total-equality-deletes"}) set(key, 0);
  return next;
}

Result<std::optional<Committed>> Service::try_commit(const Commit& commit, Slot& slot) {
  const TablePointer current = newest(slot);
  if (commit.base_snapshot && current->snapshot_id.value_or(kNoSnapshot) != *commit.base_snapshot) {
    return fail(ErrorKind::conflict, "lake.moved", "{} got another snapshot while this was prepared; try again",
                to_string(commit.lease.port));
  }
  iceberg::Snapshot snapshot{.snapshot_id = new_snapshot_id(),
                             .parent_id = current->snapshot_id,
                             .sequence_number = current->metadata.last_sequence_number + 1,
                             .timestamp_ms = std::max(millis(clock_.now()), current->metadata.last_updated_ms),
                             .manifest_list = {},
                             .summary = commit.summary,
                             .schema_id = current->metadata.current_schema_id};
  snapshot.summary["operation"] = commit.kind == CommitKind::append      ? "append"
                                  : commit.kind == CommitKind::overwrite ? "overwrite"
                                                                         : "replace";
  snapshot.summary["weft.publish-id"] = commit.lease.publish_id;
  const auto list = TRY(next_manifests(commit, *current, snapshot, snapshot.summary));
  const std::string key = format("{}/metadata/snap-{}-1-{}.avro", TRY(objects_.key_of(current->metadata.location)),
                                 snapshot.snapshot_id, to_string(random_uuid()));
  TRY(objects_.put(key, TRY(iceberg::write_manifest_list(list, snapshot, sync_marker()))));
  FAIL_POINT("lake.after_manifest_list");
  snapshot.manifest_list = objects_.uri(key);
  iceberg::TableMetadata next =
      iceberg::with_log_entry(current->metadata, current->metadata_location, millis(clock_.now()));
  iceberg::add_snapshot(next, std::move(snapshot));
  auto committed = publish_metadata(commit.lease.port, current->metadata_location, std::move(next),
                                    [&](store::Session& session, const Table& table) -> Result<> {
                                      // Without its lease the files may already have been collected.
                                      if (TRY(session.run(kEndLease, {commit.lease.publish_id})) != 1)
                                        return fail(ErrorKind::conflict, "lake.lease_lost",
                                                    "the lease of {} ended; publish again", commit.lease.publish_id);
                                      return commit.also ? commit.also(session, committed_of(table)) : Result<>();
                                    });
  if (!committed && committed.error().code == "lake.moved") return std::optional<Committed>();
  TRY(committed);
  const std::lock_guard lock(mutex_);
  slot.table = *committed;
  return std::optional(committed_of(**committed));
}

Result<Committed> Service::commit(Commit commit) {
  for (const engine::WrittenFile& file : commit.files) {
    const Fd fd = TRY(objects_.open_for_reading(file.name));
    TRY(objects_.finish(fd, file.name));
  }
  TRY(table(commit.lease.port));
  Slot& found = slot(commit.lease.port);
  const std::lock_guard commits(found.commits);
  for (int attempt = 0; attempt < kCommitTries; ++attempt) {
    if (const auto done = TRY(try_commit(commit, found))) return *done;
  }
  return fail(ErrorKind::conflict, "lake.moved", "{} moved {} times while this was committed; try again",
              to_string(commit.lease.port), kCommitTries);
}

Result<Committed> Service::roll_back(const mesh::PortName& port, std::int64_t snapshot_id,
                                     const std::function<Result<>(store::Session&)>& also) {
  TRY(table(port));
  Slot& found = slot(port);
  const std::lock_guard commits(found.commits);
  const TablePointer current = newest(found);
  if (current->metadata.snapshot(snapshot_id) == nullptr)
    return fail(ErrorKind::not_found, "lake.no_snapshot", "{} has no snapshot {}", to_string(port), snapshot_id);
  iceberg::TableMetadata next =
      iceberg::with_log_entry(current->metadata, current->metadata_location, millis(clock_.now()));
  next.current_snapshot_id = snapshot_id;
  next.snapshot_log.push_back({.timestamp_ms = next.last_updated_ms, .snapshot_id = snapshot_id});
  const TablePointer table =
      TRY(publish_metadata(port, current->metadata_location, std::move(next),
                           [&](store::Session& session, const Table&) { return also ? also(session) : Result<>(); }));
  const std::lock_guard lock(mutex_);
  found.table = table;
  return committed_of(*table);
}

std::vector<catalog::Problem> Service::check(const mesh::MeshState&, const mesh::MeshState& after) {
  std::vector<catalog::Problem> problems;
  const auto ports = all_ports();
  if (!ports) return problems;
  for (const mesh::PortName& name : *ports) {
    const mesh::Port* port = after.port(name);
    if (!has_table(port)) continue;
    const auto known = load(*port);
    if (!known) continue;
    const auto next = following((*known)->metadata, *port);
    if (next) continue;
    const mesh::Product* product = after.product({name.domain, name.product});
    catalog::Problem problem;
    problem.file = product == nullptr ? "" : product->origin.file;
    problem.line = product == nullptr ? 0 : product->origin.line;
    problem.code = next.error().code;
    problem.message = format("{}: {}", to_string(name), next.error().message);
    problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace weft::lake
