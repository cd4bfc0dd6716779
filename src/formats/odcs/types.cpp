#include "formats/odcs/types.h"

#include "base/format.h"
#include "base/text.h"

namespace weft::odcs {
namespace {

struct Physical {
  std::string_view name, type;
};
// Names of SQL dialects that mean one Iceberg type without loss. Those with parameters come before this table.
constexpr Physical kPhysical[] = {
    {"boolean", "boolean"},
    {"bool", "boolean"},
    {"tinyint", "int"},
    {"smallint", "int"},
    {"int2", "int"},
    {"integer", "int"},
    {"int", "int"},
    {"int4", "int"},
    {"bigint", "long"},
    {"int8", "long"},
    {"long", "long"},
    {"real", "float"},
    {"float4", "float"},
    {"float", "float"},
    {"double", "double"},
    {"double precision", "double"},
    {"float8", "double"},
    {"date", "date"},
    {"time", "time"},
    {"timestamp", "timestamp"},
    {"timestamp without time zone", "timestamp"},
    {"datetime", "timestamp"},
    {"timestamptz", "timestamptz"},
    {"timestamp with time zone", "timestamptz"},
    {"text", "string"},
    {"string", "string"},
    {"varchar", "string"},
    {"char", "string"},
    {"character varying", "string"},
    {"uuid", "uuid"},
    {"binary", "binary"},
    {"blob", "binary"},
    {"bytea", "binary"},
    {"varbinary", "binary"},
};

struct Logical {
  std::string_view logical;
  std::string_view types;  // Iceberg types that a physicalType may choose within it.
};
constexpr Logical kFits[] = {
    {"string", "string uuid binary"},
    {"integer", "int long decimal"},
    {"number", "float double decimal int long"},
    {"boolean", "boolean"},
    {"date", "date"},
    {"timestamp", "timestamp timestamptz"},
    {"time", "time"},
};

std::unexpected<Error> no_type(const Property& property, std::string_view what) {
  return fail(ErrorKind::unsupported, "odcs.type", "{}: {}", property.name, what);
}

// "numeric(10,2)" → "decimal(10, 2)"; "varchar(20)" → "string"; nothing when unknown.
std::optional<std::string> physical_type(const std::string& written) {
  const std::string whole = text::lower(text::trim(written));
  const std::string name(text::trim(std::string_view(whole).substr(0, whole.find('('))));
  if (name == "decimal" || name == "numeric" || name == "dec") {
    const auto open = whole.find('('), close = whole.find(')');
    if (open == std::string::npos || close == std::string::npos) return std::nullopt;
    const auto parts = text::split(std::string_view(whole).substr(open + 1, close - open - 1), ',');
    const auto precision = text::parse_integer(text::trim(parts[0]));
    const auto scale = parts.size() > 1 ? text::parse_integer(text::trim(parts[1])) : std::optional<std::int64_t>(0);
    if (!precision || !scale || *precision < 1 || *precision > 38 || *scale < 0 || *scale > *precision)
      return std::nullopt;
    return format("decimal({}, {})", *precision, *scale);
  }
  for (const Physical& known : kPhysical) {
    if (known.name == name) return std::string(known.type);
  }
  return std::nullopt;
}

bool fits(std::string_view logical, std::string_view type) {
  if (logical.empty()) return true;
  const std::string_view family = type.substr(0, type.find('('));
  for (const Logical& known : kFits) {
    if (known.logical != logical) continue;
    for (const std::string_view each : text::split(known.types, ' ')) {
      if (each == family) return true;
    }
  }
  return false;
}

Result<json::Value> integer_type(const Property& property) {
  const auto found = property.options.find("format");
  const std::string name(found == nullptr ? "i32" : found->text_or("i32"));
  if (name == "i8" || name == "i16" || name == "i32" || name == "u8" || name == "u16") return json::Value("int");
  if (name == "u32" || name == "i64") return json::Value("long");
  return no_type(
      property,
      format("format {} does not fit 64 signed bits; name a lossless target, like physicalType: decimal(20, 0)", name));
}

Result<json::Value> nested_type(const Property& property) {
  if (property.logical_type == "array") {
    if (property.items.empty()) return no_type(property, "an array needs `items`");
    return json::Value(
        json::Object{{"type", "list"}, {"element-required", false}, {"element", TRY(column_type(property.items[0]))}});
  }
  json::Array fields;
  for (const Property& child : property.properties) {
    fields.push_back(
        json::Object{{"name", child.name}, {"required", child.is_required}, {"type", TRY(column_type(child))}});
  }
  if (fields.empty()) return no_type(property, "an object needs `properties`");
  json::Object type{{"type", "struct"}};
  type.set("fields", json::Value(std::move(fields)));
  return json::Value(std::move(type));
}

}  // namespace

Result<json::Value> column_type(const Property& property) {
  if (property.logical_type == "array" || property.logical_type == "object") return nested_type(property);
  if (!property.physical_type.empty()) {
    if (const auto type = physical_type(property.physical_type); type && fits(property.logical_type, *type))
      return json::Value(*type);
    const std::string lower = text::lower(property.physical_type);
    if (lower.starts_with("interval") || lower == "timetz" || lower.starts_with("time with")) {
      return no_type(property,
                     format("physicalType {} has no lossless place in a table; use text", property.physical_type));
    }
  }
  const auto option = [&](std::string_view key) -> const json::Value& {
    static const json::Value kNone;
    const json::Value* found = property.options.find(key);
    return found == nullptr ? kNone : *found;
  };
  const std::string& logical = property.logical_type;
  if (logical.empty() || logical == "string") {
    const auto named = option("format").text_or("");
    return json::Value(named == "uuid" ? "string" : named == "binary" ? "binary" : "string");
  }
  if (logical == "integer") return integer_type(property);
  if (logical == "number") return json::Value(option("format").text_or("") == "f32" ? "float" : "double");
  if (logical == "boolean" || logical == "date" || logical == "time") return json::Value(logical);
  // The standard's `timezone` says whether the value carries one; instants are kept in UTC.
  if (logical == "timestamp")
    return json::Value(option("timezone").is_boolean() && !option("timezone").boolean() ? "timestamp" : "timestamptz");
  return no_type(property, format("the logicalType {} has no column type here", logical));
}

}  // namespace weft::odcs
