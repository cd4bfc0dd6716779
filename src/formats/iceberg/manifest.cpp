#include "formats/iceberg/manifest.h"

#include "base/json.h"
#include "formats/avro/avro.h"

namespace weft::iceberg {
namespace {

json::Value optional_type(json::Value type) {
  json::Array branches;
  branches.emplace_back("null");
  branches.push_back(std::move(type));
  return json::Value(std::move(branches));
}

json::Value required(std::string_view name, json::Value type, int id) {
  return json::Object{{"name", name}, {"type", std::move(type)}, {"field-id", id}};
}

json::Value optional(std::string_view name, json::Value type, int id) {
  return json::Object{{"name", name}, {"type", optional_type(std::move(type))}, {"default", nullptr}, {"field-id", id}};
}

json::Value record(std::string_view name, json::Array fields) {
  json::Object object{{"type", "record"}, {"name", name}};
  object.set("fields", json::Value(std::move(fields)));
  return object;
}

// Iceberg's maps with integer keys are Avro arrays of pairs.
json::Value map_type(int key_id, int value_id, std::string_view value_type) {
  json::Array fields;
  fields.push_back(required("key", "int", key_id));
  fields.push_back(required("value", value_type, value_id));
  return json::Object{{"type", "array"},
                      {"logicalType", "map"},
                      {"items", record(format("k{}_v{}", key_id, value_id), std::move(fields))}};
}

json::Value list_type(std::string_view item, int element_id) {
  return json::Object{{"type", "array"}, {"items", item}, {"element-id", element_id}};
}

// Avro names take letters, digits and underscores only; the original goes into an attribute, as Iceberg's Java does.
std::string avro_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!out.empty() && c >= '0' && c <= '9');
    out += is_plain ? std::string(1, c) : format("_x{:X}", static_cast<unsigned char>(c));
  }
  return out;
}

// Avro names each fixed once, so the partition field's id is in its name.
json::Value avro_type_of(const Type& type, int field_id) {
  const std::string_view name = type.text_or("");
  if (name == "date") return json::Object{{"type", "int"}, {"logicalType", "date"}};
  if (name == "time") return json::Object{{"type", "long"}, {"logicalType", "time-micros"}};
  if (name == "timestamp" || name == "timestamptz") {
    return json::Object{
        {"type", "long"}, {"logicalType", "timestamp-micros"}, {"adjust-to-utc", name == "timestamptz"}};
  }
  if (name == "binary") return "bytes";
  json::Object fixed{{"type", "fixed"}, {"name", format("fixed_{}", field_id)}};
  if (name == "uuid") {
    fixed.set("size", 16);
    fixed.set("logicalType", "uuid");
    return fixed;
  }
  if (const auto length = fixed_length(type)) {
    fixed.set("size", *length);
    return fixed;
  }
  if (const auto decimal = decimal_of(type)) {
    fixed.set("size", decimal_bytes(decimal->precision));
    fixed.set("logicalType", "decimal");
    fixed.set("precision", decimal->precision);
    fixed.set("scale", decimal->scale);
    return fixed;
  }
  return json::Value(name);
}

json::Value partition_record(const Schema& schema, const PartitionSpec& spec) {
  json::Array fields;
  for (const json::Value& each : spec.fields) {
    const std::string name(each["name"].text_or(""));
    const auto id = static_cast<int>(each["field-id"].integer_or(0));
    json::Value field = optional(avro_name(name), avro_type_of(partition_type(each, schema), id), id);
    if (avro_name(name) != name) field.object().set("iceberg-field-name", name);
    fields.push_back(std::move(field));
  }
  return record("r102", std::move(fields));
}

