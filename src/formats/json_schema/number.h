#pragma once

#include <string>

#include "base/json_value.h"

// JSON numbers compared exactly, whichever way they are written. Each CHECKs that it is given numbers.
namespace weft::json_schema {

// Negative, zero or positive, as a is below, equal to or above b.
int compare_numbers(const json::Value& a, const json::Value& b);
bool is_whole(const json::Value& number);
// Whether number = step · k for a whole k; false for a step of zero.
bool is_multiple(const json::Value& number, const json::Value& step);

// Values as JSON Schema compares them: 1 is 1.0 at any depth, the order of keys does not count.
bool is_same(const json::Value& a, const json::Value& b);
// Equal texts for equal values and for no others.
std::string identity_of(const json::Value& value);

}  // namespace weft::json_schema
