#include <set>

#include "base/json.h"
#include "base/text.h"
#include "formats/odcs/types.h"
#include "product/contracts/export.h"

// JSON Schema, Avro and Protobuf of a contract's schema object.
namespace weft::contracts {
namespace {

// ---- JSON Schema 2020-12

constexpr std::string_view kCarried[] = {"minLength",        "maxLength",        "pattern",      "minimum",  "maximum",
                                         "exclusiveMinimum", "exclusiveMaximum", "multipleOf",   "minItems", "maxItems",
                                         "uniqueItems",      "minProperties",    "maxProperties"};

std::string_view json_type(std::string_view logical) {
  if (logical == "integer" || logical == "number" || logical == "boolean" || logical == "object" || logical == "array")
    return logical;
  if (logical == "map") return "object";
  if (logical == "vector") return "array";
  return "string";
}

Result<json::Object> json_schema_of(const odcs::Property& property, const std::string& where, Exported& out);

Result<json::Object> json_members(const std::vector<odcs::Property>& properties, const std::string& where,
                                  Exported& out) {
  json::Object members;
  json::Array required;
  for (const odcs::Property& each : properties) {
    json::Object schema = TRY(json_schema_of(each, where + "." + each.name, out));
    if (each.is_required || each.is_primary_key) {
      required.emplace_back(each.name);
    } else if (auto* type = schema.find("type")) {
      *type = json::Value(json::Array{*type, "null"});
      if (auto* values = schema.find("enum")) values->array().emplace_back();
    }
    members.set(each.name, std::move(schema));
  }
  json::Object object{{"type", "object"}, {"properties", std::move(members)}};
  if (!required.empty()) object.set("required", std::move(required));
  return object;
}

void note_rules(const odcs::Property& property, const std::string& where, Exported& out) {
  if (property.is_unique) out.left_out.push_back(where + ": unique");
  if (!property.quality.empty())
    out.left_out.push_back(format("{}: {} quality rule(s)", where, property.quality.size()));
}

Result<json::Object> json_schema_of(const odcs::Property& property, const std::string& where, Exported& out) {
  note_rules(property, where, out);
  json::Object schema;
  if (!property.description.empty()) schema.set("description", property.description);
  const std::string_view type = json_type(property.logical_type);
  schema.set("type", type);
  if (type == "object" && !property.properties.empty()) {
    for (auto& [key, value] : TRY(json_members(property.properties, where, out))) schema.set(key, value);
  }
  if (type == "array" && property.items.size() == 1)
    schema.set("items", TRY(json_schema_of(property.items.front(), where + "[]", out)));
  if (property.logical_type == "date") schema.set("format", "date");
  if (property.logical_type == "timestamp") schema.set("format", "date-time");
  if (property.logical_type == "time") schema.set("format", "time");
  const bool is_temporal =
      property.logical_type == "date" || property.logical_type == "timestamp" || property.logical_type == "time";
  for (const auto& [key, value] : property.options) {
    if (!is_temporal && std::find(std::begin(kCarried), std::end(kCarried), key) != std::end(kCarried))
      schema.set(key, value);
    else if (key == "format" && property.logical_type == "string")
      schema.set(key, value);
    else
      out.left_out.push_back(format("{}: option {}", where, key));
  }
  if (!property.enumeration.empty()) schema.set("enum", property.enumeration);
  return schema;
}

// ---- Avro, from the column types

struct AvroNames {
  std::set<std::string> used;
  std::string fresh(std::string name) {
    while (!used.insert(name).second) name += "_";
    return name;
  }
};

json::Value logical(std::string_view type, std::string_view name) {
  return json::Object{{"type", type}, {"logicalType", name}};
}

Result<json::Value> avro_type(const json::Value& type, const std::string& name, AvroNames& names);

Result<json::Value> avro_primitive(std::string_view type, const std::string& where) {
  if (type == "boolean" || type == "int" || type == "long" || type == "float" || type == "double" || type == "string")
    return json::Value(type);
  if (type == "binary") return json::Value("bytes");
  if (type == "date") return logical("int", "date");
  if (type == "time") return logical("long", "time-micros");
  if (type == "timestamp") return logical("long", "local-timestamp-micros");
  if (type == "timestamptz") return logical("long", "timestamp-micros");
  if (type == "uuid") return logical("string", "uuid");
  if (type.starts_with("decimal(")) {
    const auto parts = text::split(type.substr(8, type.size() - 9), ',');
    return json::Value(json::Object{{"type", "bytes"},
                                    {"logicalType", "decimal"},
                                    {"precision", text::parse_integer(text::trim(parts[0])).value_or(38)},
                                    {"scale", text::parse_integer(text::trim(parts[1])).value_or(0)}});
  }
  return fail(ErrorKind::unsupported, "odcs.type", "{}: {} has no place in Avro", where, type);
}

Result<json::Value> avro_type(const json::Value& type, const std::string& name, AvroNames& names) {
  if (type.is_text()) return avro_primitive(type.text(), name);
  const std::string_view kind = type["type"].text_or("");
  if (kind == "list")
    return json::Value(
        json::Object{{"type", "array"}, {"items", TRY(avro_type(type["element"], name + "_item", names))}});
  if (kind == "map")
    return json::Value(
        json::Object{{"type", "map"}, {"values", TRY(avro_type(type["value"], name + "_value", names))}});
  json::Array fields;
  const std::string record = names.fresh(identifier(name));
  for (const json::Value& field : type["fields"].array()) {
    const std::string inner(field["name"].text_or(""));
    json::Value of = TRY(avro_type(field["type"], name + "_" + inner, names));
    const bool is_required = field["required"].boolean_or(false);
    json::Object one{{"name", identifier(inner)}, {"type", is_required ? of : json::Value(json::Array{"null", of})}};
    if (!is_required) one.set("default", json::Value());
    fields.push_back(std::move(one));
  }
  return json::Value(json::Object{{"type", "record"}, {"name", record}, {"fields", std::move(fields)}});
}

void note_constraints(const odcs::Property& property, const std::string& where, Exported& out) {
  note_rules(property, where, out);
  for (const auto& [key, value] : property.options) {
    if (key != "format" || property.logical_type == "string")
      out.left_out.push_back(format("{}: option {}", where, key));
  }
  if (!property.enumeration.empty()) out.left_out.push_back(where + ": enum");
}

// ---- Protobuf

struct ProtoFile {
  std::set<std::string> imports;
  std::string messages;
};

std::string camel(std::string_view name) {
  std::string all;
  bool is_start = true;
  for (const char c : identifier(name)) {
    if (c == '_') {
      is_start = true;
      continue;
    }
    all += is_start && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    is_start = false;
  }
  return all.empty() ? "Record" : all;
}

struct ProtoType {
  std::string name;
  bool is_repeated = false;
};

void proto_message(const std::string& name, const json::Array& fields, int depth, ProtoFile& file, std::string& out);

ProtoType proto_type(const json::Value& type, const std::string& name, int depth, ProtoFile& file,
                     std::string& nested) {
  if (type.is_text()) {
    const std::string& text = type.text();
    if (text == "boolean") return {"bool"};
    if (text == "int" || text == "date") return {"int32"};
    if (text == "long" || text == "time" || text == "timestamp") return {"int64"};
    if (text == "float" || text == "double") return {text};
    if (text == "binary") return {"bytes"};
    if (text == "timestamptz") {
      file.imports.insert("google/protobuf/timestamp.proto");
      return {"google.protobuf.Timestamp"};
    }
    return {"string"};  // Decimals and UUIDs as texts: exact.
  }
  const std::string_view kind = type["type"].text_or("");
  if (kind == "list") {
    ProtoType element = proto_type(type["element"], name, depth, file, nested);
    if (element.is_repeated) {  // Lists of lists need a message between them.
      nested += format("{}message {}Row {{\n{}repeated {} items = 1;\n{}}}\n",
                       std::string(static_cast<std::size_t>(depth) * 2, ' '), camel(name),
                       std::string(static_cast<std::size_t>(depth) * 2 + 2, ' '), element.name,
                       std::string(static_cast<std::size_t>(depth) * 2, ' '));
      element.name = camel(name) + "Row";
    }
    return {element.name, true};
  }
  if (kind == "map") return {format("map<string, {}>", proto_type(type["value"], name, depth, file, nested).name)};
  proto_message(camel(name), type["fields"].array(), depth, file, nested);
  return {camel(name)};
}

void proto_message(const std::string& name, const json::Array& fields, int depth, ProtoFile& file, std::string& out) {
  const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
  std::string nested, members;
  int number = 1;
  for (const json::Value& field : fields) {
    const std::string inner(field["name"].text_or(""));
    const ProtoType type = proto_type(field["type"], inner, depth + 1, file, nested);
    const bool is_plain = !type.is_repeated && !type.name.starts_with("map<");
    const std::string_view label = type.is_repeated                                   ? "repeated "
                                   : is_plain && !field["required"].boolean_or(false) ? "optional "
                                                                                      : "";
    members += format("{}  {}{} {} = {};\n", indent, label, type.name, identifier(inner), number++);
  }
  out += format("{}message {} {{\n{}{}{}}}\n", indent, name, nested, members, indent);
}

// The object's columns as one struct type.
Result<json::Value> struct_of(const odcs::SchemaObject& object) {
  json::Array fields;
  for (const odcs::Property& each : object.properties) {
    fields.push_back(json::Object{{"name", each.name},
                                  {"required", each.is_required || each.is_primary_key},
                                  {"type", TRY(odcs::column_type(each))}});
  }
  return json::Value(json::Object{{"type", "struct"}, {"fields", std::move(fields)}});
}

}  // namespace

Result<Exported> to_json_schema(const odcs::Contract& contract, const odcs::SchemaObject& object) {
  Exported out;
  json::Object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                      {"$id", format("urn:{}:{}:{}", contract.id, object.name, contract.version)},
                      {"title", object.name}};
  if (!object.description.empty()) schema.set("description", object.description);
  for (auto& [key, value] : TRY(json_members(object.properties, object.name, out))) schema.set(key, value);
  out.text = json::write_pretty(json::Value(std::move(schema))) + "\n";
  return out;
}

