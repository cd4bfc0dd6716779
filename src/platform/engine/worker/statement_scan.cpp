#include "platform/engine/worker/statement_scan.h"

namespace weft::engine::worker {
namespace {

constexpr int kBracketsMax = 200;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The position after the quoted text that starts at `at`; a doubled quote stands for itself.
std::size_t after_quoted(std::string_view sql, std::size_t at) {
  const char quote = sql[at];
  for (++at; at < sql.size(); ++at) {
    if (sql[at] != quote) continue;
    if (at + 1 < sql.size() && sql[at + 1] == quote) {
      ++at;
    } else {
      return at + 1;
    }
  }
  return sql.size();
}

std::size_t after_escaped(std::string_view sql, std::size_t at) {
  for (++at; at < sql.size(); ++at) {
    if (sql[at] == '\\') {
      ++at;
    } else if (sql[at] == '\'') {
      return at + 1;
    }
  }
  return sql.size();
}

// `$tag$ … $tag$`, or just the `$` when this is none.
std::size_t after_dollar(std::string_view sql, std::size_t at) {
  std::size_t end = at + 1;
  while (end < sql.size() && is_word(sql[end])) ++end;
  if (end >= sql.size() || sql[end] != '$') return at + 1;
  const auto tag = sql.substr(at, end - at + 1);
  const auto close = sql.find(tag, end + 1);
  return close == std::string_view::npos ? sql.size() : close + tag.size();
}

std::size_t after_block_comment(std::string_view sql, std::size_t at) {
  int open = 0;
  for (; at + 1 < sql.size(); ++at) {
    if (sql[at] == '/' && sql[at + 1] == '*') {
      ++open;
      ++at;
    } else if (sql[at] == '*' && sql[at + 1] == '/') {
      ++at;
      if (--open == 0) return at + 1;
    }
  }
  return sql.size();
}

// The position of the next character that is code.
std::size_t next(std::string_view sql, std::size_t at) {
  const char c = sql[at];
  const bool has_more = at + 1 < sql.size();
  if (c == '\'') {
    const bool is_escaped = at > 0 && (sql[at - 1] == 'e' || sql[at - 1] == 'E') && (at == 1 || !is_word(sql[at - 2]));
    return is_escaped ? after_escaped(sql, at) : after_quoted(sql, at);
  }
  if (c == '"') return after_quoted(sql, at);
  if (c == '$') return after_dollar(sql, at);
  if (c == '-' && has_more && sql[at + 1] == '-') {
    const auto end = sql.find_first_of("\r\n", at);
    return end == std::string_view::npos ? sql.size() : end;
  }
  if (c == '/' && has_more && sql[at + 1] == '*') return after_block_comment(sql, at);
  return at + 1;
}

}  // namespace

Result<> check_nesting(std::string_view sql) {
  int depth = 0;
  for (std::size_t at = 0; at < sql.size(); at = next(sql, at)) {
    const char c = sql[at];
    if (c == '(' || c == '[' || c == '{') {
      if (++depth > kBracketsMax) {
        return fail(ErrorKind::limit, "sql.too_deep",
                    "brackets nest deeper than {} at character {}; split the query into CTEs", kBracketsMax, at + 1);
      }
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    }
  }
  return {};
}

}  // namespace weft::engine::worker
