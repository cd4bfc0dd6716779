#include <algorithm>
#include <optional>
#include <set>

#include "base/json.h"
#include "formats/odcs/diff_parts.h"

// Options of types and quality rules: what becomes tighter, looser, or just other.
namespace weft::odcs {
namespace {

enum class Direction { higher_is_tighter, lower_is_tighter };

struct Bound {
  std::string_view name;
  Direction direction;
};
constexpr Bound kBounds[] = {
    {"minLength", Direction::higher_is_tighter},        {"maxLength", Direction::lower_is_tighter},
    {"minimum", Direction::higher_is_tighter},          {"maximum", Direction::lower_is_tighter},
    {"exclusiveMinimum", Direction::higher_is_tighter}, {"exclusiveMaximum", Direction::lower_is_tighter},
    {"minItems", Direction::higher_is_tighter},         {"maxItems", Direction::lower_is_tighter},
    {"minProperties", Direction::higher_is_tighter},    {"maxProperties", Direction::lower_is_tighter}};
// Options that only say more or nothing: to add one is to tighten.
constexpr std::string_view kPresence[] = {"pattern", "format", "multipleOf", "uniqueItems"};

const Bound* bound_of(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kBounds), std::end(kBounds), [&](const Bound& each) { return each.name == name; });
  return found == std::end(kBounds) ? nullptr : found;
}

// Less, equal or greater for what has an order: numbers, and texts of dates and times.
std::optional<int> ordered(const json::Value& a, const json::Value& b) {
  if (a.is_number() && b.is_number()) return a.number() < b.number() ? -1 : a.number() > b.number() ? 1 : 0;
  if (a.is_text() && b.is_text()) return a.text() < b.text() ? -1 : a.text() > b.text() ? 1 : 0;
  return std::nullopt;
}

std::string_view code_of_bound(const Bound& bound, const json::Value& before, const json::Value& after) {
  if (before.is_null()) return "options.tightened";
  if (after.is_null()) return "options.loosened";
  const auto order = ordered(after, before);
  if (!order) return "options.changed";
  const bool is_higher = *order > 0;
  return is_higher == (bound.direction == Direction::higher_is_tighter) ? "options.tightened" : "options.loosened";
}

std::string_view code_of_option(std::string_view name, const json::Value& before, const json::Value& after) {
  if (const Bound* bound = bound_of(name)) return code_of_bound(*bound, before, after);
  const bool is_presence = std::find(std::begin(kPresence), std::end(kPresence), name) != std::end(kPresence);
  const auto is_off = [](const json::Value& value) { return value.is_null() || value == json::Value(false); };
  if (is_presence && is_off(before)) return "options.tightened";
  if (is_presence && is_off(after)) return "options.loosened";
  return "options.changed";
}

// What makes a rule the same rule in both documents: its id or name, else all but its limit.
constexpr std::string_view kOperators[] = {
    "mustBe",         "mustNotBe",           "mustBeGreaterThan", "mustBeGreaterOrEqualTo",
    "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween",     "mustNotBeBetween"};

bool is_operator(std::string_view key) {
  return std::find(std::begin(kOperators), std::end(kOperators), key) != std::end(kOperators);
}

std::string identity(const json::Object& rule) {
  for (const std::string_view key : {"id", "name"}) {
    if (const auto* value = rule.find(key); value != nullptr && value->is_text()) return value->text();
  }
  json::Object rest;
  for (const auto& [key, value] : rule) {
    if (!is_operator(key) && key != "severity" && key != "description" && key != "unit") rest.set(key, value);
  }
  return json::write_canonical(json::Value(std::move(rest)));
}

// Words and schedules of a rule say nothing about the data.
json::Object judged(const json::Object& rule) {
  json::Object rest;
  for (const auto& [key, value] : rule) {
    static const std::set<std::string_view> kWords = {
        "description", "name",      "tags",           "dimension",       "id", "authoritativeDefinitions",
        "schedule",    "scheduler", "businessImpact", "customProperties"};
    if (!kWords.contains(key)) rest.set(key, value);
  }
  return rest;
}

// Both rules are one but for the limit of one operator: tighter, looser, or without an order.
std::string_view code_of_rules(const json::Object& before, const json::Object& after) {
  json::Object old_rest = judged(before), new_rest = judged(after);
  std::string_view code = "quality.changed";
  for (const std::string_view key :
       {"mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo"}) {
    const json::Value *old = before.find(key), *now = after.find(key);
    if (old == nullptr || now == nullptr) continue;
    const auto order = ordered(*now, *old);
    if (!order || *order == 0) continue;
    const bool asks_more = (*order > 0) == key.starts_with("mustBeGreater");
    code = asks_more ? "quality.tightened" : "quality.loosened";
    old_rest.erase(key);
    new_rest.erase(key);
  }
  if (code == "quality.changed") {
    const auto level = [](const json::Object& rule) {
      const auto* value = rule.find("severity");
      const std::string_view text = value == nullptr ? "error" : value->text_or("error");
      return text == "error" ? 2 : text == "warning" ? 1 : 0;
    };
    const int old_level = level(before), new_level = level(after);
    old_rest.erase("severity");
    new_rest.erase("severity");
    if (old_level != new_level) code = new_level > old_level ? "quality.tightened" : "quality.loosened";
  }
  return old_rest == new_rest ? code : "quality.changed";
}

}  // namespace

void diff_options(Differ& out, const std::string& where, const Property& before, const Property& after) {
  std::set<std::string> names;
  for (const auto& [key, value] : before.options) names.insert(key);
  for (const auto& [key, value] : after.options) names.insert(key);
  const bool is_integer = before.logical_type == "integer" || before.logical_type == "number";
  for (const std::string& name : names) {
    const json::Value *old = before.options.find(name), *now = after.options.find(name);
    const json::Value was = old == nullptr ? json::Value() : *old, is = now == nullptr ? json::Value() : *now;
    // The width of a number is its type.
    if (was == is || (name == "format" && is_integer)) continue;
    out.add(code_of_option(name, was, is), after.pointer + "/logicalTypeOptions/" + name, where + "." + name, was, is);
  }
}

void diff_quality(Differ& out, const std::string& where, const std::vector<Quality>& before,
                  const std::vector<Quality>& after) {
  std::set<const Quality*> known;
  for (const Quality& old : before) {
    const auto now = std::find_if(after.begin(), after.end(), [&](const Quality& each) {
      return !known.contains(&each) && identity(each.rule) == identity(old.rule);
    });
    if (now == after.end()) {
      out.add("quality.removed", old.pointer, where, json::Value(old.rule), {});
      continue;
    }
    known.insert(&*now);
    if (judged(old.rule) == judged(now->rule)) {
      if (!(old.rule == now->rule)) out.add("text.changed", now->pointer, where, {}, {});
      continue;
    }
    out.add(code_of_rules(old.rule, now->rule), now->pointer, where, json::Value(old.rule), json::Value(now->rule));
  }
  for (const Quality& now : after) {
    if (!known.contains(&now)) out.add("quality.added", now.pointer, where, {}, json::Value(now.rule));
  }
}

}  // namespace weft::odcs
