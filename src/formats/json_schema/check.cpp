#include "formats/json_schema/check.h"

#include <algorithm>

#include "base/format.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/json_schema/number.h"

namespace weft::json_schema {
namespace {

using json::Value;

constexpr std::size_t kComparedPairwise = 16;
constexpr std::size_t kQuotedMax = 60;

template <class T>
const T& of(const std::vector<T>& table, std::int32_t index) {
  return table[static_cast<std::size_t>(index)];
}

std::string_view name_of(const Value& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "boolean";
  if (value.is_number()) return "number";
  if (value.is_text()) return "string";
  return value.is_array() ? "array" : "object";
}

// The length of JSON Schema: code points.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// The place of an item that stands there before, or the array's size.
std::size_t first_repeated(const json::Array& array) {
  if (array.size() <= kComparedPairwise) {
    for (std::size_t i = 1; i < array.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (is_same(array[i], array[j])) return i;
      }
    }
    return array.size();
  }
  std::vector<std::pair<std::string, std::size_t>> identities;
  identities.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) identities.emplace_back(identity_of(array[i]), i);
  std::sort(identities.begin(), identities.end());
  const auto twin = std::adjacent_find(identities.begin(), identities.end(),
                                       [](const auto& a, const auto& b) { return a.first == b.first; });
  return twin == identities.end() ? array.size() : std::next(twin)->second;
}

}  // namespace

void Check::explain(const Value& value, Found& found) {
  run(0, value, {.path = nullptr, .found = &found, .seen = nullptr, .scope = nullptr});
  if (is_exhausted_ && found.empty()) found.push_back({"", "$ref", "this takes too many steps to check"});
}

void Check::add(const At& at, std::string_view keyword, std::string message) {
  std::vector<std::string> parts;
  for (const Path* path = at.path; path != nullptr; path = path->up) {
    std::string part = "/";
    if (path->is_item) part += std::to_string(path->index);
    for (const char c : path->key) part += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    parts.push_back(std::move(part));
  }
  std::reverse(parts.begin(), parts.end());
  at.found->push_back({text::join(parts, ""), std::string(keyword), std::move(message)});
}

bool Check::exhausted(const At& at, std::string_view message) {
  is_exhausted_ = true;
  return no(at, "$ref", [&] { return std::string(message); });
}

bool Check::run(std::int32_t number, const Value& value, At at) {
  const Node& node = of(program_.nodes, number);
  if (node.is_never) return no(at, "false", [] { return "nothing may stand here"; });
  if (is_exhausted_) return false;
  if (++steps_ > kStepsMax) return exhausted(at, "this takes too many steps to check");
  if (node.is_plain) return node.types == kAnyType || type(node, value, at);
  if (depth_ >= kNestingMax) return exhausted(at, "the document nests too deep");
  ++depth_;
  bool is_ok = false;
  if (at.scope != nullptr && at.scope->resource == node.resource) {
    is_ok = run_node(node, value, at);
  } else {
    const Scope scope{.up = at.scope, .resource = node.resource};
    is_ok = run_node(node, value, {.path = at.path, .found = at.found, .seen = at.seen, .scope = &scope});
  }
  --depth_;
  return is_ok;
}

// In the order in which people read what is wrong: what it is before what is in it.
bool Check::run_node(const Node& node, const Value& value, const At& outer) {
  const Items* items_rule = node.items != kNone && value.is_array() ? &of(program_.items, node.items) : nullptr;
  const Members* members_rule =
      node.members != kNone && value.is_object() ? &of(program_.members, node.members) : nullptr;
  const bool asks_items = items_rule != nullptr && items_rule->unevaluated != kNone;
  const bool asks_members = members_rule != nullptr && members_rule->unevaluated != kNone;
  Seen seen;
  At at = outer;
  if (asks_items || asks_members) at.seen = &seen;
  bool ok = true;
  if (node.reference != kNone) ok = run(node.reference, value, at);
  if (node.dynamic != kNone && keep_on(ok, at))
    ok = run(overriding(of(program_.dynamics, node.dynamic), at), value, at) && ok;
  if (node.types != kAnyType && keep_on(ok, at)) ok = type(node, value, at) && ok;
  if (node.values != kNone && keep_on(ok, at)) ok = values(of(program_.values, node.values), value, at) && ok;
  if (node.numbers != kNone && value.is_number() && keep_on(ok, at))
    ok = numbers(of(program_.numbers, node.numbers), value, at) && ok;
  if (node.texts != kNone && value.is_text() && keep_on(ok, at))
    ok = texts(of(program_.texts, node.texts), value.text(), at) && ok;
  if (items_rule != nullptr && keep_on(ok, at)) ok = items(*items_rule, value.array(), at) && ok;
  if (members_rule != nullptr && keep_on(ok, at)) {
    ok = members(*members_rule, value.object(), at) && ok;
    if (!members_rule->dependents.empty() && keep_on(ok, at))
      ok = dependents(*members_rule, value.object(), value, at) && ok;
  }
  if (node.combined != kNone && keep_on(ok, at)) ok = combined(of(program_.combined, node.combined), value, at) && ok;
  if (asks_items && keep_on(ok, at)) ok = unevaluated_items(*items_rule, value.array(), at) && ok;
  if (asks_members && keep_on(ok, at)) ok = unevaluated_members(*members_rule, value.object(), at) && ok;
  if (at.seen == &seen && outer.seen != nullptr) outer.seen->add(seen);
  return ok;
}

