#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "formats/json_schema/library.h"
#include "formats/json_schema/types.h"

// The flat form of a compiled schema: a node a schema, by the numbers of Library::places(). What most schemas do not
// have stands in tables beside the nodes, by index. Texts and values point into the library.
namespace weft::json_schema {

inline constexpr std::int32_t kNone = -1;

struct Node {
  std::uint32_t resource = 0;
  std::uint8_t types = kAnyType;
  bool is_never = false;           // The schema false.
  bool is_plain = true;            // It says a type at most.
  std::int32_t reference = kNone;  // A node.
  std::int32_t dynamic = kNone, values = kNone, numbers = kNone, texts = kNone, items = kNone, members = kNone,
               combined = kNone;  // Each in its table.
  const json::Value* type = nullptr;
};

// The schemas of one dynamic anchor, by resource in ascending order.
using Overrides = std::vector<std::pair<std::uint32_t, std::int32_t>>;

struct Dynamic {
  std::int32_t first = kNone;      // Where the reference leads without a dynamic scope.
  std::int32_t overrides = kNone;  // In their table.
};

struct Values {
  const json::Value* constant = nullptr;
  const json::Value* choices = nullptr;
  std::vector<std::string_view> sorted;  // All choices, when they are many and texts.
};

struct Numbers {
  const json::Value *minimum = nullptr, *maximum = nullptr, *above = nullptr, *below = nullptr, *step = nullptr;
};

inline constexpr std::size_t kNoMaximum = std::numeric_limits<std::size_t>::max();

struct Texts {
  std::size_t min = 0, max = kNoMaximum;
  std::optional<Pattern> pattern;
  std::string_view pattern_text;
};

struct Items {
  std::size_t min = 0, max = kNoMaximum;
  bool is_unique = false;
  std::vector<std::int32_t> prefix;
  std::int32_t rest = kNone, contains = kNone, unevaluated = kNone;
  std::string_view rest_keyword;
  std::size_t contains_min = 1, contains_max = kNoMaximum;
  bool is_contained_evaluated = false;
};

struct Name {
  std::string_view name;
  std::int32_t node = kNone;
  bool is_required = false;
};

struct Members {
  struct Dependent {
    std::string_view keyword, name;
    std::vector<std::string_view> others;
    std::int32_t node = kNone;
  };
  struct ByPattern {
    Pattern pattern;
    std::int32_t node = kNone;
  };
  std::size_t min = 0, max = kNoMaximum;
  std::vector<Name> names;  // Sorted by is_before().
  std::vector<std::string_view> required;
  std::vector<Dependent> dependents;
  std::vector<ByPattern> patterns;
  std::int32_t each_name = kNone, others = kNone, unevaluated = kNone;

  // By length first: names of one length are few.
  static bool is_before(std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
  const Name* find(std::string_view name) const;
};

struct Combined {
  std::vector<std::int32_t> all, any, one;
  std::int32_t none = kNone, condition = kNone, then = kNone, otherwise = kNone;
};

struct Program {
  std::shared_ptr<const Library> library;
  std::vector<Node> nodes;
  std::vector<Dynamic> dynamics;
  std::vector<Overrides> overrides;
  std::vector<Values> values;
  std::vector<Numbers> numbers;
  std::vector<Texts> texts;
  std::vector<Items> items;
  std::vector<Members> members;
  std::vector<Combined> combined;
};

// Whether patterns are to run, or stay texts: then the program is only for telling what is malformed.
enum class Patterns : std::uint8_t { needed, left_out };

Result<Program> compile(std::shared_ptr<const Library> library, Unknown unknown, Patterns patterns = Patterns::needed);

}  // namespace weft::json_schema
