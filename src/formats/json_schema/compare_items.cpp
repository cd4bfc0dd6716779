#include <algorithm>

#include "formats/json_schema/comparison.h"

namespace weft::json_schema {

bool Comparison::compare_items(const At& at, const Spot& reader, const Writer& writer) {
  if ((writer.types & kArray) == 0) return true;
  const Spot& plain = writer.plain;
  bool ok = compare_positions(at, reader, plain);
  const auto more = [&](auto&& compared) {
    if (ok || at.differences != nullptr) ok = compared() && ok;
  };
  more([&] {
    const Rest mine = anatomy_.rest_of_items(reader), theirs = anatomy_.rest_of_items(plain);
    const bool is_list = items_of(reader).empty() && items_of(plain).empty();
    // Of plain lists the registry says that a schema was added, not that additional items were narrowed.
    if (is_list && mine.content != Rest::Content::open && theirs.content == Rest::Content::open)
      return covers_below(*reader.child(mine.keyword), {}) || differ(at, "SCHEMA_ADDED", mine.keyword);
    return compare_rest(at, mine, theirs, "ADDITIONAL_ITEMS");
  });
  more([&] { return compare_unevaluated(at, "unevaluatedItems", "ADDITIONAL_ITEMS", reader, writer); });
  more([&] { return compare_count(at, reader, plain, "minItems", "MIN_ITEMS", Count::least); });
  more([&] { return compare_count(at, reader, plain, "maxItems", "MAX_ITEMS", Count::most); });
  more([&] {
    const auto is_unique = [](const Spot& spot) {
      const json::Value* unique = spot.get("uniqueItems");
      return unique != nullptr && unique->boolean();
    };
    return !is_unique(reader) || is_unique(plain) || differ(at, "UNIQUE_ITEMS_ADDED", "uniqueItems");
  });
  more([&] { return compare_contains(at, reader, plain); });
  return ok;
}

// Items with a place of their own; beyond the shorter list stands the other's rest.
bool Comparison::compare_positions(const At& at, const Spot& reader, const Spot& writer) {
  const auto mine = items_of(reader), theirs = items_of(writer);
  const Rest before = anatomy_.rest_of_items(writer), after = anatomy_.rest_of_items(reader);
  const std::string_view keyword =
      (mine.empty() ? writer : reader).get("prefixItems") != nullptr ? "prefixItems" : "items";
  bool ok = true;
  for (std::size_t i = 0; i < std::max(mine.size(), theirs.size()); ++i) {
    const Trail trail{.up = at.trail, .keyword = keyword, .index = i};
    const At here{.trail = &trail, .differences = at.differences};
    using enum Rest::Content;
    if (i < mine.size() && i < theirs.size()) {
      ok = compare_below(here, mine[i], theirs[i]) && ok;
    } else if (i < mine.size()) {
      const bool is_lenient = policy_ == Policy::lenient && before.content == open;
      const Spot allowed = before.content == partial ? before.schemas.front() : Spot();
      if (!is_lenient && before.content != closed && !covers_below(mine[i], allowed))
        ok = differ(here, before.content == open ? "ITEM_ADDED_TO_OPEN_CONTENT_MODEL"
                                                 : "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
    } else if (after.content == closed && !anatomy_.is_nothing(theirs[i])) {
      ok = differ(here, "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL");
    } else if (after.content == partial && !covers_below(after.schemas.front(), theirs[i])) {
      ok = differ(here, "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
    }
    if (is_over(ok, at)) return false;
  }
  return ok;
}

bool Comparison::compare_contains(const At& at, const Spot& reader, const Spot& writer) {
  const auto mine = reader.child("contains");
  if (!mine || policy_ == Policy::lenient) return true;
  const auto theirs = writer.child("contains");
  const auto least = [](const Spot& spot) {
    const json::Value* count = spot.get("minContains");
    return count == nullptr ? 1.0 : count->number();
  };
  const json::Value* most = reader.get("maxContains");
  if (least(reader) == 0 && most == nullptr) return true;
  if (!theirs) return differ(at, "CONTAINS_ADDED", "contains");
  const bool is_least_kept = least(reader) <= least(writer) && (least(reader) == 0 || covers_below(*mine, *theirs));
  const json::Value* their_most = writer.get("maxContains");
  const bool is_most_kept = most == nullptr || (their_most != nullptr && their_most->number() <= most->number() &&
                                                covers_below(*theirs, *mine));
  return (is_least_kept && is_most_kept) || differ(at, "CONTAINS_CHANGED", "contains");
}

}  // namespace weft::json_schema
