#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/avro/graph.h"
#include "formats/avro/schema.h"

namespace weft::avro {
namespace {

constexpr std::size_t kJsonDepthMax = 400;
constexpr std::size_t kTypesMax = 100'000;
constexpr std::string_view kReserved[] = {"doc",  "fields",  "items",  "name", "namespace",
                                          "size", "symbols", "values", "type", "aliases"};
constexpr std::string_view kFieldReserved[] = {"default", "doc", "name", "order", "type", "aliases"};

std::unexpected<Error> wrong(const std::string& pointer, std::string_view what) {
  return fail(ErrorKind::invalid, "avro.schema", "{}: {}", pointer.empty() ? "the schema" : pointer, what);
}

bool is_simple_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || !is_letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool is_dotted_name(std::string_view name) {
  const auto parts = text::split(name, '.');
  return std::all_of(parts.begin(), parts.end(), is_simple_name);
}

// A name as it is written in the namespace around it; a dotted name says its own.
Name name_in(std::string_view text, std::string_view space) {
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos) return {std::string(space), std::string(text)};
  return {std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

template <std::size_t N>
json::Object others(const json::Object& object, const std::string_view (&reserved)[N], std::string_view also = {}) {
  json::Object rest;
  for (const auto& [key, value] : object) {
    if (std::find(std::begin(reserved), std::end(reserved), key) == std::end(reserved) && key != also)
      rest.add(key, value);
  }
  return rest;
}

class Parser {
 public:
  explicit Parser(Graph& graph) : graph_(graph) {}

  Result<int> type(const json::Value& value, const std::string& space, const std::string& at) {
    if (graph_.types.size() >= kTypesMax)
      return fail(ErrorKind::limit, "avro.too_large", "the schema has more than {} types", kTypesMax);
    if (value.is_text()) return named_or_primitive(value.text(), space, at);
    if (value.is_array()) return alternatives(value.array(), space, at);
    if (value.is_object()) return object(value.object(), space, at);
    return wrong(at, "a type is a name, an object or an array of types");
  }

 private:
  int put(Type type) {
    graph_.types.push_back(std::move(type));
    return static_cast<int>(graph_.types.size()) - 1;
  }

  Result<int> named_or_primitive(const std::string& name, const std::string& space, const std::string& at) {
    if (const auto kind = primitive_of(name)) return put({.kind = *kind, .name = {}});
    for (const Name& each : {name_in(name, space), name_in(name, "")}) {
      if (const auto found = graph_.names.find(each); found != graph_.names.end()) return found->second;
    }
    return wrong(at, format("there is no type {}", name));
  }

  Result<int> alternatives(const json::Array& array, const std::string& space, const std::string& at) {
    Type type{.kind = Kind::alternatives, .name = {}};
    std::set<std::string> seen;
    for (std::size_t i = 0; i < array.size(); ++i) {
      const std::string here = format("{}/{}", at, i);
      const int branch = TRY(this->type(array[i], space, here));
      const Type& of = graph_.types[static_cast<std::size_t>(branch)];
      if (of.kind == Kind::alternatives) return wrong(here, "a union stands directly in a union");
      const std::string name = is_named(of.kind) ? of.name.full() : std::string(to_string(of.kind));
      if (!seen.insert(name).second) return wrong(here, format("{} stands twice in the union", name));
      type.branches.push_back(branch);
    }
    return put(std::move(type));
  }

  Result<int> object(const json::Object& object, const std::string& space, const std::string& at) {
    const json::Value* kind = object.find("type");
    if (kind == nullptr) return wrong(at, "the object has no `type`");
    if (!kind->is_text()) return type(*kind, space, at + "/type");
    const std::string& name = kind->text();
    if (const auto primitive = primitive_of(name))
      return put({.kind = *primitive, .name = {}, .properties = others(object, kReserved)});
    if (name == "record" || name == "error") return record(object, name == "error", space, at);
    if (name == "enum") return enumeration(object, space, at);
    if (name == "fixed") return fixed(object, space, at);
    if (name == "array") return list(object, Kind::array, "items", space, at);
    if (name == "map") return list(object, Kind::map, "values", space, at);
    return named_or_primitive(name, space, at + "/type");
  }

  Result<int> list(const json::Object& object, Kind kind, std::string_view member, const std::string& space,
                   const std::string& at) {
    const json::Value* items = object.find(member);
    if (items == nullptr) return wrong(at, format("the {} has no `{}`", to_string(kind), member));
    Type type{.kind = kind, .name = {}, .properties = others(object, kReserved)};
    type.items = TRY(this->type(*items, space, at + "/" + std::string(member)));
    return put(std::move(type));
  }

  // What all named types have; the type is known by its name from here on.
  Result<int> named(const json::Object& object, Kind kind, const std::string& space, const std::string& at) {
    const json::Value* name = object.find("name");
    if (name == nullptr || !name->is_text()) return wrong(at, format("the {} has no `name`", to_string(kind)));
    std::string own = space;
    if (const json::Value* given = object.find("namespace"); given != nullptr) {
      if (!given->is_text()) return wrong(at + "/namespace", "the namespace is not a text");
      own = given->text();
    }
    Type type{.kind = kind, .name = name_in(name->text(), own)};
    if (!is_dotted_name(name->text()) || !(type.name.space.empty() || is_dotted_name(type.name.space)))
      return wrong(at + "/name",
                   format("{} is no name: letters, digits and _, not beginning with a digit", type.name.full()));
    if (type.name.space.empty() && primitive_of(type.name.last))
      return wrong(at + "/name", format("{} is the name of a primitive type", type.name.last));
    if (graph_.names.contains(type.name)) return wrong(at + "/name", format("{} is defined twice", type.name.full()));
    if (const json::Value* doc = object.find("doc"); doc != nullptr && doc->is_text()) type.doc = doc->text();
    for (const std::string& alias : TRY(texts(object, "aliases", at))) {
      if (!is_dotted_name(alias)) return wrong(at + "/aliases", format("{} is no name", alias));
      type.aliases.push_back(name_in(alias, type.name.space));
    }
    type.properties = others(object, kReserved, kind == Kind::enumeration ? "default" : "");
    const Name full = type.name;
    const int index = put(std::move(type));
    graph_.names.emplace(full, index);
    return index;
  }

  static Result<std::vector<std::string>> texts(const json::Object& object, std::string_view member,
                                                const std::string& at) {
    std::vector<std::string> all;
    const json::Value* list = object.find(member);
    if (list == nullptr || list->is_null()) return all;
    if (!list->is_array()) return wrong(format("{}/{}", at, member), "is not an array of names");
    for (const json::Value& each : list->array()) {
      if (!each.is_text()) return wrong(format("{}/{}", at, member), "holds something that is no text");
      all.push_back(each.text());
    }
    return all;
  }

  Result<int> enumeration(const json::Object& object, const std::string& space, const std::string& at) {
    const int index = TRY(named(object, Kind::enumeration, space, at));
    if (!object.contains("symbols")) return wrong(at, "the enum has no `symbols`");
    std::vector<std::string> symbols = TRY(texts(object, "symbols", at));
    std::set<std::string> seen;
    for (const std::string& symbol : symbols) {
      if (!is_simple_name(symbol))
        return wrong(at + "/symbols", format("{} is no symbol: letters, digits and _", symbol));
      if (!seen.insert(symbol).second) return wrong(at + "/symbols", format("{} stands twice", symbol));
    }
    Type& type = graph_.types[static_cast<std::size_t>(index)];
    if (const json::Value* otherwise = object.find("default"); otherwise != nullptr) {
      if (!otherwise->is_text() || !seen.contains(otherwise->text()))
        return wrong(at + "/default", "the default is none of the symbols");
      type.otherwise = otherwise->text();
    }
    type.symbols = std::move(symbols);
    return index;
  }

  Result<int> fixed(const json::Object& object, const std::string& space, const std::string& at) {
    const int index = TRY(named(object, Kind::fixed, space, at));
    const json::Value* size = object.find("size");
    if (size == nullptr || !size->is_integer() || size->integer() < 0)
      return wrong(at, "the fixed has no `size` of 0 or more");
    graph_.types[static_cast<std::size_t>(index)].size = size->integer();
    return index;
  }

  Result<int> record(const json::Object& object, bool is_error, const std::string& space, const std::string& at) {
    const int index = TRY(named(object, Kind::record, space, at));
    graph_.types[static_cast<std::size_t>(index)].is_error = is_error;
    const json::Value* list = object.find("fields");
    if (list == nullptr || !list->is_array()) return wrong(at, "the record has no `fields`");
    const std::string inner = graph_.types[static_cast<std::size_t>(index)].name.space;
    std::vector<Field> fields;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < list->array().size(); ++i) {
      Field field = TRY(this->field(list->array()[i], inner, format("{}/fields/{}", at, i)));
      if (!seen.insert(field.name).second)
        return wrong(format("{}/fields/{}", at, i), format("the field {} stands twice", field.name));
      fields.push_back(std::move(field));
    }
    graph_.types[static_cast<std::size_t>(index)].fields = std::move(fields);
    return index;
  }

  Result<Field> field(const json::Value& value, const std::string& space, const std::string& at) {
    if (!value.is_object()) return wrong(at, "a field is an object");
    const json::Object& object = value.object();
    const json::Value* type = object.find("type");
    if (!value["name"].is_text()) return wrong(at, "the field has no `name`");
    if (!is_simple_name(value["name"].text()))
      return wrong(at + "/name",
                   format("{} is no name: letters, digits and _, not beginning with a digit", value["name"].text()));
    if (type == nullptr) return wrong(at, format("the field {} has no `type`", value["name"].text()));
    Field field{.name = value["name"].text(), .order = "ascending", .properties = others(object, kFieldReserved)};
    field.type = TRY(this->type(*type, space, at + "/type"));
    if (const json::Value* otherwise = object.find("default")) field.otherwise = *otherwise;
    if (value["doc"].is_text()) field.doc = value["doc"].text();
    if (!value["order"].is_null()) {
      field.order = text::lower(value["order"].text_or("?"));
      if (field.order != "ascending" && field.order != "descending" && field.order != "ignore")
        return wrong(at + "/order", "the order is ascending, descending or ignore");
    }
    field.aliases = TRY(texts(object, "aliases", at));
    return field;
  }

  Graph& graph_;
};

// Whether a default is a value of the type, once all names are known.
class Defaults {
 public:
  explicit Defaults(const Graph& graph) : graph_(graph) {}

