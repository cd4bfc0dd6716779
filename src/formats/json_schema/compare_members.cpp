#include <algorithm>

#include "formats/json_schema/comparison.h"
#include "formats/json_schema/number.h"

namespace weft::json_schema {
namespace {

using json::Value;

const Value* property_of(const Spot& spot, const std::string& name) { return spot.object("properties").find(name); }

std::set<std::string_view> names_in(const Value& list) {
  std::set<std::string_view> names;
  for (const Value& each : list.array()) names.insert(each.text());
  return names;
}

}  // namespace

bool Comparison::compare_members(const At& at, const Spot& reader, const Writer& writer) {
  if ((writer.types & kObject) == 0) return true;
  const Spot& plain = writer.plain;
  bool ok = compare_properties(at, reader, writer);
  const auto more = [&](auto&& compared) {
    if (ok || at.differences != nullptr) ok = compared() && ok;
  };
  more([&] { return compare_required(at, reader, writer); });
  more([&] { return compare_patterns(at, reader, plain); });
  more([&] {
    const Rest mine = anatomy_.rest_of_members(reader), theirs = anatomy_.rest_of_members(plain);
    return compare_rest(at, mine, theirs, "ADDITIONAL_PROPERTIES");
  });
  more([&] { return compare_unevaluated(at, "unevaluatedProperties", "ADDITIONAL_PROPERTIES", reader, writer); });
  more([&] { return compare_count(at, reader, plain, "minProperties", "MIN_PROPERTIES", Count::least); });
  more([&] { return compare_count(at, reader, plain, "maxProperties", "MAX_PROPERTIES", Count::most); });
  more([&] { return compare_dependencies(at, reader, plain); });
  more([&] { return compare_names(at, reader, plain); });
  return ok;
}

bool Comparison::compare_properties(const At& at, const Spot& reader, const Writer& writer) {
  const Spot& plain = writer.plain;
  bool ok = true;
  for (const auto& [name, schema] : reader.object("properties")) {
    const Spot mine = reader.at(schema);
    const Trail trail{.up = at.trail, .keyword = "properties", .name = name};
    const At here{.trail = &trail, .differences = at.differences};
    const Value* theirs = property_of(plain, name);
    ok = (theirs != nullptr ? compare_below(here, mine, plain.at(*theirs))
                            : compare_added(here, name, mine, reader, writer)) &&
         ok;
    ok = compare_patterns_of_name(here, name, reader, plain) && ok;
    if (is_over(ok, at)) return false;
  }
  for (const auto& [name, schema] : plain.object("properties")) {
    if (property_of(reader, name) != nullptr) continue;
    const Trail trail{.up = at.trail, .keyword = "properties", .name = name};
    ok = compare_removed({.trail = &trail, .differences = at.differences}, name, plain.at(schema), reader) && ok;
    if (is_over(ok, at)) return false;
  }
  return ok;
}

// What holds of a member that `properties` does not name: the patterns that match it, else what holds of the rest. When
// a pattern cannot be run, `most` takes it as matching as well as not, `least` as saying nothing.
Rest Comparison::rest_for(const Spot& spot, const std::string& name, Count certainty) {
  Rest found{.content = Rest::Content::partial, .schemas = {}, .keyword = "patternProperties"};
  bool is_unsure = false;
  for (const auto& [pattern, schema] : spot.object("patternProperties")) {
    const auto matches = anatomy_.matches(pattern, name);
    is_unsure = is_unsure || !matches;
    if (matches.value_or(certainty == Count::most)) found.schemas.push_back(spot.at(schema));
  }
  const Rest rest = anatomy_.rest_of_members(spot);
  if (!is_unsure) return found.schemas.empty() ? rest : found;
  if (certainty == Count::least) return {.schemas = {}, .keyword = "patternProperties"};
  if (rest.content == Rest::Content::closed) return rest;
  found.schemas.insert(found.schemas.end(), rest.schemas.begin(), rest.schemas.end());
  return found;
}

// A member that only the reader names: what the writer let stand there must be allowed.
bool Comparison::compare_added(const At& at, const std::string& name, const Spot& added, const Spot& reader,
                               const Writer& writer) {
  const Rest before = rest_for(writer.plain, name, Count::least);
  const bool is_needed = anatomy_.required(reader).contains(name);
  const bool has_default = added.get("default") != nullptr;
  if (before.content == Rest::Content::open) {
    if (policy_ == Policy::lenient || covers_below(added, {})) return true;
    return differ(at, "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", {}, {}, name);
  }
  const bool is_closed = before.content == Rest::Content::closed;
  if (!is_closed && std::none_of(before.schemas.begin(), before.schemas.end(),
                                 [&](const Spot& each) { return covers_below(added, each); }))
    return differ(at, "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", {}, {}, name);
  const bool was_required = is_required(writer, name);
  if (!is_needed || was_required || (is_closed && has_default)) return true;
  return differ(at, "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", {}, {}, name);
}

// A member that only the writer names.
bool Comparison::compare_removed(const At& at, const std::string& name, const Spot& removed, const Spot& reader) {
  const Rest after = rest_for(reader, name, Count::most);
  if (after.content == Rest::Content::open || anatomy_.is_nothing(removed)) return true;
  if (after.content == Rest::Content::closed)
    return differ(at, "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", {}, {}, name);
  if (std::all_of(after.schemas.begin(), after.schemas.end(),
                  [&](const Spot& each) { return covers_below(each, removed); }))
    return true;
  return differ(at, "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", {}, {}, name);
}

// The reader's patterns hold of the members it names, too; those that the writer has as well are compared by
// themselves.
bool Comparison::compare_patterns_of_name(const At& at, const std::string& name, const Spot& reader,
                                          const Spot& writer) {
  const json::Object& patterns = reader.object("patternProperties");
  if (patterns.empty()) return true;
  Rest before = rest_for(writer, name, Count::least);
  if (const Value* property = property_of(writer, name)) {
    if (before.content != Rest::Content::partial || before.keyword != "patternProperties") before.schemas.clear();
    before.content = Rest::Content::partial;
    before.schemas.push_back(writer.at(*property));
  }
  if (before.content == Rest::Content::closed) return true;
  for (const auto& [pattern, schema] : patterns) {
    if (writer.object("patternProperties").contains(pattern) || !anatomy_.matches(pattern, name).value_or(true))
      continue;
    const Spot mine = reader.at(schema);
    const bool is_covered = before.content == Rest::Content::open
                                ? covers_below(mine, {})
                                : std::any_of(before.schemas.begin(), before.schemas.end(),
                                              [&](const Spot& each) { return covers_below(mine, each); });
    if (!is_covered) return differ(at, "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", {}, {}, name);
  }
  return true;
}

// A default counts as a value that the reader puts in. What compare_added() has told is not told again.
bool Comparison::compare_required(const At& at, const Spot& reader, const Writer& writer) {
  bool ok = true;
  for (const std::string_view name : anatomy_.required(reader)) {
    if (is_required(writer, name)) continue;
    const Value* mine = property_of(reader, std::string(name));
    if (mine != nullptr && (*mine)["default"] != Value()) continue;
    const bool is_known = property_of(writer.plain, std::string(name)) != nullptr;
    if (mine != nullptr && !is_known &&
        rest_for(writer.plain, std::string(name), Count::least).content != Rest::Content::open) {
      ok = false;
      continue;
    }
    ok = differ(at, "REQUIRED_ATTRIBUTE_ADDED", "required", name, std::string(name));
  }
  return ok;
}

bool Comparison::compare_patterns(const At& at, const Spot& reader, const Spot& writer) {
  bool ok = true;
  const json::Object &mine = reader.object("patternProperties"), &theirs = writer.object("patternProperties");
  const bool is_open = theirs.empty() && anatomy_.rest_of_members(writer).content == Rest::Content::open;
  for (const auto& [pattern, schema] : mine) {
    const Trail trail{.up = at.trail, .keyword = "patternProperties", .name = pattern};
    const At here{.trail = &trail, .differences = at.differences};
    if (const Value* same = theirs.find(pattern)) {
      ok = compare_below(here, reader.at(schema), writer.at(*same)) && ok;
    } else if (is_open && policy_ == Policy::lenient) {
      continue;
    } else if (!is_new_pattern_covered(pattern, reader.at(schema), writer)) {
      ok = differ(here, is_open ? "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"
                                : "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
    }
    if (is_over(ok, at)) return false;
  }
  for (const auto& [pattern, schema] : theirs) {
    if (mine.contains(pattern)) continue;
    const Trail trail{.up = at.trail, .keyword = "patternProperties", .name = pattern};
    ok = compare_dropped_pattern({.trail = &trail, .differences = at.differences}, writer.at(schema), reader) && ok;
    if (is_over(ok, at)) return false;
  }
  return ok;
}

// Which names two patterns share nobody knows, so that the new one must allow what any other name's rule allowed.
bool Comparison::is_new_pattern_covered(const std::string& pattern, const Spot& added, const Spot& writer) {
  const Rest rest = anatomy_.rest_of_members(writer);
  if (rest.content == Rest::Content::open) return covers_below(added, {});
  if (rest.content == Rest::Content::partial && !covers_below(added, rest.schemas.front())) return false;
  const json::Object& others = writer.object("patternProperties");
  return std::all_of(others.begin(), others.end(), [&](const json::Member& each) {
    return each.key == pattern || covers_below(added, writer.at(each.value));
  });
}

// Members by a pattern that only the writer has fall to the reader's rest.
bool Comparison::compare_dropped_pattern(const At& at, const Spot& dropped, const Spot& reader) {
  const Rest after = anatomy_.rest_of_members(reader);
  if (after.content == Rest::Content::open || anatomy_.is_nothing(dropped)) return true;
  if (after.content == Rest::Content::closed) return differ(at, "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL");
  if (covers_below(after.schemas.front(), dropped)) return true;
  return differ(at, "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL");
}

bool Comparison::compare_rest(const At& at, const Rest& reader, const Rest& writer, std::string_view prefix) {
  using enum Rest::Content;
  if (reader.content == open || writer.content == closed) return true;
  if (reader.content == closed) return differ(at, std::string(prefix) + "_REMOVED", reader.keyword);
  const Trail trail{.up = at.trail, .keyword = reader.keyword};
  const Spot theirs = writer.content == open ? Spot() : writer.schemas.front();
  if (writer.content == partial)
    return compare_below({.trail = &trail, .differences = at.differences}, reader.schemas.front(), theirs);
  if (covers_below(reader.schemas.front(), theirs)) return true;
  return differ(at, std::string(prefix) + "_NARROWED", reader.keyword);
}

bool Comparison::compare_names(const At& at, const Spot& reader, const Spot& writer) {
  const auto mine = reader.child("propertyNames");
  if (!mine || policy_ == Policy::lenient) return true;
  const Trail trail{.up = at.trail, .keyword = "propertyNames"};
  const auto theirs = writer.child("propertyNames");
  ++level_;
  const bool is_covered = compare({.trail = &trail, .differences = theirs ? at.differences : nullptr}, *mine,
                                  theirs.value_or(Spot()), kText);
  --level_;
  return is_covered || (theirs ? false : differ(at, "PROPERTY_NAMES_ADDED", "propertyNames"));
}

bool Comparison::compare_dependencies(const At& at, const Spot& reader, const Spot& writer) {
  bool ok = true;
  for (const std::string_view keyword : {"dependencies", "dependentRequired", "dependentSchemas"}) {
    for (const json::Member& each : reader.object(keyword)) {
      ok = compare_dependency(at, each, keyword, reader, writer) && ok;
      if (is_over(ok, at)) return false;
    }
  }
  return ok;
}

bool Comparison::compare_dependency(const At& at, const json::Member& dependency, std::string_view keyword,
                                    const Spot& reader, const Spot& writer) {
  const auto& [name, needs] = dependency;
  const auto other = [&](std::string_view newer, const auto& is_kind) -> const Value* {
    for (const std::string_view each : {std::string_view("dependencies"), newer}) {
      const Value* found = writer.object(each).find(name);
      if (found != nullptr && is_kind(*found)) return found;
    }
    return nullptr;
  };
  if (!needs.is_array()) {
    const Value* theirs = other("dependentSchemas", [](const Value& each) { return !each.is_array(); });
    const Trail trail{.up = at.trail, .keyword = keyword, .name = name};
    if (theirs != nullptr)
      return compare({.trail = &trail, .differences = at.differences}, reader.at(needs), writer.at(*theirs), kObject);
    return covers(reader.at(needs), {}, kObject) || differ(at, "DEPENDENCY_SCHEMA_ADDED", keyword, name, name);
  }
  if (needs.array().empty()) return true;
  const Value* theirs = other("dependentRequired", [](const Value& each) { return each.is_array(); });
  if (theirs == nullptr) return differ(at, "DEPENDENCY_ARRAY_ADDED", keyword, name, name);
  const auto wanted = names_in(needs), given = names_in(*theirs);
  if (std::includes(given.begin(), given.end(), wanted.begin(), wanted.end())) return true;
  const bool is_more = std::includes(wanted.begin(), wanted.end(), given.begin(), given.end());
  return differ(at, is_more ? "DEPENDENCY_ARRAY_EXTENDED" : "DEPENDENCY_ARRAY_CHANGED", keyword, name, name);
}

}  // namespace weft::json_schema
