#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/text.h"

namespace weft::json {
namespace {

namespace bj = boost::json;

constexpr std::size_t kFramesReserved = 8;

// Builds our values from Boost.JSON's events. Numbers keep their text until their end, so that none loses digits.
struct Builder {
  constexpr static std::size_t max_object_size = std::size_t(-1);
  constexpr static std::size_t max_array_size = std::size_t(-1);
  constexpr static std::size_t max_key_size = std::size_t(-1);
  constexpr static std::size_t max_string_size = std::size_t(-1);

  struct Frame {
    Value value;
    std::string key;
  };
  std::vector<Frame> open;
  Value result;
  std::string text, number;
  std::string duplicate;
  bool has_duplicate = false;

  // What stood in parts before, which is seldom, and the last of it.
  static std::string whole_of(std::string& before, bj::string_view last) {
    if (before.empty()) return {last.data(), last.size()};
    before.append(last.data(), last.size());
    return std::exchange(before, {});
  }

  bool put(Value&& value, bj::error_code& error) {
    if (open.empty()) {
      result = std::move(value);
      return true;
    }
    Frame& frame = open.back();
    if (frame.value.is_array()) {
      frame.value.array().push_back(std::move(value));
      return true;
    }
    if (frame.value.object().add(frame.key, std::move(value))) return true;
    duplicate = frame.key;
    has_duplicate = true;
    error = bj::error::syntax;
    return false;
  }
  bool close(bj::error_code& error) {
    Value value = std::move(open.back().value);
    open.pop_back();
    return put(std::move(value), error);
  }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) {
    open.push_back({Value(Object{}), {}});
    return true;
  }
  bool on_object_end(std::size_t, bj::error_code& error) { return close(error); }
  bool on_array_begin(bj::error_code&) {
    open.push_back({Value(Array{}), {}});
    return true;
  }
  bool on_array_end(std::size_t, bj::error_code& error) { return close(error); }
  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_key(bj::string_view part, std::size_t, bj::error_code&) {
    open.back().key = whole_of(text, part);
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_string(bj::string_view part, std::size_t, bj::error_code& error) {
    return put(Value(whole_of(text, part)), error);
  }
  bool on_number_part(bj::string_view part, bj::error_code&) {
    number.append(part.data(), part.size());
    return true;
  }
  bool end_number(bj::string_view part, bj::error_code& error);
  bool on_int64(std::int64_t, bj::string_view part, bj::error_code& error) { return end_number(part, error); }
  bool on_uint64(std::uint64_t, bj::string_view part, bj::error_code& error) { return end_number(part, error); }
  bool on_double(double, bj::string_view part, bj::error_code& error) { return end_number(part, error); }
  bool on_bool(bool value, bj::error_code& error) { return put(Value(value), error); }
  bool on_null(bj::error_code& error) { return put(Value(), error); }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

std::size_t significant_digits(std::string_view text) {
  std::size_t digits = 0;
  bool has_started = false;
  for (const char c : text) {
    if (c == 'e' || c == 'E') break;
    if (c < '0' || c > '9') continue;
    has_started = has_started || c != '0';
    if (has_started) ++digits;
  }
  return digits;
}

// A double keeps 15 significant digits surely; what has more, or overflows, stays as it was written unless it comes
// back equal.
Value number_of(std::string text) {
  if (text.find_first_of(".eE") == std::string::npos) {
    std::int64_t whole = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error == std::errc() && end == text.data() + text.size() && text != "-0") return Value(whole);
    if (text != "-0") return Value(Literal{std::move(text)});
  }
  double real = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), real).ec != std::errc())
    real = std::strtod(text.c_str(), nullptr);  // Out of range: which side of it?
  if (!std::isfinite(real)) return Value(Literal{std::move(text)});
  // A subnormal keeps fewer digits, and what is smaller still would become zero.
  if (significant_digits(text) > 15 || std::fabs(real) < std::numeric_limits<double>::min()) {
    // 17 digits that are the shortest form of this double are exact enough; more digits are a decimal's.
    std::array<char, 64> shortest{};
    const auto written =
        std::to_chars(shortest.data(), shortest.data() + shortest.size(), real, std::chars_format::scientific);
    const std::string_view form(shortest.data(), static_cast<std::size_t>(written.ptr - shortest.data()));
    if (significant_digits(text) > significant_digits(form)) return Value(Literal{std::move(text)});
  }
  return Value(real);
}

bool Builder::end_number(bj::string_view part, bj::error_code& error) {
  return put(number_of(whole_of(number, part)), error);
}

std::string place_of(std::string_view text, std::size_t offset) {
  std::size_t line = 1, column = 1;
  for (const char c : text.substr(0, std::min(offset, text.size()))) {
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n' ? 1 : 0;
  }
  return format("line {}, column {}", line, column);
}

