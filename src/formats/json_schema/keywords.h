#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/json_value.h"
#include "formats/json_schema/json_schema.h"

namespace weft::json_schema {

// What the value of a keyword is, as far as schemas stand in it.
enum class Holds : std::uint8_t {
  no_schema,
  schema,
  list,                // [schema…]
  schema_or_list,      // `items` before 2020-12.
  map,                 // {name: schema…}
  map_of_alternative,  // `dependencies`: {name: schema or [names]}
};

// What a dialect makes of a keyword; `$vocabulary` of a meta-schema can switch assertions off.
enum class Group : std::uint8_t { core, applicator, assertion, annotation };

struct Keyword {
  std::string_view name;
  Draft first = Draft::v4, last = Draft::v2020_12;
  Holds holds = Holds::no_schema;
  Group group = Group::annotation;
};

// Null: no keyword of this draft.
const Keyword* keyword_of(std::string_view name, Draft draft);
// No draft: the URI names none of the five.
std::optional<Draft> draft_of(std::string_view uri);
std::string_view to_string(Draft draft);

// A `$ref` of the older drafts stands alone: what else is written beside it does not count.
bool is_reference_alone(const json::Object& schema, Draft draft);

enum class Definitions : std::uint8_t { visited, skipped };

// Every schema directly within this one, in the order written.
void each_subschema(const json::Object& schema, Draft draft, Definitions definitions,
                    const std::function<void(const json::Value&)>& visit);

}  // namespace weft::json_schema
