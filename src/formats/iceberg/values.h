#pragma once

#include <compare>
#include <optional>
#include <string>

#include "base/json_value.h"
#include "base/result.h"
#include "formats/iceberg/schema.h"

// Single values (table spec, appendix D): JSON form ↔ bytes, their order, and what bounds say about predicates.
namespace weft::iceberg {

inline constexpr std::size_t kBoundLength = 16;

// Bytes of a JSON single value; nothing for nested types and null. invalid "iceberg.value".
Result<std::optional<std::string>> to_bytes(const Type& type, const json::Value& value);
// A lower bound may be cut to kBoundLength; an upper bound's last kept unit is increased, or there is none.
std::optional<std::string> lower_bound(const Type& type, const std::string& bytes);
std::optional<std::string> upper_bound(const Type& type, const std::string& bytes);

// The order of two single values in bytes.
std::strong_ordering compare(const Type& type, std::string_view a, std::string_view b);

// Bounds of a column in one file; absent when unknown.
struct Bounds {
  std::optional<std::string> lower, upper;
  std::optional<std::int64_t> values, nulls;
};
// Whether a file with these bounds may hold a row that satisfies `op` with the literals (bytes). Unknown means it may.
bool may_match(const Type& type, const Bounds& bounds, std::string_view op, const std::vector<std::string>& literals);

// Avro's and the manifest's value of a partition field: JSON single value → what its Avro type takes (date → days, …).
Result<json::Value> partition_value(const Type& type, const json::Value& value);
// And back; what is an integer in Avro stays one.
json::Value single_value(const Type& type, const json::Value& value);
// The size of the Avro fixed that holds a decimal of that precision.
std::size_t decimal_bytes(std::int64_t precision);

}  // namespace weft::iceberg
