#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weft::text {

bool is_valid_utf8(std::string_view bytes);
std::string to_valid_utf8(std::string_view bytes);  // U+FFFD for each byte that is part of no character.
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string lower(std::string_view ascii);
bool iequals(std::string_view a, std::string_view b);
std::optional<std::int64_t> parse_integer(std::string_view text);  // Whole text, base 10.

// A name as DESIGN §2 has it: [a-z][a-z0-9_]* without "__", at most 63 characters.
bool is_name(std::string_view text);

// "aviation.flights" for "aviation.flight": the nearest candidate within a third of its length, if there is one.
std::optional<std::string> nearest(std::string_view wrong, const std::vector<std::string>& candidates);
// ", did you mean flights?" or nothing.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& candidates);

std::string human_bytes(std::uint64_t bytes);   // "12.3 MB"
std::string human_count(std::uint64_t count);   // "3,000,000"
std::string human_micros(std::int64_t micros);  // "1.24 s"

std::string hex(std::string_view bytes);
std::optional<std::string> unhex(std::string_view text);
std::string base64url(std::string_view bytes);
std::optional<std::string> unbase64url(std::string_view text);
std::string base64(std::string_view bytes);
std::optional<std::string> unbase64(std::string_view text);

std::string percent_encode(std::string_view text);  // All but RFC 3986 unreserved.
std::optional<std::string> percent_decode(std::string_view text);

// A SQL identifier in double quotes, a SQL string in single ones. NUL is a CHECK: names were validated before.
std::string quote_identifier(std::string_view name);
std::string quote_literal(std::string_view value);

}  // namespace weft::text
