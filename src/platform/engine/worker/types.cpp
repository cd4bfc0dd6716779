#include "platform/engine/worker/types.h"

#include <cmath>

#include "base/json.h"
#include "base/text.h"

namespace weft::engine::worker {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

constexpr int kDepthMax = 32;

struct Known {
  std::string_view name;
  LogicalTypeId id;
};
constexpr Known kKnown[] = {
    {"boolean", LogicalTypeId::BOOLEAN},
    {"int", LogicalTypeId::INTEGER},
    {"long", LogicalTypeId::BIGINT},
    {"float", LogicalTypeId::FLOAT},
    {"double", LogicalTypeId::DOUBLE},
    {"date", LogicalTypeId::DATE},
    {"time", LogicalTypeId::TIME},
    {"timestamp", LogicalTypeId::TIMESTAMP},
    {"timestamptz", LogicalTypeId::TIMESTAMP_TZ},
    {"string", LogicalTypeId::VARCHAR},
    {"uuid", LogicalTypeId::UUID},
    {"binary", LogicalTypeId::BLOB},
};

std::unexpected<Error> no_type(const json::Value& type) {
  return fail(ErrorKind::unsupported, "engine.type", "{} is no type that the engine reads and writes without loss",
              json::write(type));
}

Result<LogicalType> primitive_of(const json::Value& type) {
  const std::string& name = type.text();
  for (const Known& known : kKnown) {
    if (known.name == name) return LogicalType(known.id);
  }
  if (name.starts_with("fixed[")) return LogicalType(LogicalTypeId::BLOB);
  if (name.starts_with("decimal(") && name.ends_with(")")) {
    const auto parts = text::split(std::string_view(name).substr(8, name.size() - 9), ',');
    const auto precision = parts.size() == 2 ? text::parse_integer(text::trim(parts[0])) : std::nullopt;
    const auto scale = parts.size() == 2 ? text::parse_integer(text::trim(parts[1])) : std::nullopt;
    if (!precision || !scale || *precision < 1 || *precision > 38 || *scale < 0 || *scale > *precision)
      return no_type(type);
    return LogicalType::DECIMAL(static_cast<std::uint8_t>(*precision), static_cast<std::uint8_t>(*scale));
  }
  return no_type(type);
}

Result<LogicalType> type_of(const json::Value& type, int depth) {
  if (depth > kDepthMax) return fail(ErrorKind::limit, "engine.type", "a type nests deeper than {} levels", kDepthMax);
  if (type.is_text()) return primitive_of(type);
  const auto kind = type["type"].text_or("");
  if (kind == "list") return LogicalType::LIST(TRY(type_of(type["element"], depth + 1)));
  if (kind == "map")
    return LogicalType::MAP(TRY(type_of(type["key"], depth + 1)), TRY(type_of(type["value"], depth + 1)));
  if (kind == "struct" && type["fields"].is_array() && !type["fields"].array().empty()) {
    duckdb::child_list_t<LogicalType> children;
    for (const json::Value& field : type["fields"].array()) {
      children.emplace_back(std::string(field["name"].text_or("")), TRY(type_of(field["type"], depth + 1)));
    }
    return LogicalType::STRUCT(std::move(children));
  }
  return no_type(type);
}

}  // namespace

Result<LogicalType> logical_type_of(const json::Value& iceberg_type) { return type_of(iceberg_type, 0); }

json::Value iceberg_type_of(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
      return "int";
    case LogicalTypeId::UINTEGER:
      return "long";
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_SEC:
      return "timestamp";
    case LogicalTypeId::ENUM:
      return "string";
    case LogicalTypeId::DECIMAL:
      return format("decimal({}, {})", duckdb::DecimalType::GetWidth(type), duckdb::DecimalType::GetScale(type));
    case LogicalTypeId::LIST: {
      json::Value element = iceberg_type_of(duckdb::ListType::GetChildType(type));
      if (element.is_null()) return {};
      return json::Object{{"type", "list"}, {"element-required", false}, {"element", std::move(element)}};
    }
    case LogicalTypeId::MAP: {
      json::Value key = iceberg_type_of(duckdb::MapType::KeyType(type)),
                  value = iceberg_type_of(duckdb::MapType::ValueType(type));
      if (key.is_null() || value.is_null()) return {};
      return json::Object{
          {"type", "map"}, {"key", std::move(key)}, {"value-required", false}, {"value", std::move(value)}};
    }
    case LogicalTypeId::STRUCT: {
      json::Array fields;
      for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
        json::Value inner = iceberg_type_of(child);
        if (inner.is_null()) return {};
        fields.push_back(json::Object{{"name", name}, {"required", false}, {"type", std::move(inner)}});
      }
      json::Object object{{"type", "struct"}};
      object.set("fields", json::Value(std::move(fields)));
      return object;
    }
    default:
      break;
  }
  for (const Known& known : kKnown) {
    if (known.id == type.id()) return known.name;
  }
  return {};
}

json::Value single_value_of(const duckdb::Value& value) {
  if (value.IsNull()) return {};
  switch (value.type().id()) {
    case LogicalTypeId::BOOLEAN:
      return value.GetValue<bool>();
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER:
      return value.GetValue<std::int64_t>();
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE: {
      const double real = value.GetValue<double>();
      return std::isfinite(real) ? json::Value(real) : json::Value();
    }
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ: {
      std::string text = value.ToString();
      if (text.find("infinity") != std::string::npos) return {};
      if (const auto space = text.find(' '); space != std::string::npos) text[space] = 'T';
      if (value.type().id() == LogicalTypeId::TIMESTAMP_TZ) {
        const auto zone = text.find_last_of("+-");
        if (zone != std::string::npos && zone > 10) text = text.substr(0, zone);
        text += "+00:00";
      }
      return text;
    }
    case LogicalTypeId::DECIMAL:
    case LogicalTypeId::DATE:
    case LogicalTypeId::TIME:
    case LogicalTypeId::UUID:
      return value.ToString();
    case LogicalTypeId::VARCHAR:
      return duckdb::StringValue::Get(value);
    case LogicalTypeId::BLOB:
      return text::hex(duckdb::StringValue::Get(value));
    default:
      return {};
  }
}

}  // namespace weft::engine::worker
