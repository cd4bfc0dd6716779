#include <algorithm>

#include "formats/json_schema/comparison.h"
#include "formats/json_schema/number.h"

namespace weft::json_schema {
namespace {

// Every reference within a schema, as written, in the order of their texts.
struct Reference {
  std::string_view text;
  Spot target;
};

std::vector<Reference> references_in(const Spot& root) {
  std::vector<Reference> all;
  std::vector<Spot> open{root};
  while (!open.empty()) {
    const Spot spot = open.back();
    open.pop_back();
    if (!spot.place->schema->is_object()) continue;
    for (const std::string_view keyword : {"$ref", "$recursiveRef", "$dynamicRef"}) {
      const json::Value* text = spot.get(keyword);
      if (text == nullptr) continue;
      const Place& target = spot.library->target(text->text(), *spot.place);
      all.push_back({.text = text->text(), .target = {.library = spot.library, .place = &target}});
    }
    each_subschema(spot.place->schema->object(), spot.library->resource_of(*spot.place).draft, Definitions::visited,
                   [&](const json::Value& each) { open.push_back(spot.at(each)); });
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.text < b.text; });
  return all;
}

// Whether keywords beside this one leave nothing unevaluated.
bool is_all_evaluated(const Spot& spot, std::string_view keyword) {
  if (keyword == "unevaluatedProperties") return spot.get("additionalProperties") != nullptr;
  const json::Value* items = spot.get("items");
  return items != nullptr && (!items->is_array() || spot.get("additionalItems") != nullptr);
}

}  // namespace

// What is unevaluated depends on all that stands beside it: only the same schemas are sure to mean the same.
bool Comparison::compare_unevaluated(const At& at, std::string_view keyword, std::string_view prefix,
                                     const Spot& reader, const Writer& writer) {
  const auto mine = reader.child(keyword);
  if (!mine || policy_ == Policy::lenient || is_all_evaluated(reader, keyword)) return true;
  const Rest rest = keyword == "unevaluatedItems" ? anatomy_.rest_of_items(reader) : anatomy_.rest_of_members(reader);
  if (rest.keyword == keyword) return true;  // Compared as such.
  if (covers_below(*mine, {})) return true;
  if (writer.plain.place != nullptr && is_identical(reader, writer.plain)) return true;
  return differ(at, std::string(prefix) + "_NARROWED", keyword);
}

// The same words, and references that lead to the same words.
bool Comparison::is_identical(const Spot& reader, const Spot& writer) {
  std::set<std::pair<const Place*, const Place*>> seen;
  std::vector<std::pair<Spot, Spot>> open{{reader, writer}};
  while (!open.empty()) {
    const auto [mine, theirs] = open.back();
    open.pop_back();
    if (!seen.emplace(mine.place, theirs.place).second) continue;
    if (mine.library->resource_of(*mine.place).draft != theirs.library->resource_of(*theirs.place).draft ||
        !is_same(*mine.place->schema, *theirs.place->schema))
      return false;
    const auto all = references_in(mine), others = references_in(theirs);
    anatomy_.spend(all.size() + 1);
    if (anatomy_.is_exhausted() || all.size() != others.size()) return false;
    for (std::size_t i = 0; i < all.size(); ++i) open.emplace_back(all[i].target, others[i].target);
  }
  return true;
}

}  // namespace weft::json_schema