json::Value entry_schema(const Schema& schema, const PartitionSpec& spec) {
  json::Array file;
  file.push_back(required("content", "int", 134));
  file.push_back(required("file_path", "string", 100));
  file.push_back(required("file_format", "string", 101));
  file.push_back(required("partition", partition_record(schema, spec), 102));
  file.push_back(required("record_count", "long", 103));
  file.push_back(required("file_size_in_bytes", "long", 104));
  file.push_back(optional("column_sizes", map_type(117, 118, "long"), 108));
  file.push_back(optional("value_counts", map_type(119, 120, "long"), 109));
  file.push_back(optional("null_value_counts", map_type(121, 122, "long"), 110));
  file.push_back(optional("nan_value_counts", map_type(138, 139, "long"), 137));
  file.push_back(optional("lower_bounds", map_type(126, 127, "bytes"), 125));
  file.push_back(optional("upper_bounds", map_type(129, 130, "bytes"), 128));
  file.push_back(optional("key_metadata", "bytes", 131));
  file.push_back(optional("split_offsets", list_type("long", 133), 132));
  file.push_back(optional("equality_ids", list_type("int", 136), 135));
  file.push_back(optional("sort_order_id", "int", 140));
  json::Array entry;
  entry.push_back(required("status", "int", 0));
  entry.push_back(optional("snapshot_id", "long", 1));
  entry.push_back(optional("sequence_number", "long", 3));
  entry.push_back(optional("file_sequence_number", "long", 4));
  entry.push_back(required("data_file", record("r2", std::move(file)), 2));
  return record("manifest_entry", std::move(entry));
}

json::Value list_schema() {
  json::Array summary;
  summary.push_back(required("contains_null", "boolean", 509));
  summary.push_back(optional("contains_nan", "boolean", 518));
  summary.push_back(optional("lower_bound", "bytes", 510));
  summary.push_back(optional("upper_bound", "bytes", 511));
  json::Array fields;
  fields.push_back(required("manifest_path", "string", 500));
  fields.push_back(required("manifest_length", "long", 501));
  fields.push_back(required("partition_spec_id", "int", 502));
  fields.push_back(required("content", "int", 517));
  fields.push_back(required("sequence_number", "long", 515));
  fields.push_back(required("min_sequence_number", "long", 516));
  fields.push_back(required("added_snapshot_id", "long", 503));
  fields.push_back(required("added_files_count", "int", 504));
  fields.push_back(required("existing_files_count", "int", 505));
  fields.push_back(required("deleted_files_count", "int", 506));
  fields.push_back(required("added_rows_count", "long", 512));
  fields.push_back(required("existing_rows_count", "long", 513));
  fields.push_back(required("deleted_rows_count", "long", 514));
  fields.push_back(optional(
      "partitions", json::Object{{"type", "array"}, {"items", record("r508", std::move(summary))}, {"element-id", 508}},
      507));
  fields.push_back(optional("key_metadata", "bytes", 519));
  return record("manifest_file", std::move(fields));
}

template <class T>
json::Value pairs(const std::map<int, T>& map) {
  if (map.empty()) return {};
  json::Array items;
  for (const auto& [key, value] : map) items.push_back(json::Object{{"key", key}, {"value", value}});
  return json::Value(std::move(items));
}

template <class T, class F>
std::map<int, T> pairs_of(const json::Value& value, F get) {
  std::map<int, T> map;
  if (!value.is_array()) return map;
  for (const json::Value& each : value.array()) map[static_cast<int>(each["key"].integer_or(0))] = get(each["value"]);
  return map;
}

Result<json::Value> partition_to_avro(const DataFile& file, const Schema& schema, const PartitionSpec& spec) {
  json::Object object;
  for (std::size_t i = 0; i < spec.fields.size(); ++i) {
    const json::Value& value = i < file.partition.size() ? file.partition[i] : json::Value();
    object.set(avro_name(spec.fields[i]["name"].text_or("")),
               TRY(partition_value(partition_type(spec.fields[i], schema), value)));
  }
  return json::Value(std::move(object));
}