Result<Exported> to_avro(const odcs::Contract& contract, const odcs::SchemaObject& object) {
  Exported out;
  AvroNames names;
  json::Value type = TRY(avro_type(TRY(struct_of(object)), object.name, names));
  json::Object record{{"type", "record"}, {"name", type["name"]}};
  if (!contract.domain.empty()) record.set("namespace", identifier(contract.domain));
  if (!object.description.empty()) record.set("doc", object.description);
  json::Array fields = type["fields"].array();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const odcs::Property& property = object.properties[i];
    if (!property.description.empty()) fields[i].object().set("doc", property.description);
    note_constraints(property, object.name + "." + property.name, out);
  }
  record.set("fields", std::move(fields));
  out.text = json::write_pretty(json::Value(std::move(record))) + "\n";
  return out;
}

Result<Exported> to_protobuf(const odcs::Contract& contract, const std::vector<const odcs::SchemaObject*>& objects) {
  Exported out;
  ProtoFile file;
  for (const odcs::SchemaObject* object : objects) {
    const json::Value type = TRY(struct_of(*object));
    file.messages += "\n";
    proto_message(camel(object->name), type["fields"].array(), 0, file, file.messages);
    for (const odcs::Property& each : object->properties) note_constraints(each, object->name + "." + each.name, out);
  }
  out.text = "syntax = \"proto3\";\n";
  if (!contract.domain.empty()) out.text += format("\npackage {};\n", identifier(contract.domain));
  if (!file.imports.empty()) out.text += "\n";
  for (const std::string& each : file.imports) out.text += format("import \"{}\";\n", each);
  out.text += file.messages;
  return out;
}

}  // namespace weft::contracts
