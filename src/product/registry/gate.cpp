#include "product/registry/gate.h"

#include <algorithm>

#include "base/json.h"
#include "formats/avro/graph.h"

namespace weft::registry {
namespace {

using Types = std::vector<std::string>;

// ---- Avro

Types types_of(const avro::Graph& graph, const avro::Type& type) {
  const json::Value* named = type.properties.find("logicalType");
  const std::string_view logical = named == nullptr ? std::string_view() : named->text_or("");
  switch (type.kind) {
    case avro::Kind::boolean:
      return {"boolean"};
    case avro::Kind::integer:
      if (logical == "date") return {"date"};
      if (logical == "time-millis") return {"time"};
      return {"int", "long"};
    case avro::Kind::long_integer:
      if (logical.starts_with("timestamp")) return {"timestamptz", "timestamp"};
      if (logical.starts_with("local-timestamp")) return {"timestamp"};
      if (logical == "time-micros") return {"time"};
      return {"long"};
    case avro::Kind::real:
      return {"float", "double"};
    case avro::Kind::double_real:
      return {"double"};
    case avro::Kind::string:
      return logical == "uuid" ? Types{"uuid", "string"} : Types{"string", "decimal", "uuid"};
    case avro::Kind::enumeration:
      return {"string"};
    case avro::Kind::bytes:
    case avro::Kind::fixed:
      if (logical == "decimal") return {"decimal"};
      return logical == "uuid" ? Types{"uuid"} : Types{"binary"};
    case avro::Kind::array:
      return {"list"};
    case avro::Kind::map:
      return {"map"};
    case avro::Kind::record:
      return {"struct"};
    case avro::Kind::alternatives: {
      // A union fills what its one branch beside null fills.
      Types all;
      for (const int branch : type.branches) {
        const avro::Type& one = graph.types[static_cast<std::size_t>(branch)];
        if (one.kind == avro::Kind::null) continue;
        if (!all.empty()) return {};
        all = types_of(graph, one);
      }
      return all;
    }
    case avro::Kind::null:
      return {};
  }
  return {};
}

bool may_be_null(const avro::Graph& graph, const avro::Type& type) {
  return type.kind == avro::Kind::null || std::any_of(type.branches.begin(), type.branches.end(), [&](int branch) {
           return graph.types[static_cast<std::size_t>(branch)].kind == avro::Kind::null;
         });
}

std::string written(const avro::Graph& graph, const avro::Type& type) {
  if (avro::is_named(type.kind)) return type.name.full();
  if (type.kind != avro::Kind::alternatives) return std::string(avro::to_string(type.kind));
  std::string all;
  for (const int branch : type.branches)
    all += (all.empty() ? "" : " or ") + written(graph, graph.types[static_cast<std::size_t>(branch)]);
  return all;
}

std::vector<SchemaField> fields_of(const avro::Graph& graph) {
  const avro::Type& root = graph.types[static_cast<std::size_t>(graph.root)];
  std::vector<SchemaField> all;
  const auto add = [&](std::string name, const avro::Type& type) {
    all.push_back({std::move(name), types_of(graph, type), written(graph, type), may_be_null(graph, type)});
  };
  if (root.kind != avro::Kind::record) {
    add("", root);
    return all;
  }
  for (const avro::Field& field : root.fields) add(field.name, graph.types[static_cast<std::size_t>(field.type)]);
  return all;
}

// ---- JSON Schema

Types types_of(std::string_view type, std::string_view format) {
  if (type == "integer") return {"int", "long"};
  if (type == "number") return {"float", "double", "decimal", "int", "long"};
  if (type == "boolean") return {"boolean"};
  if (type == "array") return {"list"};
  if (type == "object") return {"struct", "map"};
  if (type != "string") return {};
  if (format == "date") return {"date", "string"};
  if (format == "date-time") return {"timestamptz", "timestamp", "string"};
  if (format == "time") return {"time", "string"};
  return {"string", "decimal", "uuid", "binary", "date", "timestamp", "timestamptz", "time"};
}

SchemaField field_of(std::string name, const json::Value& schema, bool is_required) {
  SchemaField field{.name = std::move(name), .types = {}, .written = "anything", .may_be_null = !is_required};
  std::vector<std::string> named;
  if (schema["type"].is_text()) named.push_back(schema["type"].text());
  if (schema["type"].is_array()) {
    for (const json::Value& each : schema["type"].array()) named.emplace_back(each.text_or(""));
  }
  std::erase_if(named, [&](const std::string& type) {
    field.may_be_null = field.may_be_null || type == "null";
    return type == "null";
  });
  if (named.size() == 1) field.types = types_of(named[0], schema["format"].text_or(""));
  if (!named.empty()) field.written = named[0];
  return field;
}

std::vector<SchemaField> fields_of(const json::Value& schema) {
  if (!schema["properties"].is_object()) return {field_of("", schema, true)};
  std::vector<SchemaField> all;
  for (const auto& [name, property] : schema["properties"].object()) {
    bool is_required = false;
    if (schema["required"].is_array()) {
      for (const json::Value& each : schema["required"].array()) is_required = is_required || each.text_or("") == name;
    }
    all.push_back(field_of(name, property, is_required));
  }
  return all;
}

// ---- Protobuf

Types types_of(const protobuf::Field& field) {
  using Kind = protobuf::Field::Kind;
  if (field.is_repeated) return {"list"};
  if (field.kind == Kind::map) return {"map"};
  if (field.kind == Kind::enumeration) return {"string", "int"};
  if (field.kind == Kind::message) {
    if (field.type == "google.protobuf.Timestamp") return {"timestamptz", "timestamp"};
    return {"struct"};
  }
  const std::string& type = field.type;
  if (type == "bool") return {"boolean"};
  if (type == "float") return {"float", "double"};
  if (type == "double") return {"double"};
  if (type == "string") return {"string", "decimal", "uuid", "date"};
  if (type == "bytes") return {"binary", "decimal"};
  if (type == "int32" || type == "sint32" || type == "sfixed32") return {"int", "long", "date"};
  return {"long", "time", "timestamp", "timestamptz"};
}

std::vector<SchemaField> fields_of(const protobuf::Schema& schema) {
  std::vector<SchemaField> all;
  for (const protobuf::Field& field : schema.fields())
    all.push_back({field.name, types_of(field), field.type, field.may_be_absent});
  return all;
}

// ---- What a contract says

std::string family_of(const json::Value& type) {
  if (!type.is_text()) return std::string(type["type"].text_or("struct"));
  const std::string& text = type.text();
  return text.substr(0, text.find_first_of("(["));
}

const mesh::Column* column_named(const mesh::Port& port, const std::string& name) {
  for (const mesh::Column& each : port.columns) {
    if (each.name == name || (!each.physical_name.empty() && each.physical_name == name)) return &each;
  }
  return nullptr;
}

// What to write into a contract for a field that it does not have.
std::string declaration_of(const SchemaField& field) {
  static constexpr std::pair<std::string_view, std::string_view> kLogical[] = {
      {"int", "integer"},         {"long", "integer, logicalTypeOptions: {format: i64}"},
      {"float", "number"},        {"double", "number"},
      {"boolean", "boolean"},     {"date", "date"},
      {"time", "time"},           {"timestamptz", "timestamp"},
      {"timestamp", "timestamp"}, {"list", "array"},
      {"struct", "object"},       {"map", "map"}};
  std::string_view logical = "string";
  for (const auto& [type, name] : kLogical) {
    if (!field.types.empty() && field.types[0] == type) logical = name;
  }
  return format("- {{name: {}, logicalType: {}{}}}", field.name, logical, field.may_be_null ? "" : ", required: true");
}

void compare(const SchemaField& field, const mesh::Column& column, std::vector<std::string>& reasons) {
  const std::string wanted = family_of(column.type);
  if (std::find(field.types.begin(), field.types.end(), wanted) == field.types.end())
    reasons.push_back(format("field '{}' is {} and the contract's column {} is {}", field.name, field.written,
                             column.name, column.type.is_text() ? column.type.text() : wanted));
  if (column.is_required && field.may_be_null)
    reasons.push_back(format("field '{}' may be null and the contract requires {}", field.name, column.name));
}

// A key is the contract's primary key: its one column as a value, or all of them as a record.
std::vector<std::string> key_disagreements(const std::vector<SchemaField>& fields, const mesh::Port& port) {
  std::vector<const mesh::Column*> key;
  for (const mesh::Column& each : port.columns) {
    if (each.primary_key_position > 0) key.push_back(&each);
  }
  std::vector<std::string> reasons;
  if (key.empty()) return reasons;
  for (const SchemaField& field : fields) {
    const auto column = std::find_if(key.begin(), key.end(), [&](const mesh::Column* each) {
      return field.name.empty() ? key.size() == 1 : each->name == field.name;
    });
    if (column != key.end())
      compare(field, **column, reasons);
    else
      reasons.push_back(format("field '{}' is no part of the contract's primary key", field.name));
  }
  return reasons;
}

}  // namespace

std::optional<Owner> owner_of(const mesh::MeshState& mesh, const Subject& subject) {
  const std::string domain(domain_of(subject.context));
  if (domain.empty()) return std::nullopt;
  const std::string name = to_string(subject);
  for (auto each = mesh.products.lower_bound({domain, ""}); each != mesh.products.end() && each->first.domain == domain;
       ++each) {
    for (const mesh::Port& port : each->second.ports) {
      if (std::find(port.subjects.begin(), port.subjects.end(), name) != port.subjects.end())
        return Owner{.port = &port, .is_key = name.ends_with("-key")};
    }
  }
  return std::nullopt;
}

std::vector<SchemaField> fields_of(const Parsed& schema) {
  if (const auto* avro = schema.as<avro::Schema>()) return fields_of(avro->graph());
  if (const auto* protobuf = schema.as<protobuf::Schema>()) return fields_of(*protobuf);
  return fields_of(json::parse(schema.canonical(), {.depth_max = 400}).value_or(json::Value()));
}

std::vector<std::string> disagreements(const Parsed& schema, const Owner& owner) {
  const mesh::Port& port = *owner.port;
  if (port.columns.empty()) return {};
  const auto fields = fields_of(schema);
  if (owner.is_key) return key_disagreements(fields, port);
  std::vector<std::string> reasons;
  for (const SchemaField& field : fields) {
    if (field.name.empty()) return {format("the schema is {} and the contract describes a record", field.written)};
    if (const mesh::Column* column = column_named(port, field.name))
      compare(field, *column, reasons);
    else if (port.schema_source == "git" || !field.may_be_null)
      reasons.push_back(format("field '{}' is not declared: commit it to contract {} as `{}`", field.name,
                               port.contract_id, declaration_of(field)));
  }
  for (const mesh::Column& column : port.columns) {
    const bool is_there = std::any_of(fields.begin(), fields.end(), [&](const SchemaField& field) {
      return field.name == column.name || field.name == column.physical_name;
    });
    if (column.is_required && !is_there)
      reasons.push_back(format("the contract requires column {} and the schema has no such field", column.name));
  }
  return reasons;
}

}  // namespace weft::registry
