#include <algorithm>
#include <unordered_map>

#include "base/json.h"
#include "formats/json_schema/ecma_pattern.h"
#include "formats/json_schema/number.h"
#include "formats/json_schema/program.h"
#include "formats/json_schema/uri.h"

namespace weft::json_schema {
namespace {

using json::Value;

constexpr std::size_t kSortedFrom = 8;  // Fewer choices are found faster one by one.

std::unexpected<Error> malformed(std::string_view keyword, const Value& value, std::string_view wanted) {
  return fail(ErrorKind::invalid, "json_schema.malformed", "{} is {}; it must be {}", keyword,
              json::write(value).substr(0, 60), wanted);
}

// Compiles the nodes one after the other, one method a family of keywords. A keyword is looked at where it stands;
// what belongs together (`if` and `then`) meets in the tables.
class Compiler {
 public:
  Compiler(std::shared_ptr<const Library> library, Unknown unknown, Patterns patterns)
      : unknown_(unknown), pattern_rule_(patterns) {
    program_.library = std::move(library);
  }

  Result<Program> run() && {
    for (const Place& place : program_.library->places()) TRY(add(place));
    return std::move(program_);
  }

 private:
  using Step = Result<> (Compiler::*)(std::string_view, const Value&);
  static const std::unordered_map<std::string_view, Step>& steps();

  Result<> add(const Place& place);
  void finish(const json::Object& schema);

  template <class T>
  T& in(std::vector<T>& table, std::int32_t Node::* index) {
    std::int32_t& at = program_.nodes.back().*index;
    if (at == kNone) {
      at = static_cast<std::int32_t>(table.size());
      table.emplace_back();
    }
    return table[static_cast<std::size_t>(at)];
  }
  Numbers& numbers() { return in(program_.numbers, &Node::numbers); }
  Texts& texts() { return in(program_.texts, &Node::texts); }
  Items& items() { return in(program_.items, &Node::items); }
  Members& members() { return in(program_.members, &Node::members); }
  Combined& combined() { return in(program_.combined, &Node::combined); }

  Result<std::int32_t> node(std::string_view keyword, const Value& schema) const {
    if (!schema.is_object() && !schema.is_boolean()) return malformed(keyword, schema, "a schema");
    return static_cast<std::int32_t>(program_.library->place_of(schema).number);
  }
  Result<std::vector<std::int32_t>> nodes(std::string_view keyword, const Value& list) const;
  Result<std::vector<std::string_view>> texts_of(std::string_view keyword, const Value& list) const;
  Result<std::optional<Pattern>> pattern_of(std::string_view expression);
  Name& name(std::string_view name);
  std::int32_t overrides(const std::string& anchor);

  Result<> reference(std::string_view keyword, const Value& value);
  Result<> identifier(std::string_view keyword, const Value& value);
  Result<> type(std::string_view keyword, const Value& value);
  Result<> value(std::string_view keyword, const Value& value);
  Result<> bound(std::string_view keyword, const Value& value);
  Result<> count(std::string_view keyword, const Value& value);
  Result<> pattern(std::string_view keyword, const Value& value);
  Result<> unique(std::string_view keyword, const Value& value);
  Result<> array(std::string_view keyword, const Value& value);
  Result<> required(std::string_view keyword, const Value& value);
  Result<> properties(std::string_view keyword, const Value& value);
  Result<> pattern_properties(std::string_view keyword, const Value& value);
  Result<> member(std::string_view keyword, const Value& value);
  Result<> dependent(std::string_view keyword, const Value& value);
  Result<> branches(std::string_view keyword, const Value& value);
  Result<> branch(std::string_view keyword, const Value& value);
  Result<> definitions(std::string_view keyword, const Value& value);

