#include "formats/json_schema/text.h"

#include <algorithm>

#include "base/json.h"
#include "formats/json_schema/library.h"
#include "formats/json_schema/program.h"
#include "formats/json_schema/spot.h"

namespace weft::json_schema {
namespace {

using json::Value;

constexpr std::size_t kQuotedMax = 100;

// Keywords whose list is a set.
bool is_set(std::string_view keyword) { return keyword == "required" || keyword == "enum" || keyword == "type"; }
// Keywords whose members are such sets, each by a property's name.
bool holds_sets(std::string_view keyword) { return keyword == "dependentRequired" || keyword == "dependencies"; }

void sort(json::Array& list) {
  std::vector<std::pair<std::string, Value>> keyed;
  keyed.reserve(list.size());
  for (Value& each : list) {
    std::string key = json::write_canonical(each);
    keyed.emplace_back(std::move(key), std::move(each));
  }
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(keyed.begin(), keyed.end(), list.begin(), [](auto& each) { return std::move(each.second); });
}

// The schemas that a value is held to when it is held to this one.
std::vector<const Place*> in_place(const Spot& spot) {
  std::vector<const Place*> all;
  auto add = [&](const Value& schema) {
    if (schema.is_object()) all.push_back(&spot.library->place_of(schema));
  };
  for (const std::string_view keyword : {"$ref", "$recursiveRef", "$dynamicRef"}) {
    if (const Value* text = spot.get(keyword)) all.push_back(&spot.library->target(text->text(), *spot.place));
  }
  for (const std::string_view keyword : {"allOf", "anyOf", "oneOf"}) {
    const Value* list = spot.get(keyword);
    if (list != nullptr) std::for_each(list->array().begin(), list->array().end(), add);
  }
  for (const std::string_view keyword : {"not", "if", "then", "else"}) {
    if (const Value* one = spot.get(keyword)) add(*one);
  }
  for (const std::string_view keyword : {"dependencies", "dependentSchemas"}) {
    for (const auto& [name, needs] : spot.object(keyword)) add(needs);
  }
  return all;
}

// No schema may hold a value to itself again: that would never end.
Result<> check_ends(const Library& library) {
  enum class State : std::uint8_t { unseen, open, done };
  std::vector<State> states(library.places().size(), State::unseen);
  for (const Place& root : library.places()) {
    std::vector<const Place*> open{&root};
    while (!open.empty()) {
      const Place* place = open.back();
      State& state = states[place->number];
      if (state != State::unseen) {
        if (state == State::open) state = State::done;
        open.pop_back();
        continue;
      }
      state = State::open;
      for (const Place* next : in_place({.library = &library, .place = place})) {
        if (states[next->number] == State::open) {
          return fail(ErrorKind::invalid, "json_schema.endless",
                      "a schema refers to itself without going into the value: {}",
                      json::write(*next->schema).substr(0, kQuotedMax));
        }
        open.push_back(next);
      }
    }
  }
  return {};
}

// Copies the document, sorting the sets of what the library knows to be schemas: a default's "required" is data.
class Normal {
 public:
  explicit Normal(const Library& library) : library_(library) {}

  Value of(const Value& value) const {
    if (value.is_array()) {
      json::Array list;
      list.reserve(value.array().size());
      for (const Value& each : value.array()) list.push_back(of(each));
      return list;
    }
    if (!value.is_object()) return value;
    const bool is_schema = library_.reached(value) != nullptr;
    json::Object object;
    for (const auto& [key, member] : value.object()) {
      Value copy = of(member);
      if (is_schema && is_set(key) && copy.is_array()) sort(copy.array());
      if (is_schema && holds_sets(key) && copy.is_object()) {
        for (auto& [name, needs] : copy.object()) {
          if (needs.is_array()) sort(needs.array());
        }
      }
      object.add(key, std::move(copy));
    }
    return object;
  }

 private:
  const Library& library_;
};

}  // namespace

Result<SchemaText> SchemaText::parse(std::string_view text, std::span<const evolution::Import> imports) {
  auto document = json::parse(text, {.bytes_max = evolution::kSchemaBytesMax, .depth_max = kSchemaDepthMax});
  if (!document) {
    const bool is_limit = document.error().kind == ErrorKind::limit;
    const bool is_deep = document.error().code == "json.too_deep";
    return fail(document.error().kind,
                !is_limit ? "json_schema.malformed"
                : is_deep ? "json_schema.too_deep"
                          : "json_schema.too_large",
                "the schema: {}", document.error().message);
  }
  SchemaText schema;
  schema.library_ = TRY(Library::open(std::move(*document), {.imports = imports}));
  TRY(compile(schema.library_, Unknown::annotation, Patterns::left_out));
  TRY(check_ends(*schema.library_));
  return schema;
}

std::string SchemaText::canonical() const { return json::write(library_->document()); }

std::string SchemaText::normalized() const { return json::write_canonical(Normal(*library_).of(library_->document())); }

Result<Schema> SchemaText::validator() const { return Schema::compile(library_); }

}  // namespace weft::json_schema
