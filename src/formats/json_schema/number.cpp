#include "formats/json_schema/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/json.h"

namespace weft::json_schema {
namespace {

using json::Value;

// ± 0.DIGITS · 10^exponent, without zeros at either end; no digits: zero.
struct Decimal {
  bool is_negative = false;
  std::string digits;
  std::int64_t exponent = 0;
};

constexpr std::int64_t kExponentMax = 1'000'000'000'000;

Decimal read_decimal(std::string_view text) {
  Decimal decimal;
  if (text.starts_with('-')) {
    decimal.is_negative = true;
    text.remove_prefix(1);
  }
  bool is_fraction = false;
  std::size_t i = 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      is_fraction = true;
    } else if (text[i] == '0' && decimal.digits.empty()) {
      if (is_fraction) --decimal.exponent;
    } else {
      decimal.digits += text[i];
      if (!is_fraction) ++decimal.exponent;
    }
  }
  if (i < text.size()) {
    const bool has_sign = text[i + 1] == '+';
    std::int64_t written = 0;
    const char* first = text.data() + i + 1 + (has_sign ? 1 : 0);
    const auto [end, error] = std::from_chars(first, text.data() + text.size(), written);
    if (error != std::errc()) written = *first == '-' ? -kExponentMax : kExponentMax;
    decimal.exponent += std::clamp(written, -kExponentMax, kExponentMax);
  }
  while (decimal.digits.ends_with('0')) decimal.digits.pop_back();
  if (decimal.digits.empty()) return {};
  return decimal;
}

Decimal decimal_of(const Value& number) {
  if (number.is_literal()) return read_decimal(number.literal().text);
  if (number.is_integer()) return read_decimal(std::to_string(number.integer()));
  std::array<char, 64> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), number.number());
  return read_decimal(std::string_view(text.data(), static_cast<std::size_t>(written.ptr - text.data())));
}

int sign(bool is_below, bool is_above) { return (is_above ? 1 : 0) - (is_below ? 1 : 0); }

int compare(const Decimal& a, const Decimal& b) {
  auto sign_of = [](const Decimal& each) { return each.digits.empty() ? 0 : each.is_negative ? -1 : 1; };
  const int side = sign_of(a);
  if (side != sign_of(b)) return sign(side<sign_of(b), side> sign_of(b));
  if (side == 0) return 0;
  if (a.exponent != b.exponent) return side * sign(a.exponent<b.exponent, a.exponent> b.exponent);
  const int order = a.digits.compare(b.digits);  // Without zeros at the end a longer one is the larger.
  return side * sign(order < 0, order > 0);
}

std::uint64_t times(std::uint64_t a, std::uint64_t b, std::uint64_t modulus) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(a) * b % modulus);
}

std::uint64_t power_of_ten(std::uint64_t exponent, std::uint64_t modulus) {
  std::uint64_t result = 1 % modulus, base = 10 % modulus;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = times(result, base, modulus);
    base = times(base, base, modulus);
  }
  return result;
}

// By digits modulo the step's digits, so that 0.3 is a multiple of 0.1 and 1e308 none of 0.123.
bool is_multiple(const Decimal& number, const Decimal& step) {
  if (number.digits.empty()) return true;
  // Each as whole digits times a power of ten.
  const std::int64_t scale = (number.exponent - static_cast<std::int64_t>(number.digits.size())) -
                             (step.exponent - static_cast<std::int64_t>(step.digits.size()));
  if (scale < 0) return false;  // The number's last digit, no zero, stands behind the step's.
  std::uint64_t modulus = 0, rest = 0;
  const char* end = step.digits.data() + step.digits.size();
  if (std::from_chars(step.digits.data(), end, modulus).ec != std::errc() || modulus > (std::uint64_t{1} << 60)) {
    return compare({.digits = number.digits}, {.digits = step.digits}) == 0;
  }
  for (const char digit : number.digits)
    rest = (times(rest, 10, modulus) + static_cast<std::uint64_t>(digit - '0')) % modulus;
  return times(rest, power_of_ten(static_cast<std::uint64_t>(scale), modulus), modulus) == 0;
}

void write_identity(std::string& out, const Value& value) {
  if (value.is_number()) {
    const Decimal decimal = decimal_of(value);
    out += decimal.is_negative ? "-" : "+";
    out += decimal.digits + "e" + std::to_string(decimal.exponent);
  } else if (value.is_array()) {
    out += '[';
    for (const Value& each : value.array()) {
      write_identity(out, each);
      out += ',';
    }
    out += ']';
  } else if (value.is_object()) {
    std::vector<const json::Member*> members;
    for (const json::Member& member : value.object()) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
    out += '{';
    for (const json::Member* member : members) {
      json::write_text_to(out, member->key);
      out += ':';
      write_identity(out, member->value);
      out += ',';
    }
    out += '}';
  } else {
    json::write_to(out, value);
  }
}

bool is_same_object(const json::Object& a, const json::Object& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.begin(), a.end(), [&](const json::Member& member) {
    const Value* other = b.find(member.key);
    return other != nullptr && is_same(member.value, *other);
  });
}

}  // namespace

int compare_numbers(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return sign(a.integer() < b.integer(), a.integer() > b.integer());
  // 64 bits of mantissa hold every integer and every double.
  static_assert(std::numeric_limits<long double>::digits >= 64);
  auto wide = [](const Value& each) {
    return each.is_integer() ? static_cast<long double>(each.integer()) : static_cast<long double>(each.number());
  };
  if (!a.is_literal() && !b.is_literal()) return sign(wide(a) < wide(b), wide(a) > wide(b));
  return compare(decimal_of(a), decimal_of(b));
}

bool is_whole(const Value& number) {
  if (number.is_integer()) return true;
  if (number.is_real()) return std::floor(number.number()) == number.number();
  const Decimal decimal = decimal_of(number);
  return decimal.exponent >= static_cast<std::int64_t>(decimal.digits.size());
}

bool is_multiple(const Value& number, const Value& step) {
  if (number.is_integer() && step.is_integer())
    return step.integer() != 0 && (step.integer() == -1 || number.integer() % step.integer() == 0);
  const Decimal wanted = decimal_of(step);
  return !wanted.digits.empty() && is_multiple(decimal_of(number), wanted);
}

bool is_same(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.is_array() && b.is_array()) {
    return a.array().size() == b.array().size() &&
           std::equal(a.array().begin(), a.array().end(), b.array().begin(), is_same);
  }
  if (a.is_object() && b.is_object()) return is_same_object(a.object(), b.object());
  return a == b;
}

std::string identity_of(const Value& value) {
  std::string out;
  write_identity(out, value);
  return out;
}

}  // namespace weft::json_schema
