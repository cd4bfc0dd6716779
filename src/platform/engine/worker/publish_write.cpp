#include "platform/engine/worker/publish_write.h"

#include <cmath>
#include <cstdlib>

#include "base/json.h"
#include "base/text.h"
#include "platform/engine/worker/files.h"
#include "platform/engine/worker/types.h"

namespace weft::engine::worker {
namespace {

constexpr std::size_t kPartitionsMax = 1000;

std::string names_of(const PublishJob& job) {
  std::string names;
  for (const TargetColumn& column : job.columns)
    names += (names.empty() ? "" : ", ") + text::quote_identifier(column.name);
  return names;
}

// FIELD_IDS as the engine takes them, nested ones below `__duckdb_field_id`.
std::string field_ids(const json::Value& type, int id) {
  if (!type.is_object()) return std::to_string(id);
  std::string inside = format("__duckdb_field_id: {}", id);
  const auto kind = type["type"].text_or("");
  auto add = [&](std::string_view name, const json::Value& inner, const json::Value& inner_id) {
    inside += format(", {}: {}", text::quote_literal(name), field_ids(inner, static_cast<int>(inner_id.integer_or(0))));
  };
  if (kind == "list") add("element", type["element"], type["element-id"]);
  if (kind == "map") {
    add("key", type["key"], type["key-id"]);
    add("value", type["value"], type["value-id"]);
  }
  if (kind == "struct") {
    for (const json::Value& field : type["fields"].array()) add(field["name"].text_or(""), field["type"], field["id"]);
  }
  return "{" + inside + "}";
}

std::string field_ids(const PublishJob& job) {
  std::string all;
  for (const TargetColumn& column : job.columns)
    all += format("{}{}: {}", all.empty() ? "" : ", ", text::quote_literal(column.name),
                  field_ids(column.type, column.field_id));
  return all;
}

const TargetColumn* column_of(const PublishJob& job, const json::Value& source_id) {
  for (const TargetColumn& column : job.columns) {
    if (column.field_id == source_id.integer_or(0)) return &column;
  }
  return nullptr;
}

// A partition field's value as SQL, in the type whose single value Iceberg keeps.
Result<std::string> partition_sql(const PublishJob& job, const json::Value& field) {
  const TargetColumn* column = column_of(job, field["source-id"]);
  if (column == nullptr) return fail(ErrorKind::internal, "engine.partition", "a partition field of no column");
  const std::string name = text::quote_identifier(column->name);
  const auto transform = field["transform"].text_or("identity");
  if (transform == "identity") return name;
  if (transform == "day") return format("CAST({} AS DATE)", name);
  if (transform == "year") return format("CAST(year({}) - 1970 AS INTEGER)", name);
  if (transform == "month") return format("CAST((year({0}) - 1970) * 12 + month({0}) - 1 AS INTEGER)", name);
  if (transform == "hour") return format("CAST(floor(epoch({}) / 3600) AS INTEGER)", name);
  return fail(ErrorKind::unsupported, "engine.partition", "the partition transform {} is not written here", transform);
}

std::string order_by(const PublishJob& job) {
  std::string order;
  for (const json::Value& field : job.sort_fields) {
    const TargetColumn* column = column_of(job, field["source-id"]);
    if (column == nullptr) continue;
    order += format("{}{} {} {}", order.empty() ? " ORDER BY " : ", ", text::quote_identifier(column->name),
                    field["direction"].text_or("asc") == "desc" ? "DESC" : "ASC",
                    field["null-order"].text_or("nulls-first") == "nulls-last" ? "NULLS LAST" : "NULLS FIRST");
  }
  return order;
}

// The engine's text of a bound as a single value of the column's type; null when it says nothing sure.
json::Value bound_of(const json::Value& type, const std::string& text) {
  const auto name = type.text_or("");
  if (name == "int" || name == "long") {
    const auto number = text::parse_integer(text);
    return number ? json::Value(*number) : json::Value();
  }
  if (name == "float" || name == "double") {
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    return end != text.c_str() && std::isfinite(number) ? json::Value(number) : json::Value();
  }
  if (name == "boolean")
    return text == "true" ? json::Value(true) : text == "false" ? json::Value(false) : json::Value();
  if (name == "timestamp" || name == "timestamptz") {
    std::string iso = text;
    if (const auto space = iso.find(' '); space != std::string::npos) iso[space] = 'T';
    if (iso.find("infinity") != std::string::npos || iso.find('T') == std::string::npos) return {};
    if (const auto zone = iso.find_first_of("+-Z", 11); zone != std::string::npos) iso = iso.substr(0, zone);
    return name == "timestamptz" ? iso + "+00:00" : iso;
  }
  if (name == "string" || name == "date" || name == "time" || name == "uuid" || name.starts_with("decimal")) {
    return text::is_valid_utf8(text) ? json::Value(text) : json::Value();
  }
  return {};
}

json::Object column_facts(const PublishJob& job, const duckdb::Value& statistics, std::uint64_t rows) {
  json::Object facts;
  if (statistics.IsNull()) return facts;
  for (const duckdb::Value& entry : duckdb::MapValue::GetChildren(statistics)) {
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    const std::string name = pair[0].ToString();
    const auto column = std::find_if(job.columns.begin(), job.columns.end(), [&](const TargetColumn& each) {
      return text::quote_identifier(each.name) == name || each.name == name;
    });
    if (column == job.columns.end() || pair[1].IsNull()) continue;
    json::Object object{{"values", rows}};
    bool has_nan = false;
    std::optional<std::string> low, high;
    for (const duckdb::Value& fact : duckdb::MapValue::GetChildren(pair[1])) {
      const auto& parts = duckdb::StructValue::GetChildren(fact);
      const std::string key = parts[0].ToString(), value = parts[1].ToString();
      if (key == "min") low = value;
      if (key == "max") high = value;
      if (key == "null_count") object.set("nulls", text::parse_integer(value).value_or(0));
      if (key == "column_size_bytes") object.set("size", text::parse_integer(value).value_or(0));
      if (key == "has_nan") has_nan = value == "true";
    }
    // With a NaN among the values the engine's bounds are not Iceberg's.
    if (!has_nan && low && high) {
      object.set("lower", bound_of(column->type, *low));
      object.set("upper", bound_of(column->type, *high));
    }
    facts.set(std::to_string(column->field_id), std::move(object));
  }
  return facts;
}

Result<> write_one(PublishContext& context, const PublishJob& job, const std::string& select, json::Array partition,
                   PublishOutcome& outcome) {
  const std::string path = context.descriptors.new_path("data");
  auto rows = TRY(
      rows_of(context, format("COPY ({}) TO '{}' (FORMAT parquet, COMPRESSION zstd, FIELD_IDS {{{}}}, RETURN_STATS)",
                              select, path, field_ids(job))));
  for (const auto& row : rows) {
    WrittenFile file{.name = context.descriptors.name_of_written(path),
                     .row_count = row[1].GetValue<std::uint64_t>(),
                     .size = row[2].GetValue<std::uint64_t>(),
                     .partition = std::move(partition),
                     .columns = {},
                     .split_offsets = {4}};
    file.columns = column_facts(job, row[4], file.row_count);
    outcome.rows_out += file.row_count;
    if (file.row_count > 0) outcome.files.push_back(std::move(file));
  }
  return {};
}

// Under upsert the table becomes its rows without the batch's keys, and the batch.
Result<std::string> whole(PublishContext& context, const PublishJob& job, const PublishPlan& plan) {
  const std::string batch = format("SELECT {} FROM ({})", names_of(job), plan.from);
  if (job.mode != PublishMode::upsert || context.existing.empty()) return batch;
  std::string key;
  for (const std::string& column : job.primary_key) key += (key.empty() ? "" : ", ") + text::quote_identifier(column);
  if (key.empty()) return fail(ErrorKind::invalid, "publish.no_key", "upsert needs a primary key in the contract");
  return format("SELECT {0} FROM ({1}) WHERE ({2}) NOT IN (SELECT ({2}) FROM ({3})) UNION ALL {3}", names_of(job),
                TRY(existing_rows(context, job)), key, batch);
}

}  // namespace

Result<> write_files(PublishContext& context, const PublishJob& job, const PublishPlan& plan, PublishOutcome& outcome) {
  const std::string all = TRY(whole(context, job, plan));
  if (job.partition_fields.empty()) return write_one(context, job, all + order_by(job), {}, outcome);
  std::vector<std::string> fields;
  std::string list;
  for (const json::Value& field : job.partition_fields) {
    fields.push_back(TRY(partition_sql(job, field)));
    list += (list.empty() ? "" : ", ") + fields.back();
  }
  TRY(run_sql(context, format("CREATE OR REPLACE TEMP TABLE weft_whole AS {}", all)));
  const auto partitions =
      TRY(rows_of(context, format("SELECT DISTINCT {} FROM weft_whole LIMIT {}", list, kPartitionsMax + 1)));
  if (partitions.size() > kPartitionsMax) {
    return fail(ErrorKind::limit, "publish.too_many_partitions",
                "the batch falls into more than {} partitions; publish it in parts", kPartitionsMax);
  }
  for (const auto& values : partitions) {
    std::string where;
    json::Array partition;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      where += format("{}{} IS NOT DISTINCT FROM {}", i > 0 ? " AND " : "", fields[i], values[i].ToSQLString());
      partition.push_back(single_value_of(values[i]));
    }
    TRY(write_one(context, job, format("SELECT {} FROM weft_whole WHERE {}{}", names_of(job), where, order_by(job)),
                  std::move(partition), outcome));
  }
  return {};
}

}  // namespace weft::engine::worker