  Result<> check() const {
    for (const Type& type : graph_.types) {
      for (const Field& field : type.fields) {
        if (field.otherwise && !fits_any(field.type, *field.otherwise, 0))
          return wrong(type.name.full(), format("the default of the field {} is no value of its type: {}", field.name,
                                                json::write(*field.otherwise).substr(0, 100)));
      }
    }
    return {};
  }

 private:
  // A union's default is one of any branch.
  bool fits_any(int index, const json::Value& value, int depth) const {
    const Type& type = graph_.types[static_cast<std::size_t>(index)];
    if (type.kind != Kind::alternatives) return fits(index, value, depth);
    return std::any_of(type.branches.begin(), type.branches.end(),
                       [&](int branch) { return fits(branch, value, depth); });
  }

  bool fits(int index, const json::Value& value, int depth) const {
    constexpr int kDefaultDepthMax = 64;
    if (depth > kDefaultDepthMax) return false;
    const Type& type = graph_.types[static_cast<std::size_t>(index)];
    switch (type.kind) {
      case Kind::null:
        return value.is_null();
      case Kind::boolean:
        return value.is_boolean();
      case Kind::integer:
        return value.is_integer() && value.integer() >= INT32_MIN && value.integer() <= INT32_MAX;
      case Kind::long_integer:
        return value.is_integer();
      case Kind::real:
      case Kind::double_real:
        return value.is_number();
      case Kind::bytes:
      case Kind::string:
      case Kind::enumeration:
      case Kind::fixed:
        return value.is_text();
      case Kind::array:
        return value.is_array() &&
               std::all_of(value.array().begin(), value.array().end(),
                           [&](const json::Value& each) { return fits_any(type.items, each, depth + 1); });
      case Kind::map:
        return value.is_object() &&
               std::all_of(value.object().begin(), value.object().end(),
                           [&](const json::Member& each) { return fits_any(type.items, each.value, depth + 1); });
      case Kind::alternatives:
        return fits_any(index, value, depth + 1);
      case Kind::record:
        return value.is_object() && std::all_of(type.fields.begin(), type.fields.end(), [&](const Field& field) {
                 const json::Value* member = value.object().find(field.name);
                 if (member == nullptr && field.otherwise) member = &*field.otherwise;
                 return member != nullptr && fits_any(field.type, *member, depth + 1);
               });
    }
    return false;
  }

