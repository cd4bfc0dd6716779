#pragma once

#include <string>
#include <string_view>

#include "base/json_value.h"
#include "base/result.h"

namespace weft::json {

struct ParseLimits {
  std::size_t bytes_max = 16 << 20;
  std::size_t depth_max = 64;
};

// RFC 8259, one value. invalid "json.malformed" (with line and column), "json.duplicate_key", "json.invalid_utf8";
// limit "json.too_large", "json.too_deep". NUL in text is accepted as \u0000, NaN and Infinity are not JSON.
Result<Value> parse(std::string_view text, const ParseLimits& limits = {});

// Compact, keys in their order, valid UTF-8; a real that is not finite is written as null.
std::string write(const Value& value);
void write_to(std::string& out, const Value& value);
std::string write_pretty(const Value& value);
// A quoted JSON string.
void write_text_to(std::string& out, std::string_view text);
// RFC 8785 (JCS) order of keys: for hashing.
std::string write_canonical(const Value& value);

}  // namespace weft::json
