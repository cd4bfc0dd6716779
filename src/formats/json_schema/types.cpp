#include "formats/json_schema/types.h"

#include <algorithm>
#include <iterator>

#include "formats/json_schema/number.h"

namespace weft::json_schema {
namespace {

constexpr std::pair<std::string_view, std::uint8_t> kTypes[] = {
    {"null", kNull},   {"boolean", kBoolean},        {"object", kObject},  {"array", kArray},
    {"string", kText}, {"number", kReal | kInteger}, {"integer", kInteger}};

std::uint8_t type_named(const json::Value& name) {
  const auto* known = std::find_if(std::begin(kTypes), std::end(kTypes),
                                   [&](const auto& each) { return name.is_text() && each.first == name.text(); });
  return known == std::end(kTypes) ? 0 : known->second;
}

}  // namespace

Type type_of(const json::Value& value) {
  if (value.is_text()) return kText;
  if (value.is_integer()) return kInteger;
  if (value.is_object()) return kObject;
  if (value.is_array()) return kArray;
  if (value.is_boolean()) return kBoolean;
  if (value.is_null()) return kNull;
  return is_whole(value) ? kInteger : kReal;
}

std::uint8_t types_named(const json::Value& names) {
  if (!names.is_array()) return type_named(names);
  std::uint8_t types = 0;
  for (const json::Value& each : names.array()) {
    const std::uint8_t one = type_named(each);
    if (one == 0) return 0;
    types |= one;
  }
  return types;
}

}  // namespace weft::json_schema
