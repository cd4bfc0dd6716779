#include "formats/iceberg/values.h"

#include <bit>
#include <cstring>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

namespace weft::iceberg {
namespace {

std::unexpected<Error> misfit(const Type& type, const json::Value& value) {
  return fail(ErrorKind::invalid, "iceberg.value", "{} is no single value of the type {}", json::write(value),
              json::write(type));
}

template <class T>
std::string little(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

template <class T>
T from_little(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(T)));
  return value;
}

// "2026-01-31" → days since 1970; also years beyond four digits and before Christ are refused.
std::optional<std::int64_t> days_of(std::string_view text) {
  const auto parsed = parse_rfc3339(std::string(text) + "T00:00:00Z");
  if (!parsed) return std::nullopt;
  return micros(*parsed) / 86'400'000'000LL - (micros(*parsed) % 86'400'000'000LL < 0 ? 1 : 0);
}

std::optional<std::int64_t> timestamp_of(std::string_view text) {
  std::string whole(text);
  if (!whole.ends_with("Z") &&
      !(whole.size() > 6 && (whole[whole.size() - 6] == '+' || whole[whole.size() - 6] == '-') &&
        whole[whole.size() - 3] == ':'))
    whole += "Z";
  const auto parsed = parse_rfc3339(whole);
  if (!parsed) return std::nullopt;
  return micros(*parsed);
}

std::optional<std::int64_t> time_of_day(std::string_view text) {
  const auto parsed = parse_rfc3339("1970-01-01T" + std::string(text) + "Z");
  if (!parsed) return std::nullopt;
  return micros(*parsed);
}

// 10^38: no unscaled number of 38 digits reaches it.
constexpr __int128 kDecimalEnd = static_cast<__int128>(10'000'000'000'000'000'000ULL) * 10'000'000'000'000'000'000ULL;

