#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/pattern.h"
#include "formats/json_schema/library.h"

// Schemas as the comparison of two sees them: whatever the draft, in the words of the newest.
namespace weft::json_schema {

// One schema of either side. Without a place it is the empty schema.
struct Spot {
  const Library* library = nullptr;
  const Place* place = nullptr;

  // The keyword's value; null when it is not there, or says nothing in this draft and dialect.
  const json::Value* get(std::string_view keyword) const;
  const json::Object& object(std::string_view keyword) const;  // Empty instead of absent.
  Spot at(const json::Value& schema) const { return {.library = library, .place = &library->place_of(schema)}; }
  std::optional<Spot> child(std::string_view keyword) const;
  bool is(bool value) const {
    return place != nullptr && place->schema->is_boolean() && place->schema->boolean() == value;
  }
};

// What a schema is the conjunction of, with references and `allOf` taken apart.
struct Part {
  enum class Kind : std::uint8_t { plain, any, one, none, condition, never };
  Kind kind = Kind::plain;
  Spot spot;                // Where the keywords stand.
  bool is_product = false;  // Out of an `allOf`.
};
using Parts = std::vector<Part>;

// What may stand where no name, or no position, says.
struct Rest {
  enum class Content : std::uint8_t { open, closed, partial };
  Content content = Content::open;
  std::vector<Spot> schemas;  // Partial: every one of them holds.
  std::string_view keyword;
};

// Answers about single schemas, kept while two texts are compared.
class Anatomy {
 public:
  const Parts& parts(const Spot& spot);
  std::uint8_t types(const Spot& spot) { return types(spot, 0); }  // What a value may be, or more than that.
  bool is_nothing(const Spot& spot) { return types(spot) == 0; }
  const std::set<std::string_view>& required(const Spot& spot);  // By the plain part alone.
  Rest rest_of_members(const Spot& spot);
  Rest rest_of_items(const Spot& spot);
  // No answer: the pattern cannot run.
  std::optional<bool> matches(const std::string& pattern, std::string_view name);

  void spend(std::size_t steps) { steps_ += steps; }
  bool is_exhausted() const;  // Of kComparisonStepsMax.

 private:
  struct Key {
    const Library* library;
    std::uint32_t number;
    auto operator<=>(const Key&) const = default;
  };
  std::uint8_t types(const Spot& spot, int depth);
  std::uint8_t types_of_part(const Part& part, int depth);
  Rest rest(const Spot& spot, std::string_view keyword, std::string_view unevaluated);

  std::size_t steps_ = 0;
  std::map<Key, Parts> parts_;
  std::map<Key, std::uint8_t> types_;
  std::map<Key, std::set<std::string_view>> required_;
  std::unordered_map<std::string, std::optional<Pattern>> patterns_;
};

std::vector<Spot> branches(const Part& part);  // Of any and one.
std::vector<Spot> items_of(const Spot& spot);  // Those with a position.
// Whether something beside the keyword tells what `unevaluated…` may not see.
bool has_applicators(const Spot& spot);

// The types that a plain part's `type`, `enum` and `const` leave.
std::uint8_t own_types(const Spot& spot);

}  // namespace weft::json_schema
