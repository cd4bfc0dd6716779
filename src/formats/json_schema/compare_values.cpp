#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "formats/json_schema/comparison.h"
#include "formats/json_schema/number.h"

namespace weft::json_schema {
namespace {

using json::Value;

// A bound of a number: draft 4 says with a boolean whether it is itself allowed.
struct Bound {
  const Value* value = nullptr;
  bool is_exclusive = false;
};

struct Bounds {
  Bound inclusive, exclusive;
};

Bounds bounds_of(const Spot& spot, std::string_view keyword, std::string_view exclusive_keyword) {
  Bounds bounds{.inclusive = {spot.get(keyword), false}, .exclusive = {spot.get(exclusive_keyword), true}};
  if (bounds.exclusive.value != nullptr && bounds.exclusive.value->is_boolean()) {
    const bool is_exclusive = bounds.exclusive.value->boolean();
    bounds.exclusive.value = is_exclusive ? std::exchange(bounds.inclusive.value, nullptr) : nullptr;
  }
  return bounds;
}

// Whether the writer's bound keeps to the reader's. `side` is 1 for upper bounds, -1 for lower ones.
bool is_kept(const Bound& reader, const Bound& writer, int side) {
  if (writer.value == nullptr) return false;
  const int order = side * json_schema::compare_numbers(*writer.value, *reader.value);
  return order < 0 || (order == 0 && (writer.is_exclusive || !reader.is_exclusive));
}

// The values that a schema's `enum` and `const` leave, as identities; none: it has neither.
std::optional<std::set<std::string>> values_of(const Spot& spot, std::uint8_t types) {
  const Value* constant = spot.get("const");
  const Value* choices = spot.get("enum");
  if (constant == nullptr && choices == nullptr) return std::nullopt;
  std::set<std::string> all;
  if (choices != nullptr) {
    for (const Value& each : choices->array()) {
      if ((type_of(each) & types) != 0 && (constant == nullptr || is_same(each, *constant)))
        all.insert(identity_of(each));
    }
  } else if ((type_of(*constant) & types) != 0) {
    all.insert(identity_of(*constant));
  }
  return all;
}

std::size_t count_of(const Value& value) {
  const double wide = value.number();
  return wide < 9e18 ? static_cast<std::size_t>(wide) : static_cast<std::size_t>(-1);
}

}  // namespace

bool Comparison::compare_types(const At& at, const Spot& reader, const Writer& writer) {
  const Value* names = reader.get("type");
  if (names == nullptr) return true;
  const std::uint8_t types = types_named(*names);
  if ((writer.types & ~types) == 0) return true;
  return differ(at, (writer.types & types) == 0 ? "TYPE_CHANGED" : "TYPE_NARROWED");
}

bool Comparison::compare_values(const At& at, const Spot& reader, const Writer& writer) {
  const auto wanted = values_of(reader, kAnyType);
  if (!wanted) return true;
  auto given = values_of(writer.plain, writer.types);
  if (!given && (writer.types & ~(kNull | kBoolean)) == 0) {
    // Of these types all values are known.
    given.emplace();
    if ((writer.types & kNull) != 0) given->insert(identity_of(Value()));
    if ((writer.types & kBoolean) != 0) given->merge(std::set{identity_of(Value(true)), identity_of(Value(false))});
  }
  const std::string_view keyword = reader.get("enum") != nullptr ? "enum" : "const";
  if (!given) return differ(at, "ENUM_ARRAY_NARROWED", keyword);
  anatomy_.spend(wanted->size() + given->size());
  if (std::includes(wanted->begin(), wanted->end(), given->begin(), given->end())) return true;
  const bool is_subset = std::includes(given->begin(), given->end(), wanted->begin(), wanted->end());
  return differ(at, is_subset ? "ENUM_ARRAY_NARROWED" : "ENUM_ARRAY_CHANGED", keyword);
}

bool Comparison::compare_numbers(const At& at, const Spot& reader, const Writer& writer) {
  if ((writer.types & (kReal | kInteger)) == 0) return true;
  bool ok = true;
  for (const int side : {1, -1}) {
    const bool is_upper = side == 1;
    const std::string_view keyword = is_upper ? "maximum" : "minimum";
    const std::string_view exclusive = is_upper ? "exclusiveMaximum" : "exclusiveMinimum";
    const Bounds mine = bounds_of(reader, keyword, exclusive), theirs = bounds_of(writer.plain, keyword, exclusive);
    for (const auto& [bound, same] :
         {std::pair(mine.inclusive, theirs.inclusive), std::pair(mine.exclusive, theirs.exclusive)}) {
      if (bound.value == nullptr || is_kept(bound, theirs.inclusive, side) || is_kept(bound, theirs.exclusive, side))
        continue;
      std::string type = is_upper ? "MAXIMUM" : "MINIMUM";
      if (bound.is_exclusive) type += "_EXCLUSIVE";
      type += same.value == nullptr ? "_ADDED" : is_upper ? "_DECREASED" : "_INCREASED";
      ok = differ(at, type, bound.is_exclusive ? exclusive : keyword);
    }
  }
  const Value* step = reader.get("multipleOf");
  const Value* other = writer.plain.get("multipleOf");
  if (step == nullptr || (other != nullptr && is_multiple(*other, *step))) return ok;
  return differ(at,
                other == nullptr             ? "MULTIPLE_OF_ADDED"
                : is_multiple(*step, *other) ? "MULTIPLE_OF_EXPANDED"
                                             : "MULTIPLE_OF_CHANGED",
                "multipleOf");
}

// `name` is the keyword as the differences spell it.
bool Comparison::compare_count(const At& at, const Spot& reader, const Spot& writer, std::string_view keyword,
                               std::string_view name, Count count) {
  const Value* mine = reader.get(keyword);
  const Value* theirs = writer.get(keyword);
  if (mine == nullptr) return true;
  const bool is_least = count == Count::least;
  if (is_least && count_of(*mine) == 0) return true;
  if (theirs == nullptr) return differ(at, std::string(name) + "_ADDED", keyword);
  if (is_least ? count_of(*theirs) >= count_of(*mine) : count_of(*theirs) <= count_of(*mine)) return true;
  return differ(at, std::string(name) + (is_least ? "_INCREASED" : "_DECREASED"), keyword);
}

bool Comparison::compare_texts(const At& at, const Spot& reader, const Writer& writer) {
  if ((writer.types & kText) == 0) return true;
  bool ok = compare_count(at, reader, writer.plain, "minLength", "MIN_LENGTH", Count::least);
  ok = compare_count(at, reader, writer.plain, "maxLength", "MAX_LENGTH", Count::most) && ok;
  const Value* mine = reader.get("pattern");
  const Value* theirs = writer.plain.get("pattern");
  if (mine == nullptr || (theirs != nullptr && mine->text() == theirs->text())) return ok;
  return differ(at, theirs == nullptr ? "PATTERN_ADDED" : "PATTERN_CHANGED", "pattern");
}

}  // namespace weft::json_schema
