#include "platform/engine/worker/foreign_text.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace weft::engine::worker {
namespace {

using Kind = Token::Kind;

bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_word_start(c) || is_digit(c) || c == '$' || c == '@' || c == '#'; }

template <std::size_t N>
bool is_one_of(const Token& token, const std::array<std::string_view, N>& words) {
  return token.kind == Kind::word && std::ranges::find(words, token.upper) != words.end();
}

std::string upper(std::string_view text) {
  std::string answer(text);
  for (char& c : answer) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return answer;
}

std::size_t end_of_quote(std::string_view sql, std::size_t at, char quote) {
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

std::size_t after_space_and_comments(std::string_view sql, std::size_t at) {
  while (at < sql.size()) {
    if (sql[at] == ' ' || sql[at] == '\t' || sql[at] == '\n' || sql[at] == '\r' || sql[at] == '\f') {
      ++at;
    } else if (sql.substr(at).starts_with("--")) {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at).starts_with("/*")) {
      const auto end = sql.find("*/", at + 2);
      at = end == std::string_view::npos ? sql.size() : end + 2;
    } else {
      break;
    }
  }
  return at;
}

std::size_t end_of_token(std::string_view sql, std::size_t at, Kind& kind) {
  const char c = sql[at];
  std::size_t end = at + 1;
  if (c == '\'') {
    kind = Kind::text;
    return end_of_quote(sql, at, c);
  }
  if (c == '"' || c == '`') {
    kind = Kind::quoted;
    return end_of_quote(sql, at, c);
  }
  if (is_word_start(c)) {
    kind = Kind::word;
    while (end < sql.size() && is_word(sql[end])) ++end;
    return end;
  }
  if (is_digit(c)) {
    kind = Kind::number;
    while (end < sql.size() && (is_word(sql[end]) || sql[end] == '.')) ++end;
    return end;
  }
  kind = Kind::symbol;
  return sql.substr(at).starts_with("::") ? at + 2 : end;
}

// What is to be put in place of pieces of a text. Pieces do not overlap.
class Edits {
 public:
  explicit Edits(std::string_view text) : text_(text) {}
  void replace(std::size_t start, std::size_t end, std::string with) {
    edits_.push_back({start, edits_.size(), end, std::move(with)});
  }
  std::string apply() {
    std::ranges::sort(edits_, {}, [](const Edit& edit) { return std::pair(edit.start, edit.order); });
    std::string answer;
    std::size_t at = 0;
    for (const auto& edit : edits_) {
      if (edit.start < at) continue;
      answer.append(text_.substr(at, edit.start - at)).append(edit.with);
      at = edit.end;
    }
    return answer.append(text_.substr(at));
  }

 private:
  struct Edit {
    std::size_t start, order, end;
    std::string with;
  };
  std::string_view text_;
  std::vector<Edit> edits_;
};

constexpr auto kAfterItems =
    std::to_array<std::string_view>({"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT",
                                     "INTERSECT", "WINDOW", "QUALIFY", "INTO", "OFFSET", "FETCH", "MINUS"});

// Words after which a last word is an operand, not an alias.
constexpr auto kBeforeOperand = std::to_array<std::string_view>(
    {"AND",  "OR",        "NOT",  "IS",   "IN",      "LIKE", "ILIKE",  "BETWEEN", "CASE",  "WHEN", "THEN",
     "ELSE", "DISTINCT",  "OVER", "ZONE", "COLLATE", "FROM", "ESCAPE", "SIMILAR", "TO",    "GLOB", "INTERVAL",
     "DATE", "TIMESTAMP", "ALL",  "ANY",  "EXISTS",  "DIV",  "MOD",    "RLIKE",   "REGEXP"});

constexpr auto kNeverAlias = std::to_array<std::string_view>({"NULL", "TRUE", "FALSE", "END", "UNKNOWN", "NULLS"});

bool has_name(const std::vector<Token>& tokens, std::size_t first, std::size_t last) {
  const int depth = tokens[first].depth;
  for (std::size_t i = first; i < last; ++i) {
    if (tokens[i].depth == depth && tokens[i].kind == Kind::word && tokens[i].upper == "AS") return true;
  }
  const Token& end = tokens[last - 1];
  if (last - first < 2 || (end.kind != Kind::word && end.kind != Kind::quoted) || is_one_of(end, kNeverAlias))
    return false;
  const Token& before = tokens[last - 2];
  if (last - first >= 3 && tokens[last - 3].upper == "INTERVAL") return false;
  if (before.kind == Kind::symbol) return before.upper == ")" || before.upper == "]";
  return !is_one_of(before, kBeforeOperand);
}

