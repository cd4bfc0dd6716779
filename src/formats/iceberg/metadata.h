#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "formats/iceberg/schema.h"

// Table metadata of format version 2 (Apache Iceberg table spec, «Table Metadata»). Pure values; version 1 is read too.
namespace weft::iceberg {

inline constexpr std::int64_t kMainHistoryMax = 100;  // Kept in metadata-log.

struct PartitionSpec {
  int spec_id = 0;
  json::Array fields;  // {"source-id","field-id","name","transform"}
};

struct SortOrder {
  int order_id = 0;
  json::Array fields;  // {"transform","source-id","direction","null-order"}
};

struct Snapshot {
  std::int64_t snapshot_id = 0;
  std::optional<std::int64_t> parent_id;
  std::int64_t sequence_number = 0;
  std::int64_t timestamp_ms = 0;
  std::string manifest_list;
  std::map<std::string, std::string> summary;
  std::optional<int> schema_id;
};

struct LogEntry {
  std::int64_t timestamp_ms = 0;
  std::int64_t snapshot_id = 0;
};

struct TableMetadata {
  std::string table_uuid;
  std::string location;
  std::int64_t last_sequence_number = 0;
  std::int64_t last_updated_ms = 0;
  int last_column_id = 0;
  std::vector<Schema> schemas;
  int current_schema_id = 0;
  std::vector<PartitionSpec> partition_specs;
  int default_spec_id = 0;
  int last_partition_id = 999;
  std::vector<SortOrder> sort_orders;
  int default_sort_order_id = 0;
  std::map<std::string, std::string> properties;
  std::optional<std::int64_t> current_snapshot_id;
  std::vector<Snapshot> snapshots;
  std::vector<LogEntry> snapshot_log;
  std::vector<std::pair<std::int64_t, std::string>> metadata_log;

  const Schema& schema() const;  // CHECKs: reading made sure.
  const Schema* schema(int id) const;
  const PartitionSpec& spec() const;
  const PartitionSpec* spec(int id) const;
  const SortOrder& sort_order() const;
  const Snapshot* snapshot(std::int64_t id) const;
  const Snapshot* current_snapshot() const;
  // The one that was current at that time, by the log; null before the first.
  const Snapshot* snapshot_at(std::int64_t timestamp_ms) const;
};

std::string write(const TableMetadata& metadata);
// invalid "iceberg.metadata", unsupported "iceberg.version".
Result<TableMetadata> read_metadata(std::string_view text);

// Next metadata, for a caller that wrote `previous` at `previous_location`.
TableMetadata with_log_entry(TableMetadata metadata, const std::string& previous_location, std::int64_t now_ms);
// Adds a snapshot and makes it current (refs.main).
void add_snapshot(TableMetadata& metadata, Snapshot snapshot);
// Adds a schema (or reuses an equal one) and makes it current.
void set_schema(TableMetadata& metadata, Schema schema, int last_column_id);
// Removes snapshots older than `older_than_ms` but the newest `keep`; never the current one. Returns those removed.
std::vector<Snapshot> expire_snapshots(TableMetadata& metadata, std::int64_t older_than_ms, std::size_t keep);

}  // namespace weft::iceberg
