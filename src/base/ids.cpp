#include "base/ids.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"

namespace weft {

std::string to_string(const Uuid& id) {
  const std::string all = text::hex({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  return all.substr(0, 8) + "-" + all.substr(8, 4) + "-" + all.substr(12, 4) + "-" + all.substr(16, 4) + "-" +
         all.substr(20);
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  constexpr std::size_t kDashes[] = {8, 13, 18, 23};
  if (text.size() != 36) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::find(std::begin(kDashes), std::end(kDashes), i) == std::end(kDashes))
      digits += text[i];
    else if (text[i] != '-')
      return std::nullopt;
  }
  const auto bytes = text::unhex(digits);
  if (!bytes || bytes->size() != 16) return std::nullopt;
  Uuid id;
  std::copy(bytes->begin(), bytes->end(), id.bytes.begin());
  return id;
}

Uuid random_uuid() {
  Uuid id;
  const std::string bytes = crypto::random_bytes(id.bytes.size());
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x40);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

Uuid ordered_uuid(std::int64_t unix_millis) {
  Uuid id = random_uuid();
  for (int i = 0; i < 6; ++i)
    id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(unix_millis >> (8 * (5 - i)));
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x70);
  return id;
}

std::string new_id(std::string_view prefix, std::int64_t unix_millis) {
  const Uuid id = ordered_uuid(unix_millis);
  return std::string(prefix) + "_" + text::hex({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}

}  // namespace weft
