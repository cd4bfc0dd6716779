#pragma once

#include <cstdint>
#include <string_view>

#include "base/json_value.h"

namespace weft::json_schema {

// Sets of types, as bits.
enum Type : std::uint8_t {
  kNull = 1,
  kBoolean = 2,
  kObject = 4,
  kArray = 8,
  kReal = 16,  // A number that is no integer.
  kInteger = 32,
  kText = 64,
  kAnyType = 127,
};

Type type_of(const json::Value& value);
// What `type` names: one type or a list of them; 0 when there is a name that none has.
std::uint8_t types_named(const json::Value& names);

}  // namespace weft::json_schema
