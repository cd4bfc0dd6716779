#include "formats/iceberg/metadata.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/json.h"

namespace weft::iceberg {
namespace {

std::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorKind::invalid, "iceberg.metadata", "the table metadata is not valid: {}", what);
}

json::Value texts(const std::map<std::string, std::string>& map) {
  json::Object object;
  for (const auto& [key, value] : map) object.set(key, value);
  return object;
}

json::Value array(json::Array items) { return json::Value(std::move(items)); }

json::Value array_copy(const json::Array& items) {
  json::Value value = json::Array{};
  value.array() = items;
  return value;
}

std::map<std::string, std::string> texts_of(const json::Value& value) {
  std::map<std::string, std::string> map;
  if (!value.is_object()) return map;
  for (const auto& [key, each] : value.object()) map[key] = each.text_or("");
  return map;
}

json::Value snapshot_to_json(const Snapshot& snapshot) {
  json::Object object{{"sequence-number", snapshot.sequence_number}, {"snapshot-id", snapshot.snapshot_id}};
  if (snapshot.parent_id) object.set("parent-snapshot-id", *snapshot.parent_id);
  object.set("timestamp-ms", snapshot.timestamp_ms);
  object.set("summary", texts(snapshot.summary));
  object.set("manifest-list", snapshot.manifest_list);
  if (snapshot.schema_id) object.set("schema-id", *snapshot.schema_id);
  return object;
}

Result<Snapshot> snapshot_of(const json::Value& value) {
  if (!value["snapshot-id"].is_integer() || !value["timestamp-ms"].is_integer())
    return bad("a snapshot without snapshot-id or timestamp-ms");
  Snapshot snapshot;
  snapshot.snapshot_id = value["snapshot-id"].integer();
  if (value["parent-snapshot-id"].is_integer()) snapshot.parent_id = value["parent-snapshot-id"].integer();
  snapshot.sequence_number = value["sequence-number"].integer_or(0);
  snapshot.timestamp_ms = value["timestamp-ms"].integer();
  snapshot.manifest_list = value["manifest-list"].text_or("");
  snapshot.summary = texts_of(value["summary"]);
  if (value["schema-id"].is_integer()) snapshot.schema_id = static_cast<int>(value["schema-id"].integer());
  return snapshot;
}

Result<> read_schemas(const json::Value& value, TableMetadata& metadata, std::int64_t version) {
  if (value["schemas"].is_array()) {
    for (const json::Value& each : value["schemas"].array()) metadata.schemas.push_back(TRY(schema_of(each)));
    metadata.current_schema_id = static_cast<int>(value["current-schema-id"].integer_or(0));
  } else if (version == 1) {
    metadata.schemas.push_back(TRY(schema_of(value["schema"])));
    metadata.current_schema_id = metadata.schemas.back().schema_id;
  } else {
    return bad("schemas are missing");
  }
  if (metadata.schema(metadata.current_schema_id) == nullptr) return bad("current-schema-id names no schema");
  return {};
}

Result<> read_specs(const json::Value& value, TableMetadata& metadata, std::int64_t version) {
  if (value["partition-specs"].is_array()) {
    for (const json::Value& each : value["partition-specs"].array()) {
      PartitionSpec spec{.spec_id = static_cast<int>(each["spec-id"].integer_or(0)), .fields = {}};
      if (each["fields"].is_array()) spec.fields = each["fields"].array();
      metadata.partition_specs.push_back(std::move(spec));
    }
    metadata.default_spec_id = static_cast<int>(value["default-spec-id"].integer_or(0));
    if (version > 1 && !value["last-partition-id"].is_integer()) return bad("last-partition-id is missing");
  } else if (version == 1) {
    PartitionSpec spec;
    if (value["partition-spec"].is_array()) spec.fields = value["partition-spec"].array();
    metadata.partition_specs.push_back(std::move(spec));
  } else {
    return bad("partition-specs are missing");
  }
  metadata.last_partition_id = static_cast<int>(value["last-partition-id"].integer_or(999));
  if (metadata.spec(metadata.default_spec_id) == nullptr) return bad("default-spec-id names no partition spec");
  if (value["sort-orders"].is_array()) {
    for (const json::Value& each : value["sort-orders"].array()) {
      SortOrder order{.order_id = static_cast<int>(each["order-id"].integer_or(0)), .fields = {}};
      if (each["fields"].is_array()) order.fields = each["fields"].array();
      metadata.sort_orders.push_back(std::move(order));
    }
  } else if (version == 1) {
    metadata.sort_orders.emplace_back();
  } else {
    return bad("sort-orders are missing");
  }
  metadata.default_sort_order_id = static_cast<int>(value["default-sort-order-id"].integer_or(0));
  const bool has_default = std::any_of(metadata.sort_orders.begin(), metadata.sort_orders.end(), [&](const auto& each) {
    return each.order_id == metadata.default_sort_order_id;
  });
  if (has_default) return {};
  if (metadata.default_sort_order_id != 0) return bad("default-sort-order-id names no sort order");
  metadata.sort_orders.emplace_back();  // Unsorted needs no entry.
  return {};
}