// The outermost resource that was entered decides.
std::int32_t Check::overriding(const Dynamic& dynamic, const At& at) const {
  if (dynamic.overrides == kNone) return dynamic.first;
  const Overrides& overrides = of(program_.overrides, dynamic.overrides);
  std::int32_t found = dynamic.first;
  for (const Scope* scope = at.scope; scope != nullptr; scope = scope->up) {
    const auto other = std::lower_bound(overrides.begin(), overrides.end(), std::pair(scope->resource, kNone));
    if (other != overrides.end() && other->first == scope->resource) found = other->second;
  }
  return found;
}

bool Check::type(const Node& node, const Value& value, const At& at) {
  if ((node.types & type_of(value)) != 0) return true;
  return no(at, "type", [&] {
    if (node.type->is_text()) return format("this is {}, wanted is {}", name_of(value), node.type->text());
    std::vector<std::string> wanted;
    for (const Value& each : node.type->array()) wanted.emplace_back(each.text_or(""));
    return format("this is {}, wanted is one of {}", name_of(value), text::join(wanted, ", "));
  });
}

bool Check::values(const Values& values, const Value& value, const At& at) {
  bool ok = true;
  if (values.constant != nullptr && !is_same(*values.constant, value))
    ok = no(at, "const", [&] { return format("this must be {}", json::write(*values.constant)); });
  if (values.choices == nullptr) return ok;
  const json::Array& all = values.choices->array();
  const bool is_one =
      values.sorted.empty()
          ? std::any_of(all.begin(), all.end(), [&](const Value& each) { return is_same(each, value); })
          : value.is_text() && std::binary_search(values.sorted.begin(), values.sorted.end(), value.text());
  if (is_one) return ok;
  return no(at, "enum", [&] {
    std::vector<std::string> words;
    for (const Value& each : all) words.push_back(each.is_text() ? each.text() : json::write(each));
    const std::string said = value.is_text() ? value.text() : json::write(value);
    return format("{} is none of {}{}", said.substr(0, kQuotedMax), text::join(words, ", "),
                  text::did_you_mean(said, words));
  });
}

bool Check::numbers(const Numbers& numbers, const Value& value, const At& at) {
  bool ok = true;
  auto hold = [&](const Value* bound, std::string_view keyword, std::string_view words, auto is_held) {
    if (bound == nullptr || !keep_on(ok, at) || is_held(*bound)) return;
    ok = no(at, keyword, [&] { return format("{} must be {} {}", json::write(value), words, json::write(*bound)); });
  };
  hold(numbers.minimum, "minimum", "at least", [&](const Value& it) { return compare_numbers(value, it) >= 0; });
  hold(numbers.maximum, "maximum", "at most", [&](const Value& it) { return compare_numbers(value, it) <= 0; });
  hold(numbers.above, "exclusiveMinimum", "above", [&](const Value& it) { return compare_numbers(value, it) > 0; });
  hold(numbers.below, "exclusiveMaximum", "below", [&](const Value& it) { return compare_numbers(value, it) < 0; });
  hold(numbers.step, "multipleOf", "a multiple of", [&](const Value& it) { return is_multiple(value, it); });
  return ok;
}

bool Check::texts(const Texts& texts, const std::string& value, const At& at) {
  bool ok = true;
  // There are at most as many characters as bytes, and at least a quarter.
  if (value.size() > texts.max || value.size() / 4 < texts.min) {
    const std::size_t length = length_of(value);
    if (length < texts.min)
      ok = no(at, "minLength", [&] { return format("this is shorter than {} characters", texts.min); });
    if (length > texts.max)
      ok = no(at, "maxLength", [&] { return format("this is longer than {} characters", texts.max); });
  }
  if (texts.pattern && keep_on(ok, at) && !texts.pattern->found_in(value)) {
    ok = no(at, "pattern",
            [&] { return format("{} does not match {}", value.substr(0, kQuotedMax), texts.pattern_text); });
  }
  return ok;
}