Result<json::Value> entry_to_avro(const ManifestEntry& entry, const Schema& schema, const PartitionSpec& spec) {
  const DataFile& file = entry.file;
  json::Array splits;
  for (const std::int64_t offset : file.split_offsets) splits.emplace_back(offset);
  json::Object data{{"content", 0},
                    {"file_path", file.path},
                    {"file_format", "PARQUET"},
                    {"partition", TRY(partition_to_avro(file, schema, spec))},
                    {"record_count", file.record_count},
                    {"file_size_in_bytes", file.file_size},
                    {"column_sizes", pairs(file.column_sizes)},
                    {"value_counts", pairs(file.value_counts)},
                    {"null_value_counts", pairs(file.null_counts)},
                    {"nan_value_counts", pairs(file.nan_counts)},
                    {"lower_bounds", pairs(file.lower_bounds)},
                    {"upper_bounds", pairs(file.upper_bounds)},
                    {"key_metadata", nullptr},
                    {"equality_ids", nullptr},
                    {"sort_order_id", file.sort_order_id}};
  data.set("split_offsets", splits.empty() ? json::Value() : json::Value(std::move(splits)));
  json::Object object{{"status", static_cast<int>(entry.status)},
                      {"snapshot_id", entry.snapshot_id},
                      {"sequence_number", entry.sequence_number},
                      {"file_sequence_number", entry.file_sequence_number}};
  object.set("data_file", std::move(data));
  return json::Value(std::move(object));
}

DataFile file_of(const json::Value& data, const Schema& schema, const PartitionSpec& spec) {
  DataFile file;
  auto integer = [](const json::Value& value) { return value.integer_or(0); };
  auto bytes = [](const json::Value& value) { return std::string(value.text_or("")); };
  file.path = data["file_path"].text_or("");
  file.record_count = data["record_count"].integer_or(0);
  file.file_size = data["file_size_in_bytes"].integer_or(0);
  file.column_sizes = pairs_of<std::int64_t>(data["column_sizes"], integer);
  file.value_counts = pairs_of<std::int64_t>(data["value_counts"], integer);
  file.null_counts = pairs_of<std::int64_t>(data["null_value_counts"], integer);
  file.nan_counts = pairs_of<std::int64_t>(data["nan_value_counts"], integer);
  file.lower_bounds = pairs_of<std::string>(data["lower_bounds"], bytes);
  file.upper_bounds = pairs_of<std::string>(data["upper_bounds"], bytes);
  file.sort_order_id = static_cast<int>(data["sort_order_id"].integer_or(0));
  if (data["split_offsets"].is_array()) {
    for (const json::Value& each : data["split_offsets"].array()) file.split_offsets.push_back(each.integer_or(0));
  }
  for (const json::Value& field : spec.fields)
    file.partition.push_back(
        single_value(partition_type(field, schema), data["partition"][avro_name(field["name"].text_or(""))]));
  return file;
}

}  // namespace

Type partition_type(const json::Value& field, const Schema& schema) {
  const auto transform = field["transform"].text_or("identity");
  if (transform.starts_with("bucket") || transform == "year" || transform == "month" || transform == "hour")
    return "int";
  if (transform == "day") return "date";
  const Field* source = schema.find(static_cast<int>(field["source-id"].integer_or(0)));
  return source == nullptr ? Type("string") : source->type;
}

Result<std::string> write_manifest(const std::vector<ManifestEntry>& entries, const Schema& schema,
                                   const PartitionSpec& spec, std::string_view sync) {
  avro::Container container;
  container.schema = entry_schema(schema, spec);
  json::Value fields = json::Array{};
  fields.array() = spec.fields;
  container.metadata = {{"schema", json::write(to_json(schema))},
                        {"schema-id", std::to_string(schema.schema_id)},
                        {"partition-spec", json::write(fields)},
                        {"partition-spec-id", std::to_string(spec.spec_id)},
                        {"format-version", "2"},
                        {"content", "data"}};
  for (const ManifestEntry& entry : entries) container.records.push_back(TRY(entry_to_avro(entry, schema, spec)));
  return avro::write_container(container, sync);
}