Result<> read_snapshots(const json::Value& value, TableMetadata& metadata) {
  if (value["snapshots"].is_array()) {
    for (const json::Value& each : value["snapshots"].array()) metadata.snapshots.push_back(TRY(snapshot_of(each)));
  }
  if (const auto current = value["current-snapshot-id"].integer_or(-1); current != -1) {
    if (metadata.snapshot(current) == nullptr) return bad("current-snapshot-id names no snapshot");
    metadata.current_snapshot_id = current;
  }
  if (value["snapshot-log"].is_array()) {
    for (const json::Value& each : value["snapshot-log"].array()) {
      metadata.snapshot_log.push_back(
          {.timestamp_ms = each["timestamp-ms"].integer_or(0), .snapshot_id = each["snapshot-id"].integer_or(0)});
    }
  }
  if (value["metadata-log"].is_array()) {
    for (const json::Value& each : value["metadata-log"].array()) {
      metadata.metadata_log.emplace_back(each["timestamp-ms"].integer_or(0),
                                         std::string(each["metadata-file"].text_or("")));
    }
  }
  return {};
}

template <class T, class F>
json::Value each_of(const std::vector<T>& all, F to) {
  json::Array items;
  for (const T& each : all) items.push_back(to(each));
  return array(std::move(items));
}

}  // namespace

const Schema* TableMetadata::schema(int id) const {
  for (const Schema& each : schemas) {
    if (each.schema_id == id) return &each;
  }
  return nullptr;
}
const Schema& TableMetadata::schema() const {
  const Schema* found = schema(current_schema_id);
  CHECK(found != nullptr);
  return *found;
}
const PartitionSpec* TableMetadata::spec(int id) const {
  for (const PartitionSpec& each : partition_specs) {
    if (each.spec_id == id) return &each;
  }
  return nullptr;
}
const PartitionSpec& TableMetadata::spec() const {
  const PartitionSpec* found = spec(default_spec_id);
  CHECK(found != nullptr);
  return *found;
}
const SortOrder& TableMetadata::sort_order() const {
  for (const SortOrder& each : sort_orders) {
    if (each.order_id == default_sort_order_id) return each;
  }
  CHECK(!sort_orders.empty());
  return sort_orders.front();
}
const Snapshot* TableMetadata::snapshot(std::int64_t id) const {
  for (const Snapshot& each : snapshots) {
    if (each.snapshot_id == id) return &each;
  }
  return nullptr;
}
const Snapshot* TableMetadata::current_snapshot() const {
  return current_snapshot_id ? snapshot(*current_snapshot_id) : nullptr;
}
const Snapshot* TableMetadata::snapshot_at(std::int64_t timestamp_ms) const {
  const Snapshot* found = nullptr;
  for (const LogEntry& entry : snapshot_log) {
    if (entry.timestamp_ms <= timestamp_ms) found = snapshot(entry.snapshot_id);
  }
  return found;
}

std::string write(const TableMetadata& metadata) {
  json::Object object{{"format-version", 2},
                      {"table-uuid", metadata.table_uuid},
                      {"location", metadata.location},
                      {"last-sequence-number", metadata.last_sequence_number},
                      {"last-updated-ms", metadata.last_updated_ms},
                      {"last-column-id", metadata.last_column_id},
                      {"current-schema-id", metadata.current_schema_id}};
  object.set("schemas", each_of(metadata.schemas, [](const Schema& each) { return to_json(each); }));
  object.set("default-spec-id", metadata.default_spec_id);
  object.set("partition-specs", each_of(metadata.partition_specs, [](const PartitionSpec& each) -> json::Value {
               return json::Object{{"spec-id", each.spec_id}, {"fields", array_copy(each.fields)}};
             }));
  object.set("last-partition-id", metadata.last_partition_id);
  object.set("default-sort-order-id", metadata.default_sort_order_id);
  object.set("sort-orders", each_of(metadata.sort_orders, [](const SortOrder& each) -> json::Value {
               return json::Object{{"order-id", each.order_id}, {"fields", array_copy(each.fields)}};
             }));
  object.set("properties", texts(metadata.properties));
  if (metadata.current_snapshot_id) {
    object.set("current-snapshot-id", *metadata.current_snapshot_id);
    object.set("refs", json::Object{
                           {"main", json::Object{{"snapshot-id", *metadata.current_snapshot_id}, {"type", "branch"}}}});
  }
  object.set("snapshots", each_of(metadata.snapshots, snapshot_to_json));
  object.set("snapshot-log", each_of(metadata.snapshot_log, [](const LogEntry& each) -> json::Value {
               return json::Object{{"timestamp-ms", each.timestamp_ms}, {"snapshot-id", each.snapshot_id}};
             }));
  object.set("metadata-log", each_of(metadata.metadata_log, [](const auto& each) -> json::Value {
               return json::Object{{"timestamp-ms", each.first}, {"metadata-file", each.second}};
             }));
  return json::write_pretty(object);
}

