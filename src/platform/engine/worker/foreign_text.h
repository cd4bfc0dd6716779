#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::engine::worker {

// A piece of SQL text: enough to find clauses, not to understand them.
struct Token {
  enum class Kind { word, quoted, text, number, symbol };
  Kind kind;
  std::size_t start, end;
  int depth;          // Of brackets around it.
  std::string upper;  // Words in upper case, symbols as they are.
};
std::vector<Token> tokenize(std::string_view sql);

// The statements of a script, split at `;`, without empty ones.
std::vector<std::string> split_statements(std::string_view sql);

// Other tools' spellings in the words of our parser: `…` names, JOIN without ON, SET t.a =, INSERT OVERWRITE TABLE,
// SELECT … INTO t. What it does not know it leaves.
std::string in_our_dialect(std::string sql);

// Gives each SELECT item without a name its own text as its name, as other tools report it: `max(a)` → `max(a) AS
// "max(a)"`.
std::string name_select_items(std::string_view sql);

}  // namespace weft::engine::worker
