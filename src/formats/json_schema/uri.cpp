#include "formats/json_schema/uri.h"

#include <algorithm>
#include <cctype>

namespace weft::json_schema {
namespace {

// RFC 3986 appendix B: nothing that is written is lost, absent and empty are told apart.
struct Parts {
  std::string_view scheme, authority, path, query;
  bool has_scheme = false, has_authority = false, has_query = false;
};

bool is_scheme(std::string_view text) {
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return false;
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; });
}

Parts parts_of(std::string_view uri) {
  Parts parts;
  uri = split_fragment(uri).first;
  if (const auto colon = uri.find(':'); colon != std::string_view::npos && is_scheme(uri.substr(0, colon))) {
    parts.has_scheme = true;
    parts.scheme = uri.substr(0, colon);
    uri.remove_prefix(colon + 1);
  }
  if (uri.starts_with("//")) {
    parts.has_authority = true;
    parts.authority = uri.substr(2, std::min(uri.find_first_of("/?", 2), uri.size()) - 2);
    uri.remove_prefix(2 + parts.authority.size());
  }
  if (const auto mark = uri.find('?'); mark != std::string_view::npos) {
    parts.has_query = true;
    parts.query = uri.substr(mark + 1);
    uri = uri.substr(0, mark);
  }
  parts.path = uri;
  return parts;
}

// RFC 3986 §5.2.4.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    if (path.starts_with("./")) {
      path.remove_prefix(2);
    } else if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("/./") || path == "/.") {
      path = path.size() == 2 ? path.substr(0, 1) : path.substr(2);
    } else if (path.starts_with("/../") || path == "/..") {
      path = path.size() == 3 ? path.substr(0, 1) : path.substr(3);
      const auto slash = out.rfind('/');
      out.resize(slash == std::string::npos ? 0 : slash);
    } else if (path == "." || path == "..") {
      path = {};
    } else {
      const auto end = std::min(path.find('/', 1), path.size());
      out += path.substr(0, end);
      path.remove_prefix(end);
    }
  }
  return out;
}

std::string merged(const Parts& base, std::string_view path) {
  if (path.starts_with('/')) return without_dots(path);
  if (base.has_authority && base.path.empty()) return without_dots("/" + std::string(path));
  const auto slash = base.path.rfind('/');
  std::string joined(slash == std::string_view::npos ? std::string_view() : base.path.substr(0, slash + 1));
  joined += path;
  return without_dots(joined);
}

}  // namespace

std::pair<std::string_view, std::string_view> split_fragment(std::string_view uri) {
  const auto mark = uri.find('#');
  if (mark == std::string_view::npos) return {uri, {}};
  return {uri.substr(0, mark), uri.substr(mark + 1)};
}

std::string resolve_uri(std::string_view base_uri, std::string_view reference_uri) {
  const auto [bare, fragment] = split_fragment(reference_uri);
  std::string out;
  if (bare.empty()) {
    out = split_fragment(base_uri).first;
  } else {
    const Parts base = parts_of(base_uri), reference = parts_of(bare);
    const Parts& place = reference.has_scheme || reference.has_authority ? reference : base;
    const Parts& scheme = reference.has_scheme ? reference : base;
    if (scheme.has_scheme) out.append(scheme.scheme) += ':';
    if (place.has_authority) out.append("//") += place.authority;
    const bool is_own_path = &place == &reference || !reference.path.empty();
    if (reference.has_scheme && !reference.has_authority && !reference.path.starts_with('/')) {
      out += reference.path;  // urn:…, tag:…: opaque.
    } else if (&place == &reference) {
      out += without_dots(reference.path);
    } else {
      out += is_own_path ? merged(base, reference.path) : std::string(base.path);
    }
    const Parts& query = reference.has_query || is_own_path ? reference : base;
    if (query.has_query) (out += '?') += query.query;
  }
  if (reference_uri.size() > bare.size()) (out += '#') += fragment;
  return out;
}

}  // namespace weft::json_schema
