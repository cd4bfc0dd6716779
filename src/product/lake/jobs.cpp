#include <set>

#include "base/log.h"
#include "product/lake/service.h"
#include "product/lake/tables.h"

namespace weft::lake {
namespace {

constexpr std::string_view kExpiredLeases = "SELECT publish_id, prefix FROM lake_leases WHERE expires < ?1";
constexpr std::string_view kEndExpiredLease = "DELETE FROM lake_leases WHERE publish_id = ?1 AND expires < ?2";
constexpr std::int64_t kSmallFileBytes = 32 << 20;
constexpr std::size_t kSmallFilesMin = 8;
constexpr std::size_t kCompactFilesMax = 200;
constexpr std::chrono::hours kOrphanAge{24};

Result<mesh::PortName> port_of(std::string_view dotted) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : dotted) {
    if (c == '.') {
      parts.push_back(std::move(part));
      part.clear();
    } else {
      part += c;
    }
  }
  parts.push_back(std::move(part));
  if (parts.size() != 3) return fail(ErrorKind::internal, "lake.port", "{} is no port", dotted);
  return mesh::PortName{parts[0], parts[1], parts[2]};
}

std::int64_t property(const iceberg::TableMetadata& metadata, const std::string& name, std::int64_t otherwise) {
  const auto found = metadata.properties.find(name);
  return found == metadata.properties.end() ? otherwise : std::strtoll(found->second.c_str(), nullptr, 10);
}

}  // namespace

Result<std::vector<mesh::PortName>> Service::all_ports() {
  std::vector<mesh::PortName> ports;
  TRY(store_.read([&](store::Session& session) {
    return session.each("SELECT port FROM lake_tables", {}, [&](const store::Row& row) -> Result<> {
      ports.push_back(TRY(port_of(row.text(0))));
      return {};
    });
  }));
  return ports;
}

Result<> Service::expire(std::stop_token stop) {
  for (const mesh::PortName& port : TRY(all_ports())) {
    if (stop.stop_requested()) return {};
    if (const auto done = expire_table(port); !done && done.error().kind != ErrorKind::not_found)
      LOG(warning, "{}: {}", to_string(port), done.error().message);
  }
  return {};
}

Result<> Service::expire_table(const mesh::PortName& port) {
  TRY(table(port));
  Slot& found = slot(port);
  const std::lock_guard commits(found.commits);
  const TablePointer current = newest(found);
  const std::int64_t now_ms = micros(clock_.now()) / 1000;
  // Never younger than the longest query, which may still read them.
  const std::int64_t query_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(app_.settings().query_timeout).count() * 2;
  const std::int64_t age_ms =
      std::max(property(current->metadata, "history.expire.max-snapshot-age-ms", 432'000'000), query_ms);
  const auto keep = static_cast<std::size_t>(
      std::max<std::int64_t>(1, property(current->metadata, "history.expire.min-snapshots-to-keep", 10)));
  iceberg::TableMetadata next = iceberg::with_log_entry(current->metadata, current->metadata_location, now_ms);
  if (iceberg::expire_snapshots(next, now_ms - age_ms, keep).empty()) return {};
  const TablePointer table = TRY(publish_metadata(port, current->metadata_location, std::move(next), {}));
  const std::lock_guard lock(mutex_);
  found.table = table;
  return {};
}

Result<> Service::collect(std::stop_token stop) {
  const Time now = clock_.now();
  std::vector<std::pair<std::string, std::string>> expired;
  TRY(store_.read([&](store::Session& session) {
    return session.each(kExpiredLeases, {micros(now)}, [&](const store::Row& row) -> Result<> {
      expired.emplace_back(row.text(0), row.text(1));
      return {};
    });
  }));
  for (const auto& [publish, prefix] : expired) {
    // The row goes first: a commit that still runs finds no lease and fails, so its files are nobody's. Where the row
    // went or was renewed since it was read, the files are somebody's.
    const auto ended = TRY(store_.write_value<std::int64_t>(
        [&](store::Session& session) { return session.run(kEndExpiredLease, {publish, micros(now)}); }));
    if (ended != 1) continue;
    TRY(objects_.remove_all(prefix));
    LOG(info, "collected the files of the unfinished publish {}", publish);
  }
  for (const mesh::PortName& port : TRY(all_ports())) {
    if (stop.stop_requested()) return {};
    if (const auto done = collect_table(port, now - kOrphanAge); !done && done.error().kind != ErrorKind::not_found)
      LOG(warning, "{}: {}", to_string(port), done.error().message);
  }
  return {};
}

