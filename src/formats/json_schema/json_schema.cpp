#include "formats/json_schema/json_schema.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/format.h"
#include "base/json.h"
#include "base/text.h"

namespace weft::json_schema {
namespace {

using json::Value;

constexpr std::string_view kKnown[] = {"$ref",
                                       "$defs",
                                       "definitions",
                                       "$schema",
                                       "$id",
                                       "$comment",
                                       "title",
                                       "description",
                                       "default",
                                       "examples",
                                       "deprecated",
                                       "format",
                                       "type",
                                       "enum",
                                       "const",
                                       "minimum",
                                       "maximum",
                                       "exclusiveMinimum",
                                       "exclusiveMaximum",
                                       "multipleOf",
                                       "minLength",
                                       "maxLength",
                                       "pattern",
                                       "minItems",
                                       "maxItems",
                                       "uniqueItems",
                                       "items",
                                       "contains",
                                       "properties",
                                       "patternProperties",
                                       "additionalProperties",
                                       "unevaluatedProperties",
                                       "required",
                                       "minProperties",
                                       "maxProperties",
                                       "propertyNames",
                                       "dependentRequired",
                                       "allOf",
                                       "anyOf",
                                       "oneOf",
                                       "not",
                                       "if",
                                       "then",
                                       "else"};

std::string below(const std::string& pointer, std::string_view key) {
  std::string out = pointer + "/";
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

bool same(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a == b || a.number() == b.number();
  return a == b;
}

std::string_view type_of(const Value& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "boolean";
  if (value.is_number()) return "number";
  if (value.is_text()) return "string";
  return value.is_array() ? "array" : "object";
}

bool is_of(const Value& value, std::string_view type) {
  if (type == "integer")
    return value.is_integer() || (value.is_number() && std::floor(value.number()) == value.number());
  return type_of(value) == type;
}

// The length of JSON Schema: code points.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

struct Schema::State {
  Value document;
  std::map<std::string, Pattern, std::less<>> patterns;
  std::set<std::string, std::less<>> references;  // Those whose targets were prepared.

  Result<> prepare(const Value& schema, int depth);
  Result<> prepare_each(const Value& container, int depth);
  const Value* resolve(std::string_view reference) const;
};

namespace {

// One evaluation. `evaluated` collects the members that applicators of a schema object have looked at.
class Check {
 public:
  using Found = std::vector<Violation>;
  explicit Check(const std::map<std::string, Pattern, std::less<>>& patterns,
                 const std::function<const Value*(std::string_view)>& resolve)
      : patterns_(patterns), resolve_(resolve) {}

  bool run(const Value& schema, const Value& value, const std::string& pointer, Found& found,
           std::set<std::string>& evaluated, int depth = 0) {
    if (schema.is_boolean()) {
      return schema.boolean() || no(found, pointer, "false", "nothing may stand here");
    }
    if (depth > kDepthMax) return no(found, pointer, "$ref", "the document nests too deep");
    bool ok = true;
    if (const Value& reference = schema["$ref"]; reference.is_text()) {
      const Value* target = resolve_(reference.text());
      ok = target != nullptr && run(*target, value, pointer, found, evaluated, depth + 1);
    }
    ok = any_type(schema, value, pointer, found) && ok;
    ok = numbers(schema, value, pointer, found) && ok;
    ok = texts(schema, value, pointer, found) && ok;
    ok = arrays(schema, value, pointer, found, depth) && ok;
    ok = objects(schema, value, pointer, found, evaluated, depth) && ok;
    ok = combined(schema, value, pointer, found, evaluated, depth) && ok;
    return unevaluated(schema, value, pointer, found, evaluated, depth) && ok;
  }

 private:
  bool no(Found& found, const std::string& pointer, std::string_view keyword, std::string message) {
    if (found.size() < kViolationsMax) found.push_back({pointer, std::string(keyword), std::move(message)});
    return false;
  }

  bool any_type(const Value& schema, const Value& value, const std::string& pointer, Found& found) {
    bool ok = true;
    const Value& type = schema["type"];
    if (type.is_text() && !is_of(value, type.text())) {
      ok = no(found, pointer, "type", format("this is {}, wanted is {}", type_of(value), type.text()));
    }
    if (type.is_array()) {
      std::vector<std::string> wanted;
      for (const Value& each : type.array()) wanted.emplace_back(each.text_or(""));
      if (std::none_of(wanted.begin(), wanted.end(), [&](const std::string& each) { return is_of(value, each); })) {
        ok = no(found, pointer, "type",
                format("this is {}, wanted is one of {}", type_of(value), text::join(wanted, ", ")));
      }
    }
    if (const Value& one = schema["const"]; schema.object().contains("const") && !same(one, value)) {
      ok = no(found, pointer, "const", format("this must be {}", json::write(one)));
    }
    if (const Value& all = schema["enum"];
        all.is_array() &&
        std::none_of(all.array().begin(), all.array().end(), [&](const Value& each) { return same(each, value); })) {
      std::vector<std::string> words;
      for (const Value& each : all.array()) words.push_back(each.is_text() ? each.text() : json::write(each));
      const std::string said = value.is_text() ? value.text() : json::write(value);
      ok = no(
          found, pointer, "enum",
          format("{} is none of {}{}", said.substr(0, 60), text::join(words, ", "), text::did_you_mean(said, words)));
    }
    return ok;
  }

  bool numbers(const Value& schema, const Value& value, const std::string& pointer, Found& found) {
    if (!value.is_number()) return true;
    const double number = value.number();
    bool ok = true;
    auto limit = [&](std::string_view keyword, auto holds, std::string_view words) {
      const Value& bound = schema[keyword];
      if (bound.is_number() && !holds(bound.number()))
        ok = no(found, pointer, keyword, format("{} must be {} {}", json::write(value), words, json::write(bound)));
    };
    limit("minimum", [&](double bound) { return number >= bound; }, "at least");
    limit("maximum", [&](double bound) { return number <= bound; }, "at most");
    limit("exclusiveMinimum", [&](double bound) { return number > bound; }, "above");
    limit("exclusiveMaximum", [&](double bound) { return number < bound; }, "below");
    limit(
        "multipleOf",
        [&](double step) {
          return step > 0 && std::abs(std::remainder(number, step)) < 1e-9 * std::max(1.0, std::abs(number));
        },
        "a multiple of");
    return ok;
  }

  bool texts(const Value& schema, const Value& value, const std::string& pointer, Found& found) {
    if (!value.is_text()) return true;
    bool ok = true;
    const auto length = static_cast<std::int64_t>(length_of(value.text()));
    if (length < schema["minLength"].integer_or(0))
      ok = no(found, pointer, "minLength", format("this is shorter than {} characters", schema["minLength"].integer()));
    if (length > schema["maxLength"].integer_or(length))
      ok = no(found, pointer, "maxLength", format("this is longer than {} characters", schema["maxLength"].integer()));
    if (const Value& pattern = schema["pattern"]; pattern.is_text() && !matches(pattern.text(), value.text())) {
      ok = no(found, pointer, "pattern", format("{} does not match {}", value.text().substr(0, 60), pattern.text()));
    }
    return ok;
  }

  bool matches(const std::string& pattern, std::string_view text) const {
    const auto compiled = patterns_.find(pattern);
    return compiled != patterns_.end() && compiled->second.found_in(text);
  }

  bool arrays(const Value& schema, const Value& value, const std::string& pointer, Found& found, int depth) {
    if (!value.is_array()) return true;
    bool ok = true;
    const json::Array& items = value.array();
    const auto size = static_cast<std::int64_t>(items.size());
    if (size < schema["minItems"].integer_or(0))
      ok = no(found, pointer, "minItems",
              format("this has {} items, at least {} are wanted", size, schema["minItems"].integer()));
    if (size > schema["maxItems"].integer_or(size))
      ok = no(found, pointer, "maxItems",
              format("this has {} items, at most {} are wanted", size, schema["maxItems"].integer()));
    if (schema["uniqueItems"].boolean_or(false)) {
      std::set<std::string> seen;
      for (const Value& item : items) {
        if (!seen.insert(json::write(item)).second)
          ok = no(found, pointer, "uniqueItems", format("{} stands twice", json::write(item).substr(0, 60)));
      }
    }
    const Value& each = schema["items"];
    for (std::size_t i = 0; i < items.size() && found.size() < kViolationsMax; ++i) {
      std::set<std::string> inner;
      if (each.is_object() || each.is_boolean())
        ok = run(each, items[i], below(pointer, std::to_string(i)), found, inner, depth + 1) && ok;
    }
    if (const Value& one = schema["contains"];
        one.is_object() &&
        std::none_of(items.begin(), items.end(), [&](const Value& item) { return holds(one, item, depth); })) {
      ok = no(found, pointer, "contains", "none of the items is what one of them must be");
    }
    return ok;
  }

  bool holds(const Value& schema, const Value& value, int depth) {
    Found ignored;
    std::set<std::string> inner;
    return run(schema, value, "", ignored, inner, depth + 1);
  }

  bool objects(const Value& schema, const Value& value, const std::string& pointer, Found& found,
               std::set<std::string>& evaluated, int depth) {
    if (!value.is_object()) return true;
    bool ok = true;
    const json::Object& members = value.object();
    for (const Value& name : array_of(schema["required"])) {
      if (!members.contains(name.text_or("")))
        ok = no(found, pointer, "required", format("{} is missing", name.text_or("")));
    }
    const auto size = static_cast<std::int64_t>(members.size());
    if (size < schema["minProperties"].integer_or(0))
      ok = no(found, pointer, "minProperties",
              format("this has {} members, at least {} are wanted", size, schema["minProperties"].integer()));
    if (size > schema["maxProperties"].integer_or(size))
      ok = no(found, pointer, "maxProperties",
              format("this has {} members, at most {} are wanted", size, schema["maxProperties"].integer()));
    for (const auto& [name, wanted] : object_of(schema["dependentRequired"])) {
      for (const Value& other : array_of(wanted)) {
        if (members.contains(name) && !members.contains(other.text_or("")))
          ok = no(found, pointer, "dependentRequired", format("with {} stands {}", name, other.text_or("")));
      }
    }
    for (const auto& [key, member] : members) {
      if (found.size() >= kViolationsMax) break;
      ok = run_member(schema, key, member, pointer, found, evaluated, depth) && ok;
    }
    return ok;
  }

  bool run_member(const Value& schema, const std::string& key, const Value& member, const std::string& pointer,
                  Found& found, std::set<std::string>& evaluated, int depth) {
    bool ok = true, is_known = false;
    auto apply = [&](const Value& inner) {
      std::set<std::string> of_member;
      is_known = true;
      evaluated.insert(key);
      ok = run(inner, member, below(pointer, key), found, of_member, depth + 1) && ok;
    };
    if (const Value* inner = object_of(schema["properties"]).find(key)) apply(*inner);
    for (const auto& [pattern, inner] : object_of(schema["patternProperties"])) {
      if (matches(pattern, key)) apply(inner);
    }
    const Value& names = schema["propertyNames"];
    if ((names.is_object() || names.is_boolean()) && !holds(names, Value(key), depth))
      ok = no(found, below(pointer, key), "propertyNames", format("{} is no name for a member here", key));
    const Value& others = schema["additionalProperties"];
    if (is_known || others.is_null()) return ok;
    evaluated.insert(key);
    if (others.is_boolean() && !others.boolean())
      return no(found, below(pointer, key), "additionalProperties",
                format("there is no {} here{}", key, suggestion(schema, key)));
    apply(others);
    return ok;
  }

  static std::string suggestion(const Value& schema, const std::string& key) {
    std::vector<std::string> names;
    for (const auto& [name, inner] : object_of(schema["properties"])) names.push_back(name);
    return text::did_you_mean(key, names);
  }

  bool combined(const Value& schema, const Value& value, const std::string& pointer, Found& found,
                std::set<std::string>& evaluated, int depth) {
    bool ok = true;
    for (const Value& each : array_of(schema["allOf"]))
      ok = run(each, value, pointer, found, evaluated, depth + 1) && ok;
    for (const std::string_view keyword : {"anyOf", "oneOf"}) {
      if (schema[keyword].is_array())
        ok = alternatives(schema[keyword].array(), keyword, value, pointer, found, evaluated, depth) && ok;
    }
    if (const Value& none = schema["not"]; (none.is_object() || none.is_boolean()) && holds(none, value, depth))
      ok = no(found, pointer, "not", "this is what may not stand here");
    if (const Value& condition = schema["if"]; condition.is_object() || condition.is_boolean()) {
      Found ignored;
      std::set<std::string> inner;
      const bool is_met = run(condition, value, pointer, ignored, inner, depth + 1);
      if (is_met) evaluated.insert(inner.begin(), inner.end());
      const Value& next = schema[is_met ? "then" : "else"];
      if (next.is_object() || next.is_boolean()) ok = run(next, value, pointer, found, evaluated, depth + 1) && ok;
    }
    return ok;
  }

  bool alternatives(const json::Array& all, std::string_view keyword, const Value& value, const std::string& pointer,
                    Found& found, std::set<std::string>& evaluated, int depth) {
    std::size_t fitting = 0;
    std::optional<Found> nearest;
    for (const Value& each : all) {
      Found of_this;
      std::set<std::string> inner;
      if (run(each, value, pointer, of_this, inner, depth + 1)) {
        ++fitting;
        evaluated.insert(inner.begin(), inner.end());
      } else if (!nearest || of_this.size() < nearest->size()) {
        nearest = std::move(of_this);
      }
    }
    if (fitting == 1 || (fitting > 1 && keyword == "anyOf")) return true;
    if (fitting > 1) return no(found, pointer, keyword, "this fits more than one of the forms of which one is wanted");
    for (Violation& each : nearest.value_or(Found())) {
      if (found.size() < kViolationsMax) found.push_back(std::move(each));
    }
    return nearest ? false : no(found, pointer, keyword, "this fits none of the forms that may stand here");
  }

  bool unevaluated(const Value& schema, const Value& value, const std::string& pointer, Found& found,
                   std::set<std::string>& evaluated, int depth) {
    const Value& rest = schema["unevaluatedProperties"];
    if (rest.is_null() || !value.is_object()) return true;
    bool ok = true;
    for (const auto& [key, member] : value.object()) {
      if (evaluated.contains(key)) continue;
      std::set<std::string> inner;
      evaluated.insert(key);
      if (rest.is_boolean() && !rest.boolean()) {
        ok = no(found, below(pointer, key), "unevaluatedProperties",
                format("there is no {} here{}", key, suggestion(schema, key)));
      } else {
        ok = run(rest, member, below(pointer, key), found, inner, depth + 1) && ok;
      }
    }
    return ok;
  }

  static const json::Array& array_of(const Value& value) {
    static const json::Array kNone;
    return value.is_array() ? value.array() : kNone;
  }
  static const json::Object& object_of(const Value& value) {
    static const json::Object kNone;
    return value.is_object() ? value.object() : kNone;
  }

  const std::map<std::string, Pattern, std::less<>>& patterns_;
  const std::function<const Value*(std::string_view)>& resolve_;
};

}  // namespace

Result<> Schema::State::prepare_each(const Value& container, int depth) {
  if (container.is_object()) {
    for (const auto& [name, inner] : container.object()) TRY(prepare(inner, depth + 1));
  }
  if (container.is_array()) {
    for (const Value& inner : container.array()) TRY(prepare(inner, depth + 1));
  }
  return {};
}

// Looks at every schema that can be reached once (definitions may stand in groups): its keywords are known, its
// patterns compile, its references lead somewhere.
Result<> Schema::State::prepare(const Value& schema, int depth) {
  if (depth > kDepthMax)
    return fail(ErrorKind::limit, "json_schema.malformed", "the schema nests deeper than {} levels", kDepthMax);
  if (schema.is_boolean()) return {};
  if (!schema.is_object())
    return fail(ErrorKind::invalid, "json_schema.malformed", "a schema is an object or a boolean");
  for (const auto& [keyword, value] : schema.object()) {
    if (std::find(std::begin(kKnown), std::end(kKnown), keyword) == std::end(kKnown)) {
      return fail(ErrorKind::unsupported, "json_schema.keyword", "the schema's keyword {} is not known here", keyword);
    }
  }
  if (const Value& reference = schema["$ref"]; reference.is_text() && references.insert(reference.text()).second) {
    const Value* target = resolve(reference.text());
    if (target == nullptr)
      return fail(ErrorKind::invalid, "json_schema.malformed", "the reference {} leads nowhere", reference.text());
    TRY(prepare(*target, depth + 1));
  }
  if (const Value& pattern = schema["pattern"]; pattern.is_text() && !patterns.contains(pattern.text()))
    patterns.emplace(pattern.text(), TRY(Pattern::compile(pattern.text())));
  if (const Value& named = schema["patternProperties"]; named.is_object()) {
    for (const auto& [pattern, inner] : named.object()) {
      if (!patterns.contains(pattern)) patterns.emplace(pattern, TRY(Pattern::compile(pattern)));
    }
  }
  for (const char* each : {"properties", "patternProperties", "allOf", "anyOf", "oneOf"})
    TRY(prepare_each(schema[each], depth));
  for (const char* one : {"items", "contains", "additionalProperties", "unevaluatedProperties", "propertyNames", "not",
                          "if", "then", "else"}) {
    if (!schema[one].is_null()) TRY(prepare(schema[one], depth + 1));
  }
  return {};
}

const Value* Schema::State::resolve(std::string_view reference) const {
  if (!reference.starts_with('#')) return nullptr;
  const Value* at = &document;
  for (const std::string_view part : text::split(reference.substr(1), '/')) {
    if (part.empty()) continue;
    const Value* next = at->is_object() ? at->object().find(part) : nullptr;
    if (next == nullptr) return nullptr;
    at = next;
  }
  return at;
}

Result<Schema> Schema::compile(Value document) {
  auto state = std::make_shared<State>();
  state->document = std::move(document);
  TRY(state->prepare(state->document, 0));
  Schema schema;
  schema.state_ = std::move(state);
  return schema;
}

std::vector<Violation> Schema::check(const Value& instance) const {
  std::vector<Violation> found;
  std::set<std::string> evaluated;
  const std::function<const Value*(std::string_view)> resolve = [this](std::string_view reference) {
    return state_->resolve(reference);
  };
  Check(state_->patterns, resolve).run(state_->document, instance, "", found, evaluated);
  return found;
}

}  // namespace weft::json_schema