void write_number(std::string& out, const Value& value) {
  if (value.is_integer()) {
    out += std::to_string(value.integer());
  } else if (value.is_literal()) {
    out += value.literal().text;
  } else if (!std::isfinite(value.number())) {
    out += "null";
  } else {
    std::array<char, 64> text{};
    const auto written = std::to_chars(text.data(), text.data() + text.size(), value.number());
    const std::string_view form(text.data(), static_cast<std::size_t>(written.ptr - text.data()));
    out += form;
    if (form.find_first_of(".e") == std::string_view::npos) out += ".0";  // Stays a real when read again.
  }
}

// RFC 8785 sorts by UTF-16 units: there the characters beyond U+FFFF, as pairs of surrogates, stand before U+E000.
bool is_before_in_utf16(std::string_view a, std::string_view b) {
  const auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at == a.end() || other == b.end()) return a.size() < b.size();
  const auto x = static_cast<unsigned char>(*at), y = static_cast<unsigned char>(*other);
  constexpr unsigned char kPair = 0xF0, kAfterSurrogates = 0xEE;
  if (x >= kPair && y >= kAfterSurrogates && y < kPair) return true;
  if (y >= kPair && x >= kAfterSurrogates && x < kPair) return false;
  return x < y;
}

struct Layout {
  bool is_pretty = false;
  bool is_sorted = false;
};

void write_value(std::string& out, const Value& value, const Layout& layout, int depth);

void new_line(std::string& out, const Layout& layout, int depth) {
  if (!layout.is_pretty) return;
  out += '\n';
  out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

void write_object(std::string& out, const Object& object, const Layout& layout, int depth) {
  std::vector<const Member*> members;
  members.reserve(object.size());
  for (const Member& member : object) members.push_back(&member);
  if (layout.is_sorted) {
    std::sort(members.begin(), members.end(),
              [](const Member* a, const Member* b) { return is_before_in_utf16(a->key, b->key); });
  }
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    new_line(out, layout, depth + 1);
    write_text_to(out, members[i]->key);
    out += layout.is_pretty ? ": " : ":";
    write_value(out, members[i]->value, layout, depth + 1);
  }
  if (!members.empty()) new_line(out, layout, depth);
  out += '}';
}

void write_value(std::string& out, const Value& value, const Layout& layout, int depth) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_boolean()) {
    out += value.boolean() ? "true" : "false";
  } else if (value.is_number()) {
    write_number(out, value);
  } else if (value.is_text()) {
    write_text_to(out, value.text());
  } else if (value.is_object()) {
    write_object(out, value.object(), layout, depth);
  } else {
    out += '[';
    const Array& items = value.array();
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ',';
      new_line(out, layout, depth + 1);
      write_value(out, items[i], layout, depth + 1);
    }
    if (!items.empty()) new_line(out, layout, depth);
    out += ']';
  }
}

}  // namespace

Result<Value> parse(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return fail(ErrorKind::limit, "json.too_large", "the JSON text has {} bytes; at most {} are read here", text.size(),
                limits.bytes_max);
  }
  if (!text::is_valid_utf8(text))
    return fail(ErrorKind::invalid, "json.invalid_utf8", "the JSON text is not valid UTF-8");
  bj::parse_options options;
  options.max_depth = limits.depth_max;
  bj::basic_parser<Builder> parser(options);
  parser.handler().open.reserve(kFramesReserved);
  bj::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  const Builder& builder = parser.handler();
  if (builder.has_duplicate) {
    return fail(ErrorKind::invalid, "json.duplicate_key", "the key {} stands twice in one object", builder.duplicate);
  }
  if (error == bj::error::too_deep) {
    return fail(ErrorKind::limit, "json.too_deep", "the JSON text nests deeper than {} levels, at {}", limits.depth_max,
                place_of(text, used));
  }
  if (error)
    return fail(ErrorKind::invalid, "json.malformed", "no JSON at {}: {}", place_of(text, used), error.message());
  if (text.substr(used).find_first_not_of(" \t\r\n") != std::string_view::npos) {
    return fail(ErrorKind::invalid, "json.malformed", "there is more after the JSON value, at {}",
                place_of(text, used));
  }
  return std::move(parser.handler().result);
}

std::string write(const Value& value) {
  std::string out;
  write_to(out, value);
  return out;
}
void write_to(std::string& out, const Value& value) { write_value(out, value, {}, 0); }
std::string write_pretty(const Value& value) {
  std::string out;
  write_value(out, value, {.is_pretty = true}, 0);
  return out;
}
std::string write_canonical(const Value& value) {
  std::string out;
  write_value(out, value, {.is_sorted = true}, 0);
  return out;
}

void write_text_to(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  // Bytes of others (a file's name, a driver's message) must not make a document that nobody can read.
  if (!text::is_valid_utf8(text)) return write_text_to(out, text::to_valid_utf8(text));
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += "\\u00";
          out += kHex[(c >> 4) & 15];
          out += kHex[c & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

}  // namespace weft::json
