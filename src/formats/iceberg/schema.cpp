#include "formats/iceberg/schema.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/json.h"
#include "base/text.h"

namespace weft::iceberg {
namespace {

constexpr std::string_view kPlain[] = {"boolean", "int",       "long",        "float",  "double", "date",
                                       "time",    "timestamp", "timestamptz", "string", "uuid",   "binary"};

// The keys of a nested type that hold types; none for what is no nested type.
std::vector<std::string_view> parts_of(const Type& type) {
  const auto kind = type["type"].text_or("");
  if (kind == "list") return {"element"};
  if (kind == "map") return {"key", "value"};
  if (kind == "struct") return {"fields"};
  return {};
}

std::unexpected<Error> no_type(const Type& type) {
  return fail(ErrorKind::invalid, "iceberg.type", "{} is no Iceberg v2 type", json::write(type));
}

void assign_inner(Type& type, int& last_id) {
  if (!type.is_object()) return;
  json::Object& object = type.object();
  auto give = [&](std::string_view key) {
    if (object.find(key) == nullptr || object.find(key)->integer_or(0) == 0) object.set(key, ++last_id);
  };
  const std::string kind(type["type"].text_or(""));
  if (kind == "list") {
    give("element-id");
    assign_inner(*object.find("element"), last_id);
  } else if (kind == "map") {
    give("key-id");
    give("value-id");
    assign_inner(*object.find("key"), last_id);
    assign_inner(*object.find("value"), last_id);
  } else if (kind == "struct") {
    for (json::Value& field : object.find("fields")->array()) {
      if (field["id"].integer_or(0) == 0) field.object().set("id", ++last_id);
      assign_inner(*field.object().find("type"), last_id);
    }
  }
}

// Nested types compare without their ids, which the wanted one does not know.
Type without_ids(const Type& type) {
  if (!type.is_object()) return type;
  Type copy = type;
  for (const char* key : {"element-id", "key-id", "value-id"}) copy.object().erase(key);
  for (const char* key : {"element", "key", "value"}) {
    if (json::Value* inner = copy.object().find(key)) *inner = without_ids(*inner);
  }
  if (json::Value* fields = copy.object().find("fields")) {
    for (json::Value& field : fields->array()) {
      field.object().erase("id");
      field.object().erase("doc");
      *field.object().find("type") = without_ids(*field.object().find("type"));
    }
  }
  return copy;
}

bool widens(const Type& from, const Type& to) {
  if (without_ids(from) == without_ids(to)) return true;
  if (from.text_or("") == "int" && to.text_or("") == "long") return true;
  if (from.text_or("") == "float" && to.text_or("") == "double") return true;
  const auto old_decimal = decimal_of(from), new_decimal = decimal_of(to);
  return old_decimal && new_decimal && old_decimal->scale == new_decimal->scale &&
         old_decimal->precision <= new_decimal->precision;
}

// What the field was called, or nothing for one that takes the name that another gave up.
std::string_view name_before(std::string_view name,
                             const std::vector<std::pair<std::string, std::string>>& previous_names) {
  for (const auto& [now, before] : previous_names) {
    if (now == name) return before;
  }
  const bool is_given_up = std::any_of(previous_names.begin(), previous_names.end(),
                                       [&](const auto& renamed) { return renamed.second == name; });
  return is_given_up ? std::string_view() : name;
}

json::Value field_to_json(const Field& field) {
  json::Object object{{"id", field.id}, {"name", field.name}, {"required", field.required}, {"type", field.type}};
  if (!field.doc.empty()) object.set("doc", field.doc);
  return object;
}

}  // namespace

std::optional<Decimal> decimal_of(const Type& type) {
  if (!type.is_text() || !type.text().starts_with("decimal(") || !type.text().ends_with(")")) return std::nullopt;
  const auto parts = text::split(std::string_view(type.text()).substr(8, type.text().size() - 9), ',');
  if (parts.size() != 2) return std::nullopt;
  const auto precision = text::parse_integer(text::trim(parts[0])), scale = text::parse_integer(text::trim(parts[1]));
  if (!precision || !scale || *precision < 1 || *precision > 38 || *scale < 0 || *scale > *precision)
    return std::nullopt;
  return Decimal{*precision, *scale};
}

std::optional<std::int64_t> fixed_length(const Type& type) {
  const auto name = type.text_or("");
  if (!name.starts_with("fixed[") || !name.ends_with("]")) return std::nullopt;
  const auto length = text::parse_integer(name.substr(6, name.size() - 7));
  return length && *length > 0 && *length <= std::numeric_limits<int>::max() ? length : std::nullopt;
}

const Field* Schema::find(int id) const {
  for (const Field& field : fields) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Field* Schema::find(std::string_view name) const {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

json::Value to_json(const Schema& schema) {
  json::Array fields, identifiers;
  for (const Field& field : schema.fields) fields.push_back(field_to_json(field));
  for (const int id : schema.identifier_field_ids) identifiers.emplace_back(id);
  json::Object object{{"type", "struct"}, {"schema-id", schema.schema_id}};
  if (!identifiers.empty()) object.set("identifier-field-ids", json::Value(std::move(identifiers)));
  object.set("fields", json::Value(std::move(fields)));
  return object;
}

Result<Schema> schema_of(const json::Value& value) {
  if (value["type"].text_or("") != "struct" || !value["fields"].is_array())
    return fail(ErrorKind::invalid, "iceberg.metadata", "a schema that is no struct");
  Schema schema;
  schema.schema_id = static_cast<int>(value["schema-id"].integer_or(0));
  for (const json::Value& each : value["fields"].array()) {
    Field field{.id = static_cast<int>(each["id"].integer_or(0)),
                .name = std::string(each["name"].text_or("")),
                .required = each["required"].boolean_or(false),
                .type = each["type"],
                .doc = std::string(each["doc"].text_or(""))};
    if (field.id <= 0 || each["id"].integer_or(0) != field.id || field.name.empty() || field.type.is_null())
      return fail(ErrorKind::invalid, "iceberg.metadata", "a schema's field without id, name or type");
    if (schema.find(field.id) != nullptr || schema.find(field.name) != nullptr)
      return fail(ErrorKind::invalid, "iceberg.metadata", "a schema has two fields {} or two of the id {}", field.name,
                  field.id);
    schema.fields.push_back(std::move(field));
  }
  if (value["identifier-field-ids"].is_array()) {
    for (const json::Value& id : value["identifier-field-ids"].array())
      schema.identifier_field_ids.push_back(static_cast<int>(id.integer_or(0)));
  }
  return schema;
}

Result<Type> normalized(const Type& type) {
  if (type.is_text()) {
    if (std::find(std::begin(kPlain), std::end(kPlain), type.text()) != std::end(kPlain)) return type;
    if (const auto decimal = decimal_of(type))
      return Type(format("decimal({}, {})", decimal->precision, decimal->scale));
    if (fixed_length(type)) return type;
    return no_type(type);
  }
  if (!type.is_object()) return no_type(type);
  Type copy = type;
  for (const std::string_view part : parts_of(type)) {
    json::Value* inner = copy.object().find(part);
    if (inner == nullptr) return no_type(type);
    if (part != "fields") {
      *inner = TRY(normalized(*inner));
      continue;
    }
    if (!inner->is_array()) return no_type(type);
    for (json::Value& field : inner->array()) {
      if (!field.is_object() || !field.object().contains("type")) return no_type(type);
      json::Value kind = TRY(normalized(field["type"]));
      field.object().set("type", std::move(kind));
    }
  }
  if (parts_of(type).empty()) return no_type(type);
  return copy;
}

void assign_ids(Schema& schema, int& last_id) {
  for (Field& field : schema.fields) {
    if (field.id == 0) field.id = ++last_id;
  }
  for (Field& field : schema.fields) assign_inner(field.type, last_id);
}

Result<Schema> evolve(const Schema& current, const Schema& wanted,
                      const std::vector<std::pair<std::string, std::string>>& previous_names, int& last_id) {
  Schema next = wanted;
  json::Array reasons;
  std::set<int> followed;
  for (Field& field : next.fields) {
    const Field* old = current.find(name_before(field.name, previous_names));
    if (old != nullptr && !followed.insert(old->id).second) old = nullptr;
    if (old == nullptr) {
      field.id = 0;
      if (field.required)
        reasons.push_back(
            format("{} is new and required: rows that are there have no value for it; add it as optional", field.name));
      continue;
    }
    field.id = old->id;
    if (!widens(old->type, field.type)) {
      reasons.push_back(
          format("{} cannot change from {} to {} without loss; give it a new name, or a new major version", field.name,
                 json::write(old->type), json::write(field.type)));
    }
    if (field.required && !old->required)
      reasons.push_back(format("{} cannot become required: rows that are there may lack it", field.name));
    if (without_ids(old->type) == without_ids(field.type)) field.type = old->type;  // Keeps the inner ids.
  }
  if (!reasons.empty()) {
    auto refusal = fail(ErrorKind::refused, "lake.incompatible_change", "the table cannot follow this change: {}",
                        reasons.front().text());
    refusal.error().details.set("reasons", json::Value(std::move(reasons)));
    return refusal;
  }
  assign_ids(next, last_id);
  return next;
}

bool is_same(const Schema& a, const Schema& b) {
  if (a.fields.size() != b.fields.size() || a.identifier_field_ids != b.identifier_field_ids) return false;
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    const Field &x = a.fields[i], &y = b.fields[i];
    if (x.id != y.id || x.name != y.name || x.required != y.required || !(x.type == y.type) || x.doc != y.doc)
      return false;
  }
  return true;
}

}  // namespace weft::iceberg
