#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft {

// 16 bytes; to_string gives the usual 36 characters.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};
std::string to_string(const Uuid& id);
std::optional<Uuid> parse_uuid(std::string_view text);  // The 36 characters, in either case.

Uuid random_uuid();                           // RFC 9562 version 4, from the system's generator.
Uuid ordered_uuid(std::int64_t unix_millis);  // RFC 9562 version 7: sorts by time.
std::string new_id(std::string_view prefix,
                   std::int64_t unix_millis);  // "pub_018f…": prefix and a version 7 id in 32 hex digits.

// A type of its own for each kind of name, so that two cannot be swapped.
template <class Tag>
struct Named {
  std::string text;
  Named() = default;
  explicit Named(std::string value) : text(std::move(value)) {}
  explicit Named(std::string_view value) : text(value) {}
  explicit Named(const char* value) : text(value) {}
  friend auto operator<=>(const Named&, const Named&) = default;
};

}  // namespace weft