Result<TableMetadata> read_metadata(std::string_view text) {
  const json::Value value = TRY(json::parse(text, {.bytes_max = 64 << 20, .depth_max = 100}));
  const std::int64_t version = value["format-version"].integer_or(0);
  if (version != 1 && version != 2)
    return fail(ErrorKind::unsupported, "iceberg.version", "table metadata of format version {}; 1 and 2 are read",
                version);
  TableMetadata metadata;
  metadata.table_uuid = value["table-uuid"].text_or("");
  metadata.location = value["location"].text_or("");
  if (metadata.location.empty() || (version == 2 && metadata.table_uuid.empty()))
    return bad("location or table-uuid is missing");
  metadata.last_sequence_number = value["last-sequence-number"].integer_or(0);
  metadata.last_updated_ms = value["last-updated-ms"].integer_or(0);
  metadata.last_column_id = static_cast<int>(value["last-column-id"].integer_or(0));
  TRY(read_schemas(value, metadata, version));
  TRY(read_specs(value, metadata, version));
  metadata.properties = texts_of(value["properties"]);
  TRY(read_snapshots(value, metadata));
  return metadata;
}

TableMetadata with_log_entry(TableMetadata metadata, const std::string& previous_location, std::int64_t now_ms) {
  if (!previous_location.empty()) metadata.metadata_log.emplace_back(metadata.last_updated_ms, previous_location);
  while (static_cast<std::int64_t>(metadata.metadata_log.size()) > kMainHistoryMax)
    metadata.metadata_log.erase(metadata.metadata_log.begin());
  metadata.last_updated_ms = std::max(now_ms, metadata.last_updated_ms);
  return metadata;
}

void add_snapshot(TableMetadata& metadata, Snapshot snapshot) {
  metadata.last_sequence_number = snapshot.sequence_number;
  metadata.current_snapshot_id = snapshot.snapshot_id;
  metadata.last_updated_ms = std::max(metadata.last_updated_ms, snapshot.timestamp_ms);
  metadata.snapshot_log.push_back({.timestamp_ms = metadata.last_updated_ms, .snapshot_id = snapshot.snapshot_id});
  metadata.snapshots.push_back(std::move(snapshot));
}

void set_schema(TableMetadata& metadata, Schema schema, int last_column_id) {
  metadata.last_column_id = std::max(metadata.last_column_id, last_column_id);
  int newest = -1;
  for (const Schema& each : metadata.schemas) {
    newest = std::max(newest, each.schema_id);
    if (is_same(each, schema)) {
      metadata.current_schema_id = each.schema_id;
      return;
    }
  }
  schema.schema_id = newest + 1;
  metadata.current_schema_id = schema.schema_id;
  metadata.schemas.push_back(std::move(schema));
}

std::vector<Snapshot> expire_snapshots(TableMetadata& metadata, std::int64_t older_than_ms, std::size_t keep) {
  std::vector<Snapshot> removed, kept;
  for (std::size_t i = 0; i < metadata.snapshots.size(); ++i) {
    Snapshot& snapshot = metadata.snapshots[i];
    const bool is_among_newest = metadata.snapshots.size() - i <= keep;
    const bool is_current = metadata.current_snapshot_id == snapshot.snapshot_id;
    (is_among_newest || is_current || snapshot.timestamp_ms >= older_than_ms ? kept : removed)
        .push_back(std::move(snapshot));
  }
  metadata.snapshots = std::move(kept);
  std::set<std::int64_t> gone;
  for (const Snapshot& each : removed) gone.insert(each.snapshot_id);
  // The log before the newest removed entry tells of a past that can no longer be read.
  std::size_t from = 0;
  for (std::size_t i = 0; i < metadata.snapshot_log.size(); ++i) {
    if (gone.contains(metadata.snapshot_log[i].snapshot_id)) from = i + 1;
  }
  metadata.snapshot_log.erase(metadata.snapshot_log.begin(),
                              metadata.snapshot_log.begin() + static_cast<std::ptrdiff_t>(from));
  return removed;
}

}  // namespace weft::iceberg
