#include "formats/json_schema/spot.h"

#include <algorithm>
#include <set>

#include "formats/json_schema/compatibility.h"
#include "formats/json_schema/ecma_pattern.h"
#include "formats/json_schema/types.h"

namespace weft::json_schema {
namespace {

using json::Value;

constexpr int kTypesDepthMax = 50;  // Alternatives within alternatives; beyond it a value may be anything.

constexpr std::string_view kApplicators[] = {"$ref", "$recursiveRef",    "$dynamicRef", "allOf", "anyOf", "oneOf",
                                             "if",   "dependentSchemas", "dependencies"};

bool is_plain_keyword(const Keyword& keyword) {
  if (keyword.group != Group::assertion && keyword.group != Group::applicator) return false;
  constexpr std::string_view kOthers[] = {"allOf", "anyOf", "oneOf", "not", "if", "then", "else"};
  return std::find(std::begin(kOthers), std::end(kOthers), keyword.name) == std::end(kOthers);
}

bool has_plain_keyword(const Spot& spot) {
  const Draft draft = spot.library->resource_of(*spot.place).draft;
  const json::Object& schema = spot.place->schema->object();
  return std::any_of(schema.begin(), schema.end(), [&](const json::Member& member) {
    const Keyword* keyword = keyword_of(member.key, draft);
    return keyword != nullptr && is_plain_keyword(*keyword) && spot.get(member.key) != nullptr;
  });
}

// A schema's parts but for what it refers to and what its `allOf` has, which are left in `open`.
struct Pending {
  Spot spot;
  bool is_product = false;
};

void take_apart(const Pending& from, Parts& parts, std::vector<Pending>& open) {
  const Spot& spot = from.spot;
  auto add = [&](Part::Kind kind) { parts.push_back({.kind = kind, .spot = spot, .is_product = from.is_product}); };
  if (spot.place == nullptr || spot.is(true)) return;
  if (spot.is(false)) return add(Part::Kind::never);
  if (has_plain_keyword(spot)) add(Part::Kind::plain);
  const std::size_t before = open.size();
  for (const std::string_view keyword : {"$ref", "$recursiveRef", "$dynamicRef"}) {
    if (const Value* reference = spot.get(keyword)) {
      const Place& target = spot.library->target(reference->text(), *spot.place);
      open.push_back({.spot = {.library = spot.library, .place = &target}, .is_product = from.is_product});
    }
  }
  for (const auto& [keyword, kind] : {std::pair{"allOf", Part::Kind::plain}, std::pair{"anyOf", Part::Kind::any},
                                      std::pair{"oneOf", Part::Kind::one}}) {
    const Value* list = spot.get(keyword);
    if (list == nullptr) continue;
    const bool is_single = list->array().size() == 1;
    if (!is_single && kind != Part::Kind::plain) {
      add(kind);
      continue;
    }
    for (const Value& each : list->array())
      open.push_back({.spot = spot.at(each), .is_product = from.is_product || !is_single});
  }
  if (spot.get("not") != nullptr) add(Part::Kind::none);
  if (spot.get("if") != nullptr && (spot.get("then") != nullptr || spot.get("else") != nullptr))
    add(Part::Kind::condition);
  std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
}

const json::Object& no_object() {
  static const json::Object kNone;
  return kNone;
}

}  // namespace

const Value* Spot::get(std::string_view keyword) const {
  if (place == nullptr || !place->schema->is_object()) return nullptr;
  const json::Object& schema = place->schema->object();
  const Value* value = schema.find(keyword);
  if (value == nullptr) return nullptr;
  const Resource& resource = library->resource_of(*place);
  const Keyword* known = keyword_of(keyword, resource.draft);
  if (known == nullptr || (known->group != Group::core && is_reference_alone(schema, resource.draft))) return nullptr;
  if (known->group == Group::assertion && !resource.has_assertions) return nullptr;
  return value;
}

const json::Object& Spot::object(std::string_view keyword) const {
  const Value* value = get(keyword);
  return value == nullptr ? no_object() : value->object();
}

std::optional<Spot> Spot::child(std::string_view keyword) const {
  const Value* value = get(keyword);
  return value == nullptr ? std::nullopt : std::optional(at(*value));
}

std::vector<Spot> branches(const Part& part) {
  std::vector<Spot> all;
  for (const Value& each : part.spot.get(part.kind == Part::Kind::any ? "anyOf" : "oneOf")->array())
    all.push_back(part.spot.at(each));
  return all;
}

std::vector<Spot> items_of(const Spot& spot) {
  std::vector<Spot> all;
  const Value* list = spot.get("prefixItems");
  if (list == nullptr) list = spot.get("items");
  if (list == nullptr || !list->is_array()) return all;
  for (const Value& each : list->array()) all.push_back(spot.at(each));
  return all;
}

bool has_applicators(const Spot& spot) {
  return std::any_of(std::begin(kApplicators), std::end(kApplicators),
                     [&](std::string_view keyword) { return spot.get(keyword) != nullptr; });
}

std::uint8_t own_types(const Spot& spot) {
  std::uint8_t types = kAnyType;
  if (const Value* names = spot.get("type")) types &= types_named(*names);
  if (const Value* choices = spot.get("enum")) {
    std::uint8_t of_values = 0;
    for (const Value& each : choices->array()) of_values |= type_of(each);
    types &= of_values;
  }
  if (const Value* constant = spot.get("const")) types &= type_of(*constant);
  return types;
}

const Parts& Anatomy::parts(const Spot& spot) {
  static const Parts kAnything;
  if (spot.place == nullptr) return kAnything;
  const auto [at, is_new] = parts_.try_emplace({.library = spot.library, .number = spot.place->number});
  if (!is_new) return at->second;
  std::set<const Place*> seen;
  std::vector<Pending> open{{.spot = spot}};
  while (!open.empty() && !is_exhausted()) {
    const Pending next = open.back();
    open.pop_back();
    ++steps_;
    if (seen.insert(next.spot.place).second) take_apart(next, at->second, open);
  }
  return at->second;
}

std::uint8_t Anatomy::types(const Spot& spot, int depth) {
  if (spot.place == nullptr || depth > kTypesDepthMax) return kAnyType;
  const Key key{.library = spot.library, .number = spot.place->number};
  const auto [at, is_new] = types_.try_emplace(key, kAnyType);
  if (!is_new) return at->second;
  std::uint8_t types = kAnyType;
  for (const Part& part : parts(spot)) types &= types_of_part(part, depth);
  return types_[key] = types;
}

std::uint8_t Anatomy::types_of_part(const Part& part, int depth) {
  if (part.kind == Part::Kind::never) return 0;
  if (part.kind == Part::Kind::plain) return own_types(part.spot);
  if (part.kind != Part::Kind::any && part.kind != Part::Kind::one) return kAnyType;
  std::uint8_t types = 0;
  for (const Spot& branch : branches(part)) types |= this->types(branch, depth + 1);
  return types;
}

const std::set<std::string_view>& Anatomy::required(const Spot& spot) {
  static const std::set<std::string_view> kNone;
  const Value* names = spot.get("required");
  if (names == nullptr) return kNone;
  const auto [at, is_new] = required_.try_emplace({.library = spot.library, .number = spot.place->number});
  if (!is_new) return at->second;
  steps_ += names->array().size();
  for (const Value& each : names->array()) at->second.insert(each.text());
  return at->second;
}

Rest Anatomy::rest(const Spot& spot, std::string_view keyword, std::string_view unevaluated) {
  auto schema = spot.child(keyword);
  if (!schema && !has_applicators(spot)) schema = spot.child(keyword = unevaluated);
  if (!schema || parts(*schema).empty()) return {.schemas = {}, .keyword = keyword};
  if (is_nothing(*schema)) return {.content = Rest::Content::closed, .schemas = {}, .keyword = keyword};
  return {.content = Rest::Content::partial, .schemas = {*schema}, .keyword = keyword};
}

Rest Anatomy::rest_of_members(const Spot& spot) { return rest(spot, "additionalProperties", "unevaluatedProperties"); }

Rest Anatomy::rest_of_items(const Spot& spot) {
  const Value* items = spot.get("items");
  if (items != nullptr && !items->is_array()) return rest(spot, "items", "items");
  if (items != nullptr) return rest(spot, "additionalItems", "unevaluatedItems");
  // What `contains` has found is evaluated, and need not be what the rest is.
  return rest(spot, "items", spot.get("contains") != nullptr ? "items" : "unevaluatedItems");
}

bool Anatomy::is_exhausted() const { return steps_ > kComparisonStepsMax; }

std::optional<bool> Anatomy::matches(const std::string& pattern, std::string_view name) {
  if (is_exhausted()) return std::nullopt;
  ++steps_;
  const auto [at, is_new] = patterns_.try_emplace(pattern);
  if (is_new) {
    auto compiled = compile_pattern(pattern);
    if (compiled) at->second = std::move(*compiled);
  }
  if (!at->second) return std::nullopt;
  return at->second->found_in(name);
}

}  // namespace weft::json_schema
