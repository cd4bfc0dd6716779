#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_value.h"
#include "base/result.h"

namespace weft::iceberg {

// A type is its Iceberg JSON: "long", "decimal(10, 2)", {"type":"list","element-id":…}.
using Type = json::Value;
inline const json::Value& to_json(const Type& type) { return type; }

struct Field {
  int id = 0;
  std::string name;
  bool required = false;
  Type type;
  std::string doc;
};

struct Schema {
  int schema_id = 0;
  std::vector<Field> fields;
  std::vector<int> identifier_field_ids;

  const Field* find(int id) const;
  const Field* find(std::string_view name) const;
};

json::Value to_json(const Schema& schema);
Result<Schema> schema_of(const json::Value& value);

// One way to write each type: "decimal(10,2)" becomes "decimal(10, 2)". invalid "iceberg.type".
Result<Type> normalized(const Type& type);

struct Decimal {
  std::int64_t precision = 0, scale = 0;
};
std::optional<Decimal> decimal_of(const Type& type);         // Nothing for other types.
std::optional<std::int64_t> fixed_length(const Type& type);  // Of "fixed[L]"; nothing for other types.

// Gives ids to fields that have none (0) and to the insides of nested types; `last_id` is the highest in use and grows.
void assign_ids(Schema& schema, int& last_id);

// `wanted` as the next schema of a table that has `current`: fields keep the ids of those with the same name (or of the
// name that `previous_names` gives), new ones get fresh ids. Allowed: adding optional fields, dropping, reordering,
// renaming, required → optional, int → long, float → double, a wider decimal of the same scale. refused
// "lake.incompatible_change" with every reason.
Result<Schema> evolve(const Schema& current, const Schema& wanted,
                      const std::vector<std::pair<std::string, std::string>>& previous_names, int& last_id);

bool is_same(const Schema& a, const Schema& b);  // But for the schema ids.

}  // namespace weft::iceberg