  const Graph& graph_;
};

Result<json::Value> read(std::string_view text) {
  auto value = json::parse(text, {.bytes_max = evolution::kSchemaBytesMax, .depth_max = kJsonDepthMax});
  if (value) return value;
  // A bare name is a schema to Avro's own tools, though no JSON.
  const std::string_view word = text::trim(text);
  if (primitive_of(word)) return json::Value(word);
  return fail(value.error().kind == ErrorKind::limit ? ErrorKind::limit : ErrorKind::invalid,
              value.error().kind == ErrorKind::limit ? "avro.too_large" : "avro.schema", "{}", value.error().message);
}

}  // namespace

Result<Schema> Schema::parse(std::string_view text, std::span<const evolution::Import> imports) {
  auto graph = std::make_shared<Graph>();
  Parser parser(*graph);
  for (const evolution::Import& each : imports) {
    auto type = parser.type(TRY(read(each.text)), "", "");
    if (!type)
      return fail(type.error().kind, type.error().code, "the reference {}: {}", each.name, type.error().message);
  }
  for (Type& type : graph->types) type.is_imported = true;
  graph->root = TRY(parser.type(TRY(read(text)), "", ""));
  TRY(Defaults(*graph).check());
  return Schema(std::move(graph));
}

}  // namespace weft::avro