// Removes what no kept snapshot refers to and what is old enough that no running commit can be about to.
Result<> Service::collect_table(const mesh::PortName& port, Time before) {
  // Leases before the table: what a commit turns from leased into referred to meanwhile is seen as one of the two.
  std::set<std::string> leased;
  TRY(store_.read([&](store::Session& session) {
    return session.each("SELECT prefix FROM lake_leases WHERE port = ?1", {to_string(port)},
                        [&](const store::Row& row) -> Result<> {
                          leased.insert(row.text(0));
                          return {};
                        });
  }));
  TRY(table(port));
  Slot& found = slot(port);
  TablePointer current;
  {
    const std::lock_guard commits(found.commits);  // A pointer that was swapped is in its slot once the lock is free.
    current = newest(found);
  }
  std::set<std::string> used{current->metadata_location};
  for (const auto& [at, location] : current->metadata.metadata_log) used.insert(location);
  for (const iceberg::Snapshot& snapshot : current->metadata.snapshots) {
    used.insert(snapshot.manifest_list);
    for (const iceberg::Manifest& manifest : TRY(manifests(current->metadata, snapshot))) {
      used.insert(manifest.path);
      const Entries all = TRY(entries(current->metadata, manifest));
      for (const auto& entry : *all) {
        if (entry.status != iceberg::EntryStatus::deleted) used.insert(entry.file.path);
      }
    }
  }
  std::vector<std::string> orphans;
  TRY(objects_.each(TRY(objects_.key_of(current->metadata.location)), [&](const objects::Info& info) -> Result<> {
    const std::string name = info.key.substr(info.key.rfind('/') + 1);
    const bool is_leased = leased.contains(info.key.substr(0, info.key.rfind('/')));
    if (info.modified < before && !used.contains(objects_.uri(info.key)) && !is_leased && !name.starts_with("dead-"))
      orphans.push_back(info.key);
    return {};
  }));
  const std::lock_guard deleting(deletions_);
  for (const std::string& key : orphans) TRY(objects_.remove(key));
  return {};
}

Result<> Service::compact(std::stop_token stop) {
  for (const mesh::PortName& port : TRY(all_ports())) {
    if (stop.stop_requested()) return {};
    if (const auto done = compact_table(port);
        !done && done.error().kind != ErrorKind::not_found && done.error().code != "lake.moved") {
      LOG(warning, "{}: not compacted: {}", to_string(port), done.error().message);
    }
  }
  return {};
}

Result<> Service::compact_table(const mesh::PortName& port) {
  const TablePointer current = TRY(table(port));
  // Partitioned tables keep their files: each holds one partition, and merging must not mix them.
  if (!current->metadata.spec().fields.empty()) return {};
  std::vector<iceberg::DataFile> small;
  for (iceberg::DataFile& file : TRY(files(*current, {}))) {
    if (file.file_size < kSmallFileBytes && small.size() < kCompactFilesMax) small.push_back(std::move(file));
  }
  if (small.size() < kSmallFilesMin) return {};
  engine::PublishJob job;
  for (const iceberg::Field& field : current->schema.fields) {
    job.columns.push_back({.field_id = field.id,
                           .name = field.name,
                           .physical_name = {},
                           .type = field.type,
                           .is_required = field.required});
  }
  std::vector<std::string> paths;
  std::int64_t rows = 0;
  for (const iceberg::DataFile& file : small) {
    job.existing.push_back(TRY(open(file)));
    paths.push_back(file.path);
    rows += file.record_count;
  }
  auto session = TRY(app_.engine().session(engine::WorkClass::batch, {}, {}));
  // The lease last: whatever fails from here on abandons it.
  Commit commit{.lease = TRY(begin(port, "job:lake.compact")),
                .kind = CommitKind::replace_files,
                .files = {},
                .removed_paths = std::move(paths),
                .base_snapshot = current->snapshot_id.value_or(kNoSnapshot),
                .summary = {},
                .also = {}};
  auto done = session->compact(std::move(job), [&](std::string_view hint) { return create_file(commit.lease, hint); });
  if (done && static_cast<std::int64_t>(done->rows_out) != rows) {
    done = fail(ErrorKind::internal, "lake.compact", "compaction read {} rows and wrote {}", rows, done->rows_out);
  }
  if (!done) {
    TRY(abandon(commit.lease));
    return fail(done.error());
  }
  commit.files = std::move(done->files);
  const Lease lease = commit.lease;
  const auto committed = this->commit(std::move(commit));
  if (!committed) TRY(abandon(lease));
  TRY(committed);
  LOG(info, "{}: {} small files were compacted", to_string(port), small.size());
  return {};
}

}  // namespace weft::lake