// The unscaled number of a decimal text, as minimal two's complement, big end first.
std::optional<std::string> unscaled_of(std::string_view text, int scale) {
  bool is_negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  __int128 value = 0;
  int digits = 0, after_point = -1;
  for (const char c : text) {
    if (c == '.') {
      if (after_point >= 0) return std::nullopt;
      after_point = 0;
      continue;
    }
    if (c < '0' || c > '9' || value >= kDecimalEnd / 10) return std::nullopt;
    value = value * 10 + (c - '0');
    ++digits;
    if (after_point >= 0) ++after_point;
  }
  if (digits == 0 || after_point > scale) return std::nullopt;
  for (int i = std::max(after_point, 0); i < scale; ++i) {
    if (value >= kDecimalEnd / 10) return std::nullopt;
    value *= 10;
  }
  if (is_negative) value = -value;
  std::string bytes;
  for (int shift = 120; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  while (bytes.size() > 1) {
    const bool is_sign_only =
        (bytes[0] == '\0' && (bytes[1] & 0x80) == 0) || (bytes[0] == '\xff' && (bytes[1] & 0x80) != 0);
    if (!is_sign_only) break;
    bytes.erase(0, 1);
  }
  return bytes;
}

// Nothing for what is no decimal.
std::optional<std::string> unscaled_of(const Type& type, std::string_view text) {
  const auto decimal = decimal_of(type);
  return decimal ? unscaled_of(text, static_cast<int>(decimal->scale)) : std::nullopt;
}

__int128 number_of(std::string_view bytes) {
  __int128 value = !bytes.empty() && (bytes[0] & 0x80) != 0 ? -1 : 0;
  for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

std::string decimal_text(__int128 number, std::size_t scale) {
  const bool is_negative = number < 0;
  auto rest = is_negative ? -static_cast<unsigned __int128>(number) : static_cast<unsigned __int128>(number);
  std::string text;
  while (rest > 0 || text.size() <= scale) {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  }
  if (scale > 0) text.insert(text.size() - scale, ".");
  return is_negative ? "-" + text : text;
}

std::optional<std::int64_t> integer_like(const std::string& name, const json::Value& value) {
  const bool is_time = name == "date" || name == "time" || name == "timestamp" || name == "timestamptz";
  if ((is_time || name == "int" || name == "long") && value.is_integer()) return value.integer();
  if (!value.is_text()) return std::nullopt;
  if (name == "date") return days_of(value.text());
  if (name == "time") return time_of_day(value.text());
  if (name == "timestamp" || name == "timestamptz") return timestamp_of(value.text());
  return std::nullopt;
}

}  // namespace

Result<std::optional<std::string>> to_bytes(const Type& type, const json::Value& value) {
  if (!type.is_text() || value.is_null()) return std::optional<std::string>();
  const std::string& name = type.text();
  if (name == "boolean")
    return value.is_boolean() ? Result<std::optional<std::string>>(std::string(1, value.boolean() ? '\1' : '\0'))
                              : misfit(type, value);
  if (name == "float" || name == "double") {
    if (!value.is_number()) return misfit(type, value);
    return std::optional(name == "float" ? little(static_cast<float>(value.number())) : little(value.number()));
  }
  if (const auto whole = integer_like(name, value)) {
    const bool is_short = name == "int" || name == "date";
    if (is_short && *whole != static_cast<std::int32_t>(*whole)) return misfit(type, value);
    return std::optional(is_short ? little(static_cast<std::int32_t>(*whole)) : little(*whole));
  }
  if (!value.is_text()) {
    if (!name.starts_with("decimal") || !value.is_number()) return misfit(type, value);
    const auto bytes = unscaled_of(type, json::write(value));
    return bytes ? Result<std::optional<std::string>>(*bytes) : misfit(type, value);
  }
  if (name == "string") return std::optional(value.text());
  if (name.starts_with("decimal")) {
    const auto bytes = unscaled_of(type, value.text());
    return bytes ? Result<std::optional<std::string>>(*bytes) : misfit(type, value);
  }
  std::string hex;
  for (const char c : value.text()) {
    if (c != '-') hex += c;
  }
  const auto bytes = text::unhex(hex);
  const auto length = name == "uuid" ? std::optional<std::int64_t>(16) : fixed_length(type);
  const bool is_fitting =
      bytes && (name == "binary" || (length && static_cast<std::int64_t>(bytes->size()) == *length));
  return is_fitting ? Result<std::optional<std::string>>(*bytes) : misfit(type, value);
}

std::optional<std::string> lower_bound(const Type& type, const std::string& bytes) {
  if (bytes.size() <= kBoundLength || !type.is_text()) return bytes;
  if (type.text() == "binary") return bytes.substr(0, kBoundLength);
  if (type.text() != "string") return bytes;
  // Sixteen code points, not bytes.
  std::size_t end = 0, points = 0;
  while (end < bytes.size() && points < kBoundLength) {
    ++end;
    while (end < bytes.size() && (static_cast<unsigned char>(bytes[end]) & 0xC0) == 0x80) ++end;
    ++points;
  }
  return bytes.substr(0, end);
}

std::optional<std::string> upper_bound(const Type& type, const std::string& bytes) {
  std::string cut = *lower_bound(type, bytes);
  if (cut.size() == bytes.size()) return bytes;
  if (type.text() == "binary") {
    while (!cut.empty() && cut.back() == '\xff') cut.pop_back();
    if (cut.empty()) return std::nullopt;
    ++cut.back();
    return cut;
  }
  // Only ASCII is increased in place: it stays valid UTF-8; what ends otherwise is cut further.
  while (!cut.empty()) {
    const auto last = static_cast<unsigned char>(cut.back());
    if (last < 0x7F) {
      ++cut.back();
      return cut;
    }
    cut.pop_back();
  }
  return std::nullopt;
}

std::strong_ordering compare(const Type& type, std::string_view a, std::string_view b) {
  const std::string_view name = type.text_or("");
  if (name == "int" || name == "date") return from_little<std::int32_t>(a) <=> from_little<std::int32_t>(b);
  if (name == "long" || name == "time" || name == "timestamp" || name == "timestamptz") {
    // A bound written when the column was still an int is shorter.
    const auto wide = [](std::string_view bytes) {
      return bytes.size() == 4 ? std::int64_t{from_little<std::int32_t>(bytes)} : from_little<std::int64_t>(bytes);
    };
    return wide(a) <=> wide(b);
  }
  if (name == "float" || name == "double") {
    const auto real = [](std::string_view bytes) {
      return bytes.size() == 4 ? double{from_little<float>(bytes)} : from_little<double>(bytes);
    };
    const double x = real(a), y = real(b);
    return x < y ? std::strong_ordering::less : x > y ? std::strong_ordering::greater : std::strong_ordering::equal;
  }
  if (name.starts_with("decimal")) {
    const __int128 x = number_of(a), y = number_of(b);
    return x < y ? std::strong_ordering::less : x > y ? std::strong_ordering::greater : std::strong_ordering::equal;
  }
  const int order = a.compare(b);
  return order < 0   ? std::strong_ordering::less
         : order > 0 ? std::strong_ordering::greater
                     : std::strong_ordering::equal;
}

bool may_match(const Type& type, const Bounds& bounds, std::string_view op, const std::vector<std::string>& literals) {
  if (op == "is_null") return !bounds.nulls || *bounds.nulls > 0;
  const bool is_all_null = bounds.nulls && bounds.values && *bounds.nulls == *bounds.values;
  if (is_all_null) return false;  // A comparison with NULL is never true.
  if (op == "not_null" || !type.is_text()) return true;
  const auto below = [&](const std::string& literal) {
    return bounds.lower && compare(type, literal, *bounds.lower) < 0;
  };
  const auto above = [&](const std::string& literal) {
    return bounds.upper && compare(type, literal, *bounds.upper) > 0;
  };
  if (op == "eq" || op == "in") {
    return std::any_of(literals.begin(), literals.end(),
                       [&](const std::string& each) { return !below(each) && !above(each); });
  }
  if (literals.size() != 1) return true;
  const std::string& literal = literals[0];
  if (op == "lt") return !bounds.lower || compare(type, *bounds.lower, literal) < 0;
  if (op == "le") return !bounds.lower || compare(type, *bounds.lower, literal) <= 0;
  if (op == "gt") return !bounds.upper || compare(type, *bounds.upper, literal) > 0;
  if (op == "ge") return !bounds.upper || compare(type, *bounds.upper, literal) >= 0;
  return true;
}

Result<json::Value> partition_value(const Type& type, const json::Value& value) {
  if (value.is_null()) return json::Value();
  const std::string_view name = type.text_or("");
  if (name == "boolean" || name == "string") return value;
  if (name == "float" || name == "double") return value;
  if (const auto whole = integer_like(std::string(name), value)) return json::Value(*whole);
  auto bytes = TRY(to_bytes(type, value));
  if (!bytes) return json::Value();
  if (const auto decimal = decimal_of(type)) {
    const std::size_t size = decimal_bytes(decimal->precision);
    if (bytes->size() > size) return misfit(type, value);
    bytes->insert(0, size - bytes->size(), ((*bytes)[0] & 0x80) != 0 ? '\xff' : '\0');
  }
  return json::Value(*bytes);
}

json::Value single_value(const Type& type, const json::Value& value) {
  if (!value.is_text() || type.text_or("string") == "string") return value;
  const auto decimal = decimal_of(type);
  return decimal ? json::Value(decimal_text(number_of(value.text()), static_cast<std::size_t>(decimal->scale)))
                 : json::Value(text::hex(value.text()));
}

std::size_t decimal_bytes(std::int64_t precision) {
  __int128 end = 1;
  for (std::int64_t i = 0; i < precision; ++i) end *= 10;
  std::size_t bytes = 1;
  while (bytes < 16 && (__int128{1} << (8 * bytes - 1)) < end) ++bytes;
  return bytes;
}

}  // namespace weft::iceberg
