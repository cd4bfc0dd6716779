#include "formats/json_schema/keywords.h"

#include <array>
#include <unordered_map>

namespace weft::json_schema {
namespace {

using enum Draft;
using enum Holds;
using enum Group;

constexpr Keyword kKeywords[] = {
    {"$schema", v4, v2020_12, no_schema, core},
    {"$ref", v4, v2020_12, no_schema, core},
    {"id", v4, v4, no_schema, core},
    {"$id", v6, v2020_12, no_schema, core},
    {"$anchor", v2019_09, v2020_12, no_schema, core},
    {"$recursiveRef", v2019_09, v2019_09, no_schema, core},
    {"$recursiveAnchor", v2019_09, v2019_09, no_schema, core},
    {"$dynamicRef", v2020_12, v2020_12, no_schema, core},
    {"$dynamicAnchor", v2020_12, v2020_12, no_schema, core},
    {"$vocabulary", v2019_09, v2020_12, no_schema, core},
    {"$comment", v4, v2020_12, no_schema, annotation},
    {"$defs", v2019_09, v2020_12, map, core},
    // The newer drafts renamed it, and their meta-schemas still know it.
    {"definitions", v4, v2020_12, map, core},
    {"title", v4, v2020_12, no_schema, annotation},
    {"description", v4, v2020_12, no_schema, annotation},
    {"default", v4, v2020_12, no_schema, annotation},
    {"examples", v4, v2020_12, no_schema, annotation},
    {"deprecated", v4, v2020_12, no_schema, annotation},
    {"readOnly", v4, v2020_12, no_schema, annotation},
    {"writeOnly", v4, v2020_12, no_schema, annotation},
    {"format", v4, v2020_12, no_schema, annotation},
    {"contentMediaType", v4, v2020_12, no_schema, annotation},
    {"contentEncoding", v4, v2020_12, no_schema, annotation},
    {"contentSchema", v2019_09, v2020_12, schema, annotation},
    {"type", v4, v2020_12, no_schema, assertion},
    {"enum", v4, v2020_12, no_schema, assertion},
    {"const", v6, v2020_12, no_schema, assertion},
    {"minimum", v4, v2020_12, no_schema, assertion},
    {"maximum", v4, v2020_12, no_schema, assertion},
    {"exclusiveMinimum", v4, v2020_12, no_schema, assertion},
    {"exclusiveMaximum", v4, v2020_12, no_schema, assertion},
    {"multipleOf", v4, v2020_12, no_schema, assertion},
    {"minLength", v4, v2020_12, no_schema, assertion},
    {"maxLength", v4, v2020_12, no_schema, assertion},
    {"pattern", v4, v2020_12, no_schema, assertion},
    {"minItems", v4, v2020_12, no_schema, assertion},
    {"maxItems", v4, v2020_12, no_schema, assertion},
    {"uniqueItems", v4, v2020_12, no_schema, assertion},
    {"minContains", v2019_09, v2020_12, no_schema, assertion},
    {"maxContains", v2019_09, v2020_12, no_schema, assertion},
    {"minProperties", v4, v2020_12, no_schema, assertion},
    {"maxProperties", v4, v2020_12, no_schema, assertion},
    {"required", v4, v2020_12, no_schema, assertion},
    {"dependentRequired", v2019_09, v2020_12, no_schema, assertion},
    {"items", v4, v2019_09, schema_or_list, applicator},
    {"items", v2020_12, v2020_12, schema, applicator},
    {"prefixItems", v2020_12, v2020_12, list, applicator},
    {"additionalItems", v4, v2019_09, schema, applicator},
    {"unevaluatedItems", v2019_09, v2020_12, schema, applicator},
    {"contains", v6, v2020_12, schema, applicator},
    {"properties", v4, v2020_12, map, applicator},
    {"patternProperties", v4, v2020_12, map, applicator},
    {"additionalProperties", v4, v2020_12, schema, applicator},
    {"unevaluatedProperties", v2019_09, v2020_12, schema, applicator},
    {"propertyNames", v6, v2020_12, schema, applicator},
    // 2019-09 split it in two, and readers are asked to go on knowing it.
    {"dependencies", v4, v2020_12, map_of_alternative, applicator},
    {"dependentSchemas", v2019_09, v2020_12, map, applicator},
    {"allOf", v4, v2020_12, list, applicator},
    {"anyOf", v4, v2020_12, list, applicator},
    {"oneOf", v4, v2020_12, list, applicator},
    {"not", v4, v2020_12, schema, applicator},
    {"if", v7, v2020_12, schema, applicator},
    {"then", v7, v2020_12, schema, applicator},
    {"else", v7, v2020_12, schema, applicator},
};

constexpr std::string_view kDraftNames[] = {"draft-04", "draft-06", "draft-07", "2019-09", "2020-12"};

bool is_schema(const json::Value& value) { return value.is_object() || value.is_boolean(); }

void each_of(Holds holds, const json::Value& value, const std::function<void(const json::Value&)>& visit) {
  if (holds == schema || (holds == schema_or_list && !value.is_array())) {
    if (is_schema(value)) visit(value);
  } else if ((holds == list || holds == schema_or_list) && value.is_array()) {
    for (const json::Value& one : value.array()) {
      if (is_schema(one)) visit(one);
    }
  } else if (value.is_object()) {
    for (const auto& [name, one] : value.object()) {
      if (is_schema(one)) visit(one);
    }
  }
}

}  // namespace

const Keyword* keyword_of(std::string_view name, Draft draft) {
  static const auto kByName = [] {
    std::unordered_multimap<std::string_view, const Keyword*> all;
    for (const Keyword& each : kKeywords) all.emplace(each.name, &each);
    return all;
  }();
  const auto [first, last] = kByName.equal_range(name);
  for (auto each = first; each != last; ++each) {
    if (each->second->first <= draft && draft <= each->second->last) return each->second;
  }
  return nullptr;
}

std::optional<Draft> draft_of(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (uri.starts_with(scheme)) uri.remove_prefix(scheme.size());
  }
  if (uri == "json-schema.org/draft-04/schema") return v4;
  if (uri == "json-schema.org/draft-06/schema") return v6;
  if (uri == "json-schema.org/draft-07/schema") return v7;
  if (uri == "json-schema.org/draft/2019-09/schema") return v2019_09;
  if (uri == "json-schema.org/draft/2020-12/schema") return v2020_12;
  return std::nullopt;
}

std::string_view to_string(Draft draft) { return kDraftNames[static_cast<std::size_t>(draft)]; }

bool is_reference_alone(const json::Object& schema, Draft draft) {
  if (draft >= v2019_09) return false;
  const json::Value* reference = schema.find("$ref");
  return reference != nullptr && reference->is_text();
}

void each_subschema(const json::Object& schema, Draft draft, Definitions definitions,
                    const std::function<void(const json::Value&)>& visit) {
  const bool is_alone = is_reference_alone(schema, draft);
  for (const auto& [name, value] : schema) {
    const Keyword* keyword = keyword_of(name, draft);
    if (keyword == nullptr || keyword->holds == Holds::no_schema) continue;
    // What others refer to may stand beside a reference all the same.
    if (is_alone && keyword->group != core) continue;
    if (definitions == Definitions::skipped && keyword->group == core) continue;
    each_of(keyword->holds, value, visit);
  }
}

}  // namespace weft::json_schema