// a, a.b.c, *, a.*, a::type: they name themselves.
bool names_itself(const std::vector<Token>& tokens, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    const Token& token = tokens[i];
    if (token.upper == "::") return i > first;
    if (token.kind == Kind::text || token.kind == Kind::number) return false;
    const bool is_dot = token.upper == ".";
    if (token.kind == Kind::symbol && token.upper == "*") return true;
    if (((i - first) % 2 == 1) != is_dot) return false;
  }
  return true;
}

std::size_t after_brackets(const std::vector<Token>& tokens, std::size_t open) {
  for (std::size_t i = open + 1; i < tokens.size(); ++i) {
    if (tokens[i].upper == ")" && tokens[i].kind == Kind::symbol && tokens[i].depth == tokens[open].depth) return i + 1;
  }
  return tokens.size();
}

void name_items_of(std::string_view sql, const std::vector<Token>& tokens, std::size_t at, Edits& edits) {
  const int depth = tokens[at].depth;
  if (++at < tokens.size() && (tokens[at].upper == "DISTINCT" || tokens[at].upper == "ALL")) {
    ++at;
    if (at + 1 < tokens.size() && tokens[at].upper == "ON" && tokens[at + 1].upper == "(")
      at = after_brackets(tokens, at + 1);
  }
  std::size_t first = at;
  for (; at <= tokens.size(); ++at) {
    const bool is_over = at == tokens.size() || tokens[at].depth < depth ||
                         (tokens[at].depth == depth && is_one_of(tokens[at], kAfterItems));
    const bool is_comma =
        !is_over && tokens[at].depth == depth && tokens[at].upper == "," && tokens[at].kind == Kind::symbol;
    if (!is_over && !is_comma) continue;
    if (at > first && !has_name(tokens, first, at) && !names_itself(tokens, first, at)) {
      const std::size_t start = tokens[first].start, end = tokens[at - 1].end;
      edits.replace(end, end, " AS " + text::quote_identifier(sql.substr(start, end - start)));
    }
    if (is_over) return;
    first = at + 1;
  }
}

constexpr auto kJoinsWithoutCondition = std::to_array<std::string_view>({"CROSS", "NATURAL", "POSITIONAL"});
constexpr auto kAfterJoined = std::to_array<std::string_view>(
    {"ON",    "USING",  "JOIN",  "LEFT",  "RIGHT",      "FULL",   "INNER",     "CROSS",  "NATURAL",     "WHERE",
     "GROUP", "HAVING", "ORDER", "LIMIT", "UNION",      "EXCEPT", "INTERSECT", "WINDOW", "QUALIFY",     "SET",
     "WHEN",  "SEMI",   "ANTI",  "ASOF",  "POSITIONAL", "FETCH",  "OFFSET",    "SELECT", "TABLESAMPLE", "MINUS"});

// The position after a joined table and its alias.
std::size_t after_joined(const std::vector<Token>& tokens, std::size_t at) {
  if (at < tokens.size() && tokens[at].upper == "LATERAL") ++at;
  if (at < tokens.size() && tokens[at].upper == "(") {
    at = after_brackets(tokens, at);
  } else {
    while (at + 2 < tokens.size() && tokens[at + 1].upper == ".") at += 2;
    ++at;
    if (at < tokens.size() && tokens[at].upper == "(") at = after_brackets(tokens, at);
  }
  if (at < tokens.size() && tokens[at].upper == "AS") ++at;
  if (at < tokens.size() &&
      (tokens[at].kind == Kind::quoted || (tokens[at].kind == Kind::word && !is_one_of(tokens[at], kAfterJoined)))) {
    ++at;
    if (at < tokens.size() && tokens[at].upper == "(") at = after_brackets(tokens, at);
  }
  return at;
}