bool Check::item_counts(const Items& items, const json::Array& array, const At& at) {
  bool ok = true;
  if (array.size() < items.min)
    ok = no(at, "minItems",
            [&] { return format("this has {} items, at least {} are wanted", array.size(), items.min); });
  if (array.size() > items.max)
    ok =
        no(at, "maxItems", [&] { return format("this has {} items, at most {} are wanted", array.size(), items.max); });
  if (!items.is_unique || !keep_on(ok, at)) return ok;
  const std::size_t repeated = first_repeated(array);
  if (repeated == array.size()) return ok;
  return no(at, "uniqueItems",
            [&] { return format("{} stands twice", json::write(array[repeated]).substr(0, kQuotedMax)); });
}

bool Check::items(const Items& items, const json::Array& array, const At& at) {
  bool ok = item_counts(items, array, at);
  for (std::size_t i = 0; i < array.size() && keep_on(ok, at); ++i) {
    if (i >= items.prefix.size() && items.rest == kNone) break;
    if (at.found != nullptr && at.found->size() >= kViolationsMax) break;
    const Path path{.up = at.path, .key = {}, .index = i, .is_item = true};
    const std::int32_t schema = i < items.prefix.size() ? items.prefix[i] : items.rest;
    ok = run(schema, array[i], {.path = &path, .found = at.found, .seen = nullptr, .scope = at.scope}) && ok;
    if (at.seen != nullptr) at.seen->mark(i);
  }
  if (items.rest != kNone && at.seen != nullptr) at.seen->mark_all();
  if (items.contains != kNone && keep_on(ok, at)) ok = contained(items, array, at) && ok;
  return ok;
}

bool Check::contained(const Items& items, const json::Array& array, const At& at) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (!holds(items.contains, array[i], at)) continue;
    ++count;
    if (at.seen != nullptr && items.is_contained_evaluated) at.seen->mark(i);
  }
  if (count < items.contains_min)
    return no(at, "contains", [&] {
      return items.contains_min == 1 ? "none of the items is what one of them must be"
                                     : "too few of the items are what some of them must be";
    });
  if (count > items.contains_max)
    return no(at, "maxContains",
              [&] { return format("{} items are what at most {} may be", count, items.contains_max); });
  return true;
}

bool Check::members(const Members& members, const json::Object& object, const At& at) {
  bool ok = true;
  std::size_t required = 0, index = 0;
  if (object.size() < members.min)
    ok = no(at, "minProperties",
            [&] { return format("this has {} members, at least {} are wanted", object.size(), members.min); });
  if (object.size() > members.max)
    ok = no(at, "maxProperties",
            [&] { return format("this has {} members, at most {} are wanted", object.size(), members.max); });
  if (at.found != nullptr) ok = missing(members, object, at) && ok;
  for (const json::Member& each : object) {
    if (!keep_on(ok, at)) return false;
    if (at.found != nullptr && at.found->size() >= kViolationsMax) break;
    const Name* name = members.names.empty() ? nullptr : members.find(each.key);
    if (name != nullptr && name->is_required) ++required;
    ok = member(members, name, index++, each, at) && ok;
  }
  return ok && required == members.required.size();
}

bool Check::missing(const Members& members, const json::Object& object, const At& at) {
  bool ok = true;
  for (const std::string_view name : members.required) {
    if (!object.contains(name)) ok = no(at, "required", [&] { return format("{} is missing", name); });
  }
  return ok;
}

bool Check::member(const Members& members, const Name* name, std::size_t index, const json::Member& member,
                   const At& at) {
  const Path path{.up = at.path, .key = member.key};
  const At below{.path = &path, .found = at.found, .seen = nullptr, .scope = at.scope};
  bool ok = true, is_known = false;
  if (name != nullptr && name->node != kNone) {
    is_known = true;
    ok = run(name->node, member.value, below);
  }
  for (const Members::ByPattern& each : members.patterns) {
    if (!keep_on(ok, at)) return false;
    if (!each.pattern.found_in(member.key)) continue;
    is_known = true;
    ok = run(each.node, member.value, below) && ok;
  }
  if (members.each_name != kNone && keep_on(ok, at) && !holds(members.each_name, Value(member.key), at))
    ok = no(below, "propertyNames", [&] { return format("{} is no name for a member here", member.key); });
  if (at.seen != nullptr && (is_known || members.others != kNone)) at.seen->mark(index);
  if (is_known || members.others == kNone || !keep_on(ok, at)) return ok;
  if (of(program_.nodes, members.others).is_never) return no_member(members, member.key, "additionalProperties", below);
  return run(members.others, member.value, below) && ok;
}

bool Check::no_member(const Members& members, std::string_view key, std::string_view keyword, const At& at) {
  return no(at, keyword, [&] {
    std::vector<std::string> names;
    for (const Name& each : members.names) {
      if (each.node != kNone) names.emplace_back(each.name);
    }
    return format("there is no {} here{}", key, text::did_you_mean(key, names));
  });
}

