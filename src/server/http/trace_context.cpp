#include "server/http/trace_context.h"

#include <algorithm>

namespace weft::server {
namespace {

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

std::string valid_trace_parent(std::string_view header) {
  constexpr std::size_t kSize = 55;  // version(2)-trace(32)-parent(16)-flags(2)
  if (header.size() < kSize || header[2] != '-' || header[35] != '-' || header[52] != '-') return {};
  const std::string_view version = header.substr(0, 2), trace = header.substr(3, 32), parent = header.substr(36, 16),
                         flags = header.substr(53, 2);
  if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(flags)) return {};
  if (version == "ff" || is_zero(trace) || is_zero(parent)) return {};
  // Version 00 ends here; later ones may say more behind another dash.
  if (version == "00" ? header.size() != kSize : header.size() > kSize && header[kSize] != '-') return {};
  return std::string(header);
}

}  // namespace weft::server