  Program program_;
  Unknown unknown_;
  Patterns pattern_rule_;
  Place place_;
  std::unordered_map<std::string_view, std::size_t> names_;  // Of the node's members, until they are sorted.
  std::unordered_map<std::string, std::optional<Pattern>> patterns_;
  std::unordered_map<std::string, std::int32_t> overrides_;  // By dynamic anchor.
};

const std::unordered_map<std::string_view, Compiler::Step>& Compiler::steps() {
  static const std::unordered_map<std::string_view, Step> kSteps = {
      {"$ref", &Compiler::reference},
      {"$recursiveRef", &Compiler::reference},
      {"$dynamicRef", &Compiler::reference},
      {"$id", &Compiler::identifier},
      {"$defs", &Compiler::definitions},
      {"definitions", &Compiler::definitions},
      {"type", &Compiler::type},
      {"enum", &Compiler::value},
      {"const", &Compiler::value},
      {"minimum", &Compiler::bound},
      {"maximum", &Compiler::bound},
      {"exclusiveMinimum", &Compiler::bound},
      {"exclusiveMaximum", &Compiler::bound},
      {"multipleOf", &Compiler::bound},
      {"minLength", &Compiler::count},
      {"maxLength", &Compiler::count},
      {"minItems", &Compiler::count},
      {"maxItems", &Compiler::count},
      {"minContains", &Compiler::count},
      {"maxContains", &Compiler::count},
      {"minProperties", &Compiler::count},
      {"maxProperties", &Compiler::count},
      {"pattern", &Compiler::pattern},
      {"uniqueItems", &Compiler::unique},
      {"items", &Compiler::array},
      {"prefixItems", &Compiler::array},
      {"additionalItems", &Compiler::array},
      {"unevaluatedItems", &Compiler::array},
      {"contains", &Compiler::array},
      {"required", &Compiler::required},
      {"properties", &Compiler::properties},
      {"patternProperties", &Compiler::pattern_properties},
      {"additionalProperties", &Compiler::member},
      {"unevaluatedProperties", &Compiler::member},
      {"propertyNames", &Compiler::member},
      {"dependencies", &Compiler::dependent},
      {"dependentRequired", &Compiler::dependent},
      {"dependentSchemas", &Compiler::dependent},
      {"allOf", &Compiler::branches},
      {"anyOf", &Compiler::branches},
      {"oneOf", &Compiler::branches},
      {"not", &Compiler::branch},
      {"if", &Compiler::branch},
      {"then", &Compiler::branch},
      {"else", &Compiler::branch},
  };
  return kSteps;
}

Result<> Compiler::add(const Place& place) {
  place_ = place;
  const Resource& resource = program_.library->resource_of(place);
  program_.nodes.push_back({.resource = place.resource});
  names_.clear();
  if (place.schema->is_boolean()) {
    program_.nodes.back().is_never = !place.schema->boolean();
    return {};
  }
  const json::Object& schema = place.schema->object();
  const bool is_alone = is_reference_alone(schema, resource.draft);
  for (const auto& [key, value] : schema) {
    const Keyword* keyword = keyword_of(key, resource.draft);
    if (keyword == nullptr && unknown_ == Unknown::refused) {
      return fail(ErrorKind::unsupported, "json_schema.keyword", "the keyword {} is not in draft {}", key,
                  to_string(resource.draft));
    }
    if (keyword == nullptr || (is_alone && keyword->group != Group::core)) continue;
    if (keyword->group == Group::assertion && !resource.has_assertions) continue;
    const auto step = steps().find(key);
    if (step != steps().end()) TRY((this->*step->second)(key, value));
  }
  if (!is_alone) finish(schema);
  Node& node = program_.nodes.back();
  node.is_plain = node.reference == kNone && node.dynamic == kNone && node.values == kNone && node.numbers == kNone &&
                  node.texts == kNone && node.items == kNone && node.members == kNone && node.combined == kNone;
  return {};
}

// What depends on more than one keyword.
void Compiler::finish(const json::Object& schema) {
  Node& node = program_.nodes.back();
  const Draft draft = program_.library->resource_of(place_).draft;
  if (node.members != kNone) {
    auto& names = members().names;
    std::sort(names.begin(), names.end(),
              [](const Name& a, const Name& b) { return Members::is_before(a.name, b.name); });
  }
  if (draft == Draft::v4 && node.numbers != kNone) {
    const auto is_exclusive = [&](std::string_view keyword) {
      const Value* given = schema.find(keyword);
      return given != nullptr && given->boolean_or(false);
    };
    if (is_exclusive("exclusiveMinimum")) numbers().above = std::exchange(numbers().minimum, nullptr);
    if (is_exclusive("exclusiveMaximum")) numbers().below = std::exchange(numbers().maximum, nullptr);
  }
  if (node.items != kNone) items().is_contained_evaluated = draft == Draft::v2020_12;
}

Result<std::vector<std::int32_t>> Compiler::nodes(std::string_view keyword, const Value& list) const {
  std::vector<std::int32_t> all;
  if (!list.is_array()) return malformed(keyword, list, "a list of schemas");
  for (const Value& each : list.array()) all.push_back(TRY(node(keyword, each)));
  return all;
}

Result<std::vector<std::string_view>> Compiler::texts_of(std::string_view keyword, const Value& list) const {
  std::vector<std::string_view> all;
  if (!list.is_array()) return malformed(keyword, list, "a list of names");
  for (const Value& each : list.array()) {
    if (!each.is_text()) return malformed(keyword, list, "a list of names");
    all.emplace_back(each.text());
  }
  return all;
}

Result<std::optional<Pattern>> Compiler::pattern_of(std::string_view expression) {
  if (const auto known = patterns_.find(std::string(expression)); known != patterns_.end()) return known->second;
  if (patterns_.size() >= kPatternsMax) {
    return fail(ErrorKind::limit, "json_schema.too_large", "the schema has more than {} patterns", kPatternsMax);
  }
  std::optional<Pattern> pattern;
  if (pattern_rule_ == Patterns::needed) pattern = TRY(compile_pattern(expression));
  patterns_.emplace(expression, pattern);
  return pattern;
}

Name& Compiler::name(std::string_view name) {
  auto& names = members().names;
  const auto [at, is_new] = names_.emplace(name, names.size());
  if (is_new) names.push_back({.name = name});
  return names[at->second];
}

Result<> Compiler::reference(std::string_view keyword, const Value& value) {
  const Library& library = *program_.library;
  const Place& target = library.target(value.text(), place_);
  const auto first = static_cast<std::int32_t>(target.number);
  std::string anchor(keyword == "$dynamicRef" ? split_fragment(value.text()).second : "");
  const auto& anchors = library.resource_of(target).dynamic_anchors;
  const auto found = anchors.find(anchor);
  const bool is_dynamic = keyword != "$ref" && found != anchors.end() && found->second == target.schema;
  if (!is_dynamic && keyword == "$ref") {
    program_.nodes.back().reference = first;
    return {};
  }
  program_.nodes.back().dynamic = static_cast<std::int32_t>(program_.dynamics.size());
  program_.dynamics.push_back({.first = first, .overrides = is_dynamic ? overrides(anchor) : kNone});
  return {};
}

std::int32_t Compiler::overrides(const std::string& anchor) {
  const auto [at, is_new] = overrides_.emplace(anchor, static_cast<std::int32_t>(program_.overrides.size()));
  if (!is_new) return at->second;
  const Library& library = *program_.library;
  Overrides all;
  for (std::uint32_t i = 0; i < library.resources().size(); ++i) {
    const auto& anchors = library.resources()[i].dynamic_anchors;
    const auto other = anchors.find(anchor);
    const Place* place = other == anchors.end() ? nullptr : library.reached(*other->second);
    if (place != nullptr) all.emplace_back(i, static_cast<std::int32_t>(place->number));
  }
  program_.overrides.push_back(std::move(all));
  return at->second;
}

Result<> Compiler::identifier(std::string_view keyword, const Value& value) {
  const bool may_be_anchor = program_.library->resource_of(place_).draft < Draft::v2019_09;
  if (!may_be_anchor && !split_fragment(value.text_or("")).second.empty())
    return malformed(keyword, value, "without a fragment since draft 2019-09");
  return {};
}

Result<> Compiler::type(std::string_view keyword, const Value& value) {
  const std::uint8_t types = types_named(value);
  if (types == 0) return malformed(keyword, value, "a type's name or a list of them");
  program_.nodes.back().types = types;
  program_.nodes.back().type = &value;
  return {};
}

Result<> Compiler::value(std::string_view keyword, const Value& value) {
  auto& values = in(program_.values, &Node::values);
  if (keyword == "const") {
    values.constant = &value;
    return {};
  }
  if (!value.is_array()) return malformed(keyword, value, "a list of values");
  values.choices = &value;
  const json::Array& all = value.array();
  if (all.size() < kSortedFrom ||
      !std::all_of(all.begin(), all.end(), [](const Value& each) { return each.is_text(); }))
    return {};
  for (const Value& each : all) values.sorted.emplace_back(each.text());
  std::sort(values.sorted.begin(), values.sorted.end());
  return {};
}

Result<> Compiler::bound(std::string_view keyword, const Value& value) {
  const Draft draft = program_.library->resource_of(place_).draft;
  Numbers& all = numbers();
  if (draft == Draft::v4 && keyword.starts_with("exclusive")) {
    if (!value.is_boolean()) return malformed(keyword, value, "true or false in draft 4");
    return {};
  }
  if (!value.is_number()) return malformed(keyword, value, "a number");
  if (keyword == "multipleOf" && compare_numbers(value, Value(0)) <= 0) return malformed(keyword, value, "above zero");
  (keyword == "minimum"            ? all.minimum
   : keyword == "maximum"          ? all.maximum
   : keyword == "exclusiveMinimum" ? all.above
   : keyword == "exclusiveMaximum" ? all.below
                                   : all.step) = &value;
  return {};
}

Result<> Compiler::count(std::string_view keyword, const Value& value) {
  if (!value.is_number() || compare_numbers(value, Value(0)) < 0 || !is_whole(value))
    return malformed(keyword, value, "a whole number from zero on");
  const double wide = value.number();
  const std::size_t count = wide < 9e18 ? static_cast<std::size_t>(wide) : kNoMaximum;
  if (keyword == "minLength") texts().min = count;
  if (keyword == "maxLength") texts().max = count;
  if (keyword == "minItems") items().min = count;
  if (keyword == "maxItems") items().max = count;
  if (keyword == "minContains") items().contains_min = count;
  if (keyword == "maxContains") items().contains_max = count;
  if (keyword == "minProperties") members().min = count;
  if (keyword == "maxProperties") members().max = count;
  return {};
}

Result<> Compiler::pattern(std::string_view keyword, const Value& value) {
  if (!value.is_text()) return malformed(keyword, value, "a regular expression");
  texts().pattern = TRY(pattern_of(value.text()));
  texts().pattern_text = value.text();
  return {};
}

Result<> Compiler::unique(std::string_view keyword, const Value& value) {
  if (!value.is_boolean()) return malformed(keyword, value, "true or false");
  items().is_unique = value.boolean();
  return {};
}

Result<> Compiler::array(std::string_view keyword, const Value& value) {
  Items& all = items();
  const Draft draft = program_.library->resource_of(place_).draft;
  if (keyword == "prefixItems" || (keyword == "items" && value.is_array() && draft < Draft::v2020_12)) {
    all.prefix = TRY(nodes(keyword, value));
    if (keyword == "items" && place_.schema->object().find("additionalItems") == nullptr) all.rest = kNone;
    return {};
  }
  const auto one = TRY(node(keyword, value));
  if (keyword == "contains") all.contains = one;
  if (keyword == "unevaluatedItems") all.unevaluated = one;
  // Without a list of items the additional ones are none.
  if (keyword == "additionalItems" && !(*place_.schema)["items"].is_array()) return {};
  if (keyword == "items" || keyword == "additionalItems") {
    all.rest = one;
    all.rest_keyword = keyword;
  }
  return {};
}

Result<> Compiler::required(std::string_view keyword, const Value& value) {
  const auto names = TRY(texts_of(keyword, value));
  for (const std::string_view each : names) {
    Name& known = name(each);
    if (!known.is_required) members().required.push_back(each);
    known.is_required = true;
  }
  return {};
}

Result<> Compiler::properties(std::string_view keyword, const Value& value) {
  if (!value.is_object()) return malformed(keyword, value, "an object of schemas");
  for (const auto& [key, schema] : value.object()) name(key).node = TRY(node(keyword, schema));
  members();
  return {};
}

Result<> Compiler::pattern_properties(std::string_view keyword, const Value& value) {
  if (!value.is_object()) return malformed(keyword, value, "an object of schemas");
  for (const auto& [key, schema] : value.object()) {
    const auto inner = TRY(node(keyword, schema));
    auto pattern = TRY(pattern_of(key));
    if (pattern) members().patterns.push_back({.pattern = std::move(*pattern), .node = inner});
  }
  return {};
}

Result<> Compiler::member(std::string_view keyword, const Value& value) {
  const auto one = TRY(node(keyword, value));
  (keyword == "additionalProperties" ? members().others
   : keyword == "propertyNames"      ? members().each_name
                                     : members().unevaluated) = one;
  return {};
}

Result<> Compiler::dependent(std::string_view keyword, const Value& value) {
  if (!value.is_object()) return malformed(keyword, value, "an object");
  for (const auto& [key, needs] : value.object()) {
    Members::Dependent dependent{.keyword = keyword, .name = key, .others = {}};
    if (keyword == "dependentRequired" || (keyword == "dependencies" && needs.is_array())) {
      dependent.others = TRY(texts_of(keyword, needs));
    } else {
      dependent.node = TRY(node(keyword, needs));
    }
    members().dependents.push_back(std::move(dependent));
  }
  return {};
}

Result<> Compiler::branches(std::string_view keyword, const Value& value) {
  auto all = TRY(nodes(keyword, value));
  if (all.empty()) return malformed(keyword, value, "a list of one schema at least");
  (keyword == "allOf" ? combined().all : keyword == "anyOf" ? combined().any : combined().one) = std::move(all);
  return {};
}

Result<> Compiler::branch(std::string_view keyword, const Value& value) {
  const auto one = TRY(node(keyword, value));
  (keyword == "not"    ? combined().none
   : keyword == "if"   ? combined().condition
   : keyword == "then" ? combined().then
                       : combined().otherwise) = one;
  return {};
}

Result<> Compiler::definitions(std::string_view keyword, const Value& value) {
  if (!value.is_object()) return malformed(keyword, value, "an object of schemas");
  return {};
}

}  // namespace

const Name* Members::find(std::string_view wanted) const {
  const auto at = std::lower_bound(names.begin(), names.end(), wanted,
                                   [](const Name& each, std::string_view name) { return is_before(each.name, name); });
  return at != names.end() && at->name == wanted ? &*at : nullptr;
}

Result<Program> compile(std::shared_ptr<const Library> library, Unknown unknown, Patterns patterns) {
  return Compiler(std::move(library), unknown, patterns).run();
}

}  // namespace weft::json_schema