bool Check::dependents(const Members& members, const json::Object& object, const Value& value, const At& at) {
  bool ok = true;
  for (const Members::Dependent& each : members.dependents) {
    if (!keep_on(ok, at)) return false;
    if (!object.contains(each.name)) continue;
    for (const std::string_view other : each.others) {
      if (!object.contains(other))
        ok = no(at, each.keyword, [&] { return format("with {} stands {}", each.name, other); });
    }
    if (each.node != kNone && keep_on(ok, at)) ok = run(each.node, value, at) && ok;
  }
  return ok;
}

bool Check::combined(const Combined& combined, const Value& value, const At& at) {
  bool ok = true;
  for (const std::int32_t each : combined.all) {
    if (keep_on(ok, at)) ok = run(each, value, at) && ok;
  }
  if (!combined.any.empty() && keep_on(ok, at)) ok = alternatives(combined.any, "anyOf", value, at) && ok;
  if (!combined.one.empty() && keep_on(ok, at)) ok = alternatives(combined.one, "oneOf", value, at) && ok;
  if (combined.none != kNone && keep_on(ok, at) && holds(combined.none, value, at))
    ok = no(at, "not", [] { return "this is what may not stand here"; });
  if (combined.condition != kNone && keep_on(ok, at)) {
    const std::int32_t next = fits(combined.condition, value, at) ? combined.then : combined.otherwise;
    if (next != kNone) ok = run(next, value, at) && ok;
  }
  return ok;
}

// Whether the branch holds; what it has looked at counts only then.
bool Check::fits(std::int32_t branch, const Value& value, const At& at) {
  Seen seen;
  const bool is_fitting =
      run(branch, value,
          {.path = at.path, .found = nullptr, .seen = at.seen == nullptr ? nullptr : &seen, .scope = at.scope});
  if (is_fitting && at.seen != nullptr) at.seen->add(seen);
  return is_fitting;
}

bool Check::alternatives(const std::vector<std::int32_t>& all, std::string_view keyword, const Value& value,
                         const At& at) {
  const bool is_any = keyword == "anyOf";
  std::size_t fitting = 0;
  for (const std::int32_t each : all) {
    if (fits(each, value, at)) ++fitting;
    if (fitting > 0 && is_any && at.seen == nullptr) return true;
    if (fitting > 1 && !is_any) break;
  }
  if (fitting == 1 || (fitting > 1 && is_any)) return true;
  if (at.found == nullptr) return false;
  if (fitting > 1) return no(at, keyword, [] { return "this fits more than one of the forms of which one is wanted"; });
  // Of those that do not fit, the nearest tells what is missing.
  std::optional<Found> nearest;
  for (const std::int32_t each : all) {
    Found found;
    run(each, value, {.path = at.path, .found = &found, .seen = nullptr, .scope = at.scope});
    if (!nearest || found.size() < nearest->size()) nearest = std::move(found);
  }
  for (Violation& each : *nearest) {
    if (at.found->size() < kViolationsMax) at.found->push_back(std::move(each));
  }
  return nearest->empty() ? no(at, keyword, [] { return "this fits none of the forms that may stand here"; }) : false;
}

bool Check::unevaluated_members(const Members& members, const json::Object& object, const At& at) {
  bool ok = true;
  std::size_t index = 0;
  for (const json::Member& each : object) {
    const std::size_t i = index++;
    if (at.seen->has(i)) continue;
    at.seen->mark(i);
    const Path path{.up = at.path, .key = each.key};
    const At below{.path = &path, .found = at.found, .seen = nullptr, .scope = at.scope};
    ok =
        (of(program_.nodes, members.unevaluated).is_never ? no_member(members, each.key, "unevaluatedProperties", below)
                                                          : run(members.unevaluated, each.value, below)) &&
        ok;
    if (!keep_on(ok, at)) return false;
  }
  return ok;
}

bool Check::unevaluated_items(const Items& items, const json::Array& array, const At& at) {
  bool ok = true;
  for (std::size_t i = 0; i < array.size() && keep_on(ok, at); ++i) {
    if (at.seen->has(i)) continue;
    at.seen->mark(i);
    const Path path{.up = at.path, .key = {}, .index = i, .is_item = true};
    const At below{.path = &path, .found = at.found, .seen = nullptr, .scope = at.scope};
    ok = (of(program_.nodes, items.unevaluated).is_never
              ? no(below, "unevaluatedItems", [] { return "no further item may stand here"; })
              : run(items.unevaluated, array[i], below)) &&
         ok;
  }
  return ok;
}

}  // namespace weft::json_schema