void complete_joins(const std::vector<Token>& tokens, Edits& edits) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != Kind::word || tokens[i].upper != "JOIN" || i + 1 == tokens.size()) continue;
    const Token* kind = i > 0 ? &tokens[i - 1] : nullptr;
    const std::size_t after = std::min(after_joined(tokens, i + 1), tokens.size());
    const bool has_condition = after < tokens.size() && (tokens[after].upper == "ON" || tokens[after].upper == "USING");
    if (kind != nullptr && is_one_of(*kind, kJoinsWithoutCondition)) {
      if (has_condition && kind->upper == "CROSS") edits.replace(kind->start, kind->end, "INNER");
    } else if (!has_condition && after > 0) {
      edits.replace(tokens[after - 1].end, tokens[after - 1].end, " ON true");
    }
  }
}

// UPDATE t SET t.a = …, t.b = … → SET a = …, b = …
void strip_set_targets(const std::vector<Token>& tokens, Edits& edits) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != Kind::word || tokens[i].upper != "SET") continue;
    for (std::size_t at = i + 1; at < tokens.size() && tokens[at].depth >= tokens[i].depth; ++at) {
      if (tokens[at].depth > tokens[i].depth) continue;
      if (tokens[at].upper == "WHERE" || tokens[at].upper == "FROM" || tokens[at].upper == "WHEN") break;
      if (at != i + 1 && tokens[at - 1].upper != ",") continue;
      std::size_t last = at;
      while (last + 2 < tokens.size() && tokens[last + 1].upper == ".") last += 2;
      if (last > at && last + 1 < tokens.size() && tokens[last + 1].upper == "=")
        edits.replace(tokens[at].start, tokens[last].start, "");
    }
  }
}

std::size_t after_name(const std::vector<Token>& tokens, std::size_t at) {
  while (at + 2 < tokens.size() && tokens[at + 1].upper == ".") at += 2;
  return at + 1;
}

bool is(const std::vector<Token>& tokens, std::size_t at, std::string_view upper) {
  return at < tokens.size() && tokens[at].upper == upper;
}

void remove(const std::vector<Token>& tokens, std::size_t first, std::size_t last, Edits& edits) {
  if (first < last && last <= tokens.size()) edits.replace(tokens[first].start, tokens[last - 1].end, "");
}

// INSERT [OVERWRITE] [INTO] [TABLE] t [PARTITION (…)] → INSERT INTO t
void fix_insert(const std::vector<Token>& tokens, std::size_t at, Edits& edits) {
  std::size_t name = at + 1;
  while (is(tokens, name, "OVERWRITE") || is(tokens, name, "INTO") ||
         (is(tokens, name, "TABLE") && !is(tokens, name + 1, "(")))
    ++name;
  if (name >= tokens.size() || tokens[name].upper == "OR") return;
  remove(tokens, at + 1, name, edits);
  edits.replace(tokens[name].start, tokens[name].start, "INTO ");
  const std::size_t after = after_name(tokens, name);
  if (is(tokens, after, "PARTITION") && is(tokens, after + 1, "("))
    remove(tokens, after, after_brackets(tokens, after + 1), edits);
}

// CREATE TABLE t LIKE u, … CLONE u: reads u, takes no column of it. CREATE TABLE t SELECT …: AS is missing.
void fix_create(const std::vector<Token>& tokens, Edits& edits) {
  std::size_t at = 1;
  while (at < tokens.size() && tokens[at].upper != "TABLE") ++at;
  if (at > 4 || ++at >= tokens.size()) return;
  if (is(tokens, at, "IF") && is(tokens, at + 2, "EXISTS")) at += 3;
  const std::size_t after = after_name(tokens, at);
  if (is(tokens, after, "LIKE") || is(tokens, after, "CLONE")) {
    edits.replace(tokens[after].start, tokens[after].end, "AS SELECT NULL AS nothing FROM");
  } else if (is(tokens, after, "SELECT")) {
    edits.replace(tokens[after].start, tokens[after].start, "AS ");
  }
}