Result<std::vector<ManifestEntry>> read_manifest(std::string_view bytes, const Manifest& manifest, const Schema& schema,
                                                 const PartitionSpec& spec) {
  const avro::Container container = TRY(avro::read_container(bytes));
  std::vector<ManifestEntry> entries;
  for (const json::Value& each : container.records) {
    ManifestEntry entry;
    const auto status = each["status"].integer_or(-1);
    if (status < 0 || status > 2)
      return fail(ErrorKind::invalid, "iceberg.manifest", "a manifest entry of the status {}", status);
    if (each["data_file"]["content"].integer_or(0) != 0)
      return fail(ErrorKind::unsupported, "iceberg.deletes",
                  "a manifest with delete files, which this version does not read");
    entry.status = static_cast<EntryStatus>(status);
    entry.snapshot_id = each["snapshot_id"].integer_or(manifest.added_snapshot_id);
    // Absent numbers are inherited from the manifest («Sequence Number Inheritance»).
    entry.sequence_number = each["sequence_number"].integer_or(manifest.sequence_number);
    entry.file_sequence_number = each["file_sequence_number"].integer_or(manifest.sequence_number);
    entry.file = file_of(each["data_file"], schema, spec);
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::string> write_manifest_list(const std::vector<Manifest>& manifests, const Snapshot& snapshot,
                                        std::string_view sync) {
  avro::Container container;
  container.schema = list_schema();
  container.metadata = {{"snapshot-id", std::to_string(snapshot.snapshot_id)},
                        {"parent-snapshot-id", snapshot.parent_id ? std::to_string(*snapshot.parent_id) : "null"},
                        {"sequence-number", std::to_string(snapshot.sequence_number)},
                        {"format-version", "2"}};
  for (const Manifest& each : manifests) {
    container.records.push_back(json::Object{{"manifest_path", each.path},
                                             {"manifest_length", each.length},
                                             {"partition_spec_id", each.spec_id},
                                             {"content", 0},
                                             {"sequence_number", each.sequence_number},
                                             {"min_sequence_number", each.min_sequence_number},
                                             {"added_snapshot_id", each.added_snapshot_id},
                                             {"added_files_count", each.added_files},
                                             {"existing_files_count", each.existing_files},
                                             {"deleted_files_count", each.deleted_files},
                                             {"added_rows_count", each.added_rows},
                                             {"existing_rows_count", each.existing_rows},
                                             {"deleted_rows_count", each.deleted_rows},
                                             {"partitions", nullptr},
                                             {"key_metadata", nullptr}});
  }
  return avro::write_container(container, sync);
}

Result<std::vector<Manifest>> read_manifest_list(std::string_view bytes) {
  const avro::Container container = TRY(avro::read_container(bytes));
  std::vector<Manifest> manifests;
  for (const json::Value& each : container.records) {
    if (each["content"].integer_or(0) != 0)
      return fail(ErrorKind::unsupported, "iceberg.deletes",
                  "a table with delete files, which this version does not read");
    auto integer = [&](std::string_view key) { return each[key].integer_or(0); };
    manifests.push_back({.path = std::string(each["manifest_path"].text_or("")),
                         .length = integer("manifest_length"),
                         .spec_id = static_cast<int>(integer("partition_spec_id")),
                         .sequence_number = integer("sequence_number"),
                         .min_sequence_number = integer("min_sequence_number"),
                         .added_snapshot_id = integer("added_snapshot_id"),
                         .added_files = integer("added_files_count"),
                         .existing_files = integer("existing_files_count"),
                         .deleted_files = integer("deleted_files_count"),
                         .added_rows = integer("added_rows_count"),
                         .existing_rows = integer("existing_rows_count"),
                         .deleted_rows = integer("deleted_rows_count")});
  }
  return manifests;
}

}  // namespace weft::iceberg
