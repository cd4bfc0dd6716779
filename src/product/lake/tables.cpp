#include "product/lake/tables.h"

#include <algorithm>

#include "base/json.h"

namespace weft::lake {
namespace {

constexpr std::string_view kColumnIds = "weft.column-ids";
constexpr int kFirstPartitionField = 1000;

// Times partition by day, everything else by its value.
std::string transform_of(const json::Value& type) {
  const auto name = type.text_or("");
  return name == "timestamp" || name == "timestamptz" ? "day" : "identity";
}

int source_of(const json::Value& field) { return static_cast<int>(field["source-id"].integer_or(0)); }

std::vector<const mesh::Column*> by_position(const mesh::Port& port, int mesh::Column::* position) {
  std::vector<const mesh::Column*> columns;
  for (const mesh::Column& column : port.columns) {
    if (column.*position > 0) columns.push_back(&column);
  }
  // Equal positions keep the order of the contract, in which the columns lie.
  std::sort(columns.begin(), columns.end(), [&](const mesh::Column* a, const mesh::Column* b) {
    return std::pair(a->*position, a) < std::pair(b->*position, b);
  });
  return columns;
}

void set_partitioning(iceberg::TableMetadata& metadata, const mesh::Port& port) {
  iceberg::PartitionSpec spec;
  int id = kFirstPartitionField - 1;
  for (const mesh::Column* column : by_position(port, &mesh::Column::partition_position)) {
    const iceberg::Field* field = metadata.schema().find(column->name);
    if (field == nullptr) continue;
    const std::string transform = transform_of(field->type);
    spec.fields.push_back(json::Object{{"source-id", field->id},
                                       {"field-id", ++id},
                                       {"name", transform == "day" ? column->name + "_day" : column->name},
                                       {"transform", transform}});
  }
  metadata.last_partition_id = std::max(metadata.last_partition_id, id);
  metadata.partition_specs.push_back(std::move(spec));
}

void set_sort_order(iceberg::TableMetadata& metadata, const mesh::Port& port) {
  metadata.sort_orders.push_back({.order_id = 0, .fields = {}});
  iceberg::SortOrder order{.order_id = 1, .fields = {}};
  for (const std::string& name : port.sort_columns) {
    if (const iceberg::Field* field = metadata.schema().find(name)) {
      order.fields.push_back(json::Object{
          {"transform", "identity"}, {"source-id", field->id}, {"direction", "asc"}, {"null-order", "nulls-first"}});
    }
  }
  if (order.fields.empty()) return;
  metadata.default_sort_order_id = 1;
  metadata.sort_orders.push_back(std::move(order));
}

}  // namespace

iceberg::Schema wanted_schema(const mesh::Port& port) {
  iceberg::Schema schema;
  for (const mesh::Column& column : port.columns) {
    auto type = iceberg::normalized(column.type);
    schema.fields.push_back({.id = 0,
                             .name = column.name,
                             .required = column.is_required,
                             .type = type ? *type : column.type,
                             .doc = column.description});
  }
  return schema;
}

std::string column_ids(const mesh::Port& port) {
  json::Object ids;
  for (const mesh::Column& column : port.columns) {
    if (!column.id.empty()) ids.set(column.name, column.id);
  }
  return json::write(ids);
}

std::vector<std::pair<std::string, std::string>> renames(const mesh::Port& port,
                                                         const iceberg::TableMetadata& metadata) {
  std::vector<std::pair<std::string, std::string>> all;
  const auto property = metadata.properties.find(std::string(kColumnIds));
  const auto known =
      property == metadata.properties.end() ? Result<json::Value>(json::Object{}) : json::parse(property->second);
  if (!known || !known->is_object()) return all;
  for (const mesh::Column& column : port.columns) {
    if (column.id.empty()) continue;
    for (const auto& [name, id] : known->object()) {
      if (id.text_or("") == column.id && name != column.name) all.emplace_back(column.name, name);
    }
  }
  return all;
}

// Identifier fields: the primary key, where its types may identify (no floats) and are required.
static void set_identifiers(iceberg::Schema& schema, const mesh::Port& port) {
  schema.identifier_field_ids.clear();
  for (const mesh::Column* column : by_position(port, &mesh::Column::primary_key_position)) {
    const iceberg::Field* field = schema.find(column->name);
    const auto type = field == nullptr ? std::string_view() : field->type.text_or("");
    if (type.empty() || !field->required || type == "float" || type == "double") {
      schema.identifier_field_ids.clear();
      return;
    }
    schema.identifier_field_ids.push_back(field->id);
  }
}

iceberg::TableMetadata new_table(const mesh::Port& port, std::string location, std::string uuid, std::int64_t now_ms) {
  iceberg::TableMetadata metadata;
  metadata.table_uuid = std::move(uuid);
  metadata.location = std::move(location);
  metadata.last_updated_ms = now_ms;
  iceberg::Schema schema = wanted_schema(port);
  iceberg::assign_ids(schema, metadata.last_column_id);
  set_identifiers(schema, port);
  metadata.schemas.push_back(std::move(schema));
  set_partitioning(metadata, port);
  set_sort_order(metadata, port);
  metadata.properties = {{"write.format.default", "parquet"},
                         {"write.parquet.compression-codec", "zstd"},
                         {"history.expire.max-snapshot-age-ms", "432000000"},
                         {"history.expire.min-snapshots-to-keep", "10"},
                         {std::string(kColumnIds), column_ids(port)},
                         {"weft.port", to_string(port.name)}};
  return metadata;
}

Result<std::optional<iceberg::TableMetadata>> following(const iceberg::TableMetadata& metadata,
                                                        const mesh::Port& port) {
  int last_id = metadata.last_column_id;
  iceberg::Schema next = TRY(iceberg::evolve(metadata.schema(), wanted_schema(port), renames(port, metadata), last_id));
  set_identifiers(next, port);
  for (const json::Value& field : metadata.spec().fields) {
    if (next.find(source_of(field)) == nullptr)
      return fail(ErrorKind::refused, "lake.incompatible_change",
                  "the table is partitioned by {}: that column cannot go", field["name"].text_or(""));
  }
  iceberg::TableMetadata changed = metadata;
  changed.properties[std::string(kColumnIds)] = column_ids(port);
  if (iceberg::is_same(next, metadata.schema()) && changed.properties == metadata.properties)
    return std::optional<iceberg::TableMetadata>();
  const auto& order = metadata.sort_order().fields;
  const bool is_sortable = std::all_of(
      order.begin(), order.end(), [&](const json::Value& field) { return next.find(source_of(field)) != nullptr; });
  if (!is_sortable) changed.default_sort_order_id = 0;  // The order of a column that goes goes with it.
  iceberg::set_schema(changed, std::move(next), last_id);
  return std::optional(std::move(changed));
}

Result<iceberg::DataFile> data_file(const engine::WrittenFile& written, std::string uri, const iceberg::Schema& schema,
                                    int sort_order_id) {
  iceberg::DataFile file;
  file.path = std::move(uri);
  file.partition = written.partition;
  file.record_count = static_cast<std::int64_t>(written.row_count);
  file.file_size = static_cast<std::int64_t>(written.size);
  file.split_offsets = written.split_offsets;
  file.sort_order_id = sort_order_id;
  for (const auto& [key, facts] : written.columns) {
    const int id = std::atoi(key.c_str());
    const iceberg::Field* field = schema.find(id);
    if (field == nullptr) continue;
    if (facts["size"].is_integer()) file.column_sizes[id] = facts["size"].integer();
    if (facts["values"].is_integer()) file.value_counts[id] = facts["values"].integer();
    if (facts["nulls"].is_integer()) file.null_counts[id] = facts["nulls"].integer();
    if (facts["nans"].is_integer()) file.nan_counts[id] = facts["nans"].integer();
    // A bound that has no single value (a year beyond 9999) is unknown.
    if (const auto lower = iceberg::to_bytes(field->type, facts["lower"]); lower && *lower) {
      if (const auto cut = iceberg::lower_bound(field->type, **lower)) file.lower_bounds[id] = *cut;
    }
    if (const auto upper = iceberg::to_bytes(field->type, facts["upper"]); upper && *upper) {
      if (const auto cut = iceberg::upper_bound(field->type, **upper)) file.upper_bounds[id] = *cut;
    }
  }
  return file;
}

std::vector<BytesPredicate> in_bytes(const std::vector<engine::Predicate>& predicates, const iceberg::Schema& schema) {
  std::vector<BytesPredicate> all;
  for (const engine::Predicate& predicate : predicates) {
    const iceberg::Field* field = schema.find(predicate.field_id);
    if (field == nullptr) continue;
    BytesPredicate bytes{.field_id = predicate.field_id, .op = predicate.op, .literals = {}};
    bool is_usable = true;
    for (const json::Value& literal : predicate.literals) {
      const auto value = iceberg::to_bytes(field->type, literal);
      is_usable = is_usable && value && value->has_value();
      if (is_usable) bytes.literals.push_back(**value);
    }
    if (is_usable) all.push_back(std::move(bytes));
  }
  return all;
}

bool may_match(const iceberg::DataFile& file, const std::vector<BytesPredicate>& predicates,
               const iceberg::Schema& schema) {
  for (const BytesPredicate& predicate : predicates) {
    iceberg::Bounds bounds;
    if (const auto found = file.lower_bounds.find(predicate.field_id); found != file.lower_bounds.end())
      bounds.lower = found->second;
    if (const auto found = file.upper_bounds.find(predicate.field_id); found != file.upper_bounds.end())
      bounds.upper = found->second;
    if (const auto found = file.value_counts.find(predicate.field_id); found != file.value_counts.end())
      bounds.values = found->second;
    if (const auto found = file.null_counts.find(predicate.field_id); found != file.null_counts.end())
      bounds.nulls = found->second;
    // SQL has NaN above every number, bounds leave it out.
    if (const auto found = file.nan_counts.find(predicate.field_id);
        found != file.nan_counts.end() && found->second > 0)
      bounds.upper.reset();
    if (!iceberg::may_match(schema.find(predicate.field_id)->type, bounds, predicate.op, predicate.literals))
      return false;
  }
  return true;
}

}  // namespace weft::lake