void fix_heads(const std::vector<Token>& tokens, Edits& edits) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (token.kind != Kind::word) continue;
    if (token.upper == "INSERT" && token.depth == 0 && (i == 0 || tokens[i - 1].upper != "THEN"))
      fix_insert(tokens, i, edits);
    if (token.upper == "MERGE" && i == 0 && !is(tokens, 1, "INTO")) edits.replace(token.end, token.end, " INTO");
    if (token.upper == "CREATE" && i == 0) fix_create(tokens, edits);
    if (token.upper == "DEFAULT" && is(tokens, i + 1, ".")) edits.replace(token.start, token.end, "\"default\"");
    // FROM (t)
    if ((token.upper == "FROM" || token.upper == "JOIN") && is(tokens, i + 1, "(") && i + 2 < tokens.size() &&
        tokens[i + 2].kind != Kind::symbol) {
      const std::size_t after = after_name(tokens, i + 2);
      if (!is(tokens, after, ")")) continue;
      edits.replace(tokens[i + 1].start, tokens[i + 1].end, " ");
      edits.replace(tokens[after].start, tokens[after].end, " ");
    }
  }
}

// SELECT a INTO t FROM u → CREATE TABLE t AS SELECT a FROM u
std::optional<std::string> select_into(std::string_view sql, const std::vector<Token>& tokens) {
  if (tokens.empty() || tokens[0].upper != "SELECT") return std::nullopt;
  for (std::size_t i = 1; i + 1 < tokens.size(); ++i) {
    if (tokens[i].depth != 0) continue;
    if (tokens[i].upper == "FROM") return std::nullopt;
    if (tokens[i].upper != "INTO") continue;
    std::size_t first = i + 1;
    while (first + 1 < tokens.size() && (tokens[first].upper == "TEMP" || tokens[first].upper == "TEMPORARY" ||
                                         tokens[first].upper == "TABLE" || tokens[first].upper == "UNLOGGED")) {
      ++first;
    }
    std::size_t last = first;
    while (last + 2 < tokens.size() && tokens[last + 1].upper == ".") last += 2;
    std::string answer = "CREATE TABLE ";
    answer.append(sql.substr(tokens[first].start, tokens[last].end - tokens[first].start)).append(" AS ");
    return answer.append(sql.substr(0, tokens[i].start)).append(sql.substr(tokens[last].end));
  }
  return std::nullopt;
}

}  // namespace

std::vector<Token> tokenize(std::string_view sql) {
  std::vector<Token> tokens;
  int depth = 0;
  for (std::size_t at = after_space_and_comments(sql, 0); at < sql.size(); at = after_space_and_comments(sql, at)) {
    Kind kind = Kind::symbol;
    const std::size_t end = end_of_token(sql, at, kind);
    const bool closes = kind == Kind::symbol && (sql[at] == ')' || sql[at] == ']' || sql[at] == '}');
    if (closes) --depth;
    tokens.push_back({.kind = kind, .start = at, .end = end, .depth = depth, .upper = upper(sql.substr(at, end - at))});
    if (kind == Kind::symbol && (sql[at] == '(' || sql[at] == '[' || sql[at] == '{')) ++depth;
    at = end;
  }
  return tokens;
}

std::vector<std::string> split_statements(std::string_view sql) {
  std::vector<std::string> statements;
  std::size_t first = 0;
  bool has_tokens = false;
  for (const auto& token : tokenize(sql)) {
    if (token.kind != Kind::symbol || token.upper != ";") {
      if (!has_tokens) first = token.start;
      has_tokens = true;
      continue;
    }
    if (has_tokens) statements.emplace_back(sql.substr(first, token.start - first));
    has_tokens = false;
  }
  if (has_tokens) statements.emplace_back(sql.substr(first));
  return statements;
}

std::string in_our_dialect(std::string sql) {
  for (const auto& token : tokenize(sql)) {
    if (token.kind == Kind::quoted && sql[token.start] == '`' && token.end - token.start >= 2)
      sql[token.start] = sql[token.end - 1] = '"';
  }
  if (auto created = select_into(sql, tokenize(sql))) sql = std::move(*created);
  Edits edits(sql);
  const auto tokens = tokenize(sql);
  complete_joins(tokens, edits);
  strip_set_targets(tokens, edits);
  fix_heads(tokens, edits);
  return edits.apply();
}

std::string name_select_items(std::string_view sql) {
  const auto tokens = tokenize(sql);
  Edits edits(sql);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind == Kind::word && tokens[i].upper == "SELECT") name_items_of(sql, tokens, i, edits);
  }
  return edits.apply();
}

}  // namespace weft::engine::worker
