#include "formats/json_schema/text.h"

#include <algorithm>

#include "base/json.h"
#include "formats/json_schema/library.h"
#include "formats/json_schema/program.h"

namespace weft::json_schema {
namespace {

using json::Value;

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
  return schema;
}

std::string SchemaText::canonical() const { return json::write(library_->document()); }

std::string SchemaText::normalized() const { return json::write_canonical(Normal(*library_).of(library_->document())); }

Result<Schema> SchemaText::validator() const { return Schema::compile(library_); }

}  // namespace weft::json_schema
