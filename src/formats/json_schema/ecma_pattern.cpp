#include "formats/json_schema/ecma_pattern.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "base/format.h"

namespace weft::json_schema {
namespace {

constexpr std::pair<std::string_view, std::string_view> kCategories[] = {
    {"Letter", "L"},
    {"Lowercase_Letter", "Ll"},
    {"Uppercase_Letter", "Lu"},
    {"Titlecase_Letter", "Lt"},
    {"Mark", "M"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Punctuation", "P"},
    {"Symbol", "S"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Other", "C"},
    {"Control", "Cc"},
};

std::optional<std::uint32_t> hexadecimal(std::string_view text, std::size_t at, std::size_t length) {
  if (at + length > text.size()) return std::nullopt;
  std::uint32_t value = 0;
  const char* end = text.data() + at + length;
  const auto [stopped, error] = std::from_chars(text.data() + at, end, value, 16);
  return error == std::errc() && stopped == end ? std::optional(value) : std::nullopt;
}

bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

// What \s is beyond ASCII and RE2's own idea of it.
constexpr std::string_view kSpaces = R"(\s\v\x{A0}\x{FEFF}\x{2028}\x{2029}\p{Zs})";

enum class Within : std::uint8_t { expression, brackets };

// The escape at `at` in RE2's words; what it does not know is copied. Returns how much was read.
std::size_t translate_escape(std::string_view text, std::size_t at, Within within, std::string& out) {
  const char what = at + 1 < text.size() ? text[at + 1] : '\0';
  if (what == 's' || (what == 'S' && within == Within::expression)) {
    out += within == Within::brackets ? std::string(kSpaces) : format("[{}{}]", what == 'S' ? "^" : "", kSpaces);
    return 2;
  }
  if (what == 'u') {
    if (const auto unit = hexadecimal(text, at + 2, 4)) {
      const auto low = text.substr(at + 6).starts_with("\\u") ? hexadecimal(text, at + 8, 4) : std::nullopt;
      if (is_high_surrogate(*unit) && low && is_low_surrogate(*low)) {
        out += format("\\x{{{:X}}}", 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00));
        return 12;
      }
      out += format("\\x{{{:X}}}", *unit);
      return 6;
    }
    if (const auto close = text.find('}', at);
        text.substr(at + 2).starts_with('{') && close != std::string_view::npos) {
      (out += "\\x") += text.substr(at + 2, close - at - 1);
      return close - at + 1;
    }
  }
  if (what == 'c' && at + 2 < text.size()) {
    out += format("\\x{{{:X}}}", text[at + 2] & 31);
    return 3;
  }
  if ((what == 'p' || what == 'P') && text.substr(at + 2).starts_with('{')) {
    const auto close = std::min(text.find('}', at), text.size());
    auto name = text.substr(at + 3, close - std::min(close, at + 3));
    for (const std::string_view prefix : {"General_Category=", "gc=", "Script=", "sc="}) {
      if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    for (const auto& [longer, shorter] : kCategories) {
      if (name == longer) name = shorter;
    }
    out += format("\\{}{{{}}}", what, name);
    return std::min(close + 1, text.size()) - at;
  }
  const std::size_t length = what == '\0' ? 1 : 2;
  out += text.substr(at, length);
  return length;
}

}  // namespace

Result<Pattern> compile_pattern(std::string_view expression) {
  std::string translated;
  bool is_class = false;
  for (std::size_t i = 0; i < expression.size();) {
    const std::string_view rest = expression.substr(i);
    if (rest[0] == '\\') {
      i += translate_escape(expression, i, is_class ? Within::brackets : Within::expression, translated);
      continue;
    }
    if (!is_class && rest.starts_with("(?<") && !rest.starts_with("(?<=") && !rest.starts_with("(?<!")) {
      translated += "(?P<";
      i += 3;
      continue;
    }
    if (rest[0] == '[' && is_class) translated += '\\';  // Else RE2 takes "[[:" for a named class.
    if (rest[0] == '[') is_class = true;
    if (rest[0] == ']') is_class = false;
    translated += rest[0];
    ++i;
  }
  return Pattern::compile(translated);
}

}  // namespace weft::json_schema
