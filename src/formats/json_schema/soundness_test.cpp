#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "base/json.h"
#include "formats/json_schema/compatibility.h"

// What is judged compatible under the strict policy, is: schemas that were made up and changed a little, and values.
// WEFT_SOUNDNESS_PAIRS and WEFT_SOUNDNESS_SEED run more of them, or others.
namespace weft::json_schema {
namespace {

using json::Array;
using json::Object;
using json::Value;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T, std::size_t N>
  T pick(const T (&all)[N]) {
    return all[below(static_cast<int>(N))];
  }

  Value document() {
    is_newest_ = chance(40);
    Value root = schema(3);
    if (!root.is_object()) return root;
    root.object().set("$schema", is_newest_ ? "https://json-schema.org/draft/2020-12/schema"
                                            : "http://json-schema.org/draft-07/schema#");
    root.object().set("definitions", Object{{"a", schema(2)}, {"b", schema(1)}});
    return root;
  }

  Value schema(int depth) {
    if (chance(4)) return Value(chance(70));
    if (depth > 0 && chance(10)) return Object{{"$ref", pick({"#", "#/definitions/a", "#/definitions/b"})}};
    Object out;
    if (chance(75)) out.set("type", type());
    for (int i = below(4); i > 0; --i) add_keyword(out, depth);
    return out;
  }

  // The same but for one or two places.
  Value changed(const Value& value) {
    Value copy = value;
    if (!copy.is_object()) return chance(50) ? Value(Object{{"type", type()}}) : copy;
    for (int i = 1 + below(2); i > 0; --i) change(copy, 0);
    return copy;
  }

  Value instance(int depth) {
    switch (below(depth > 0 ? 9 : 6)) {
      case 0:
        return Value();
      case 1:
        return Value(chance(50));
      case 2:
        return Value(below(7) - 1);
      case 3:
        return Value(below(13) / 2.0);
      case 4:
      case 5:
        return Value(pick({"", "a", "ab", "abc", "I_1", "x"}));
      case 6: {
        Array list;
        for (int i = below(4); i > 0; --i) list.push_back(instance(depth - 1));
        return list;
      }
      default: {
        Object object;
        for (int i = below(4); i > 0; --i) object.set(name(), instance(depth - 1));
        return object;
      }
    }
  }

  // One that is likely to be valid: what the schema names, made to fit.
  Value fitting(const Value& schema, const Value& root, int depth) {
    if (!schema.is_object() || depth == 0 || chance(8)) return instance(1);
    const Object& keywords = schema.object();
    if (const auto reference = schema["$ref"].text_or(""); !reference.empty())
      return fitting(reference == "#" ? root : root["definitions"][reference.substr(14)], root, depth - 1);
    for (const char* keyword : {"anyOf", "oneOf", "allOf"}) {
      if (keywords.contains(keyword) && chance(60)) {
        const Array& all = schema[keyword].array();
        return fitting(all[static_cast<std::size_t>(below(static_cast<int>(all.size())))], root, depth - 1);
      }
    }
    if (keywords.contains("const")) return schema["const"];
    if (keywords.contains("enum")) return schema["enum"].array()[0];
    const bool is_object = schema["type"].text_or("") == "object" || keywords.contains("properties");
    const bool is_array = schema["type"].text_or("") == "array" || keywords.contains("items");
    if (is_object) return fitting_object(schema, root, depth);
    if (is_array) return fitting_array(schema, root, depth);
    for (int i = 0; i < 8; ++i) {
      Value value = instance(1);
      if (schema["type"].is_null() || of_type(value, schema["type"])) return value;
    }
    return instance(1);
  }

 private:
  Value type() {
    const char* all[] = {"string", "integer", "number", "object", "array", "object", "null", "boolean"};
    if (chance(75)) return pick(all);
    const int first = below(6);
    return Array{all[first], all[first + 1 + below(7 - first)]};
  }
  std::string name() { return pick({"a", "b", "c", "I_1", "I_2"}); }

  static bool of_type(const Value& value, const Value& type) {
    if (type.is_array()) return of_type(value, type.array()[0]) || of_type(value, type.array()[1]);
    const std::string& name = type.text();
    return (name == "string" && value.is_text()) || (name == "integer" && value.is_integer()) ||
           (name == "number" && value.is_number()) || (name == "null" && value.is_null()) ||
           (name == "boolean" && value.is_boolean()) || (name == "array" && value.is_array()) ||
           (name == "object" && value.is_object());
  }

  Value fitting_object(const Value& schema, const Value& root, int depth) {
    Object object;
    if (schema["properties"].is_object()) {
      for (const auto& [key, each] : schema["properties"].object()) {
        if (chance(70)) object.set(key, fitting(each, root, depth - 1));
      }
    }
    if (schema["patternProperties"].is_object() && chance(60))
      object.set("I_2", fitting(schema["patternProperties"].object().begin()->value, root, depth - 1));
    if (schema["additionalProperties"].is_object() && chance(60))
      object.set(name(), fitting(schema["additionalProperties"], root, depth - 1));
    if (schema["required"].is_array()) {
      for (const Value& each : schema["required"].array())
        object.set(each.text(), fitting(schema["properties"][each.text()], root, depth - 1));
    }
    if (chance(15)) object.set(name(), instance(1));
    return object;
  }

  Value fitting_array(const Value& schema, const Value& root, int depth) {
    Array list;
    const Value& items = schema["items"];
    const Value& tuple = items.is_array() ? items : schema["prefixItems"];
    const Value& rest = items.is_array() ? schema["additionalItems"] : items;
    if (tuple.is_array()) {
      for (const Value& each : tuple.array()) list.push_back(fitting(each, root, depth - 1));
    }
    for (int i = below(3); i > 0; --i) list.push_back(fitting(rest, root, depth - 1));
    return list;
  }

  Value values() {
    Array all;
    for (int i = 1 + below(3); i > 0; --i) {
      Value value = instance(chance(15) ? 1 : 0);
      if (std::find(all.begin(), all.end(), value) == all.end()) all.push_back(std::move(value));
    }
    return all;
  }
  Value schemas(int depth) {
    Array all;
    for (int i = 1 + below(3); i > 0; --i) all.push_back(schema(depth - 1));
    return all;
  }
  // The branches of a oneOf are taken to have nothing in common (README.md).
  Value distinct_schemas() {
    Array all;
    for (const char* each : {"string", "number", "array", "null"}) {
      if (chance(50) || all.empty())
        all.push_back(Object{{"type", each}, {"minItems", below(3)}, {"minLength", below(3)}});
    }
    return all;
  }
  Value names() {
    Array all{Value(name())};
    if (chance(30)) all.push_back(all[0] == Value("a") ? "b" : "a");
    return all;
  }

  void add_keyword(Object& out, int depth) {
    const int scalar = 18;
    switch (below(depth > 0 ? scalar + 16 : scalar)) {
      case 0:
        return void(out.set("minimum", below(5)));
      case 1:
        return void(out.set("maximum", below(6)));
      case 2:
        return void(out.set("exclusiveMinimum", below(5)));
      case 3:
        return void(out.set("exclusiveMaximum", below(6)));
      case 4:
        return void(out.set("multipleOf", pick({1.0, 2.0, 0.5, 3.0})));
      case 5:
        return void(out.set("minLength", below(3)));
      case 6:
        return void(out.set("maxLength", below(4)));
      case 7:
        return void(out.set("pattern", pick({"^a", "b", "^I_"})));
      case 8:
        return void(out.set("enum", values()));
      case 9:
        return void(out.set("const", instance(0)));
      case 10:
        return void(out.set("required", names()));
      case 11:
        return void(out.set("minProperties", below(3)));
      case 12:
        return void(out.set("maxProperties", below(4)));
      case 13:
        return void(out.set("minItems", below(3)));
      case 14:
        return void(out.set("maxItems", below(4)));
      case 15:
        return void(out.set("uniqueItems", chance(80)));
      case 16:
        return void(out.set("additionalProperties", chance(70) ? Value(false) : schema(depth - 1)));
      case 17:
        return void(out.set(is_newest_ ? "dependentRequired" : "dependencies", Object{{name(), names()}}));
      default:
        add_applicator(out, depth);
    }
  }

  void add_applicator(Object& out, int depth) {
    auto one = [&] { return schema(depth - 1); };
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        Object properties;
        for (int i = 1 + below(3); i > 0; --i) properties.set(name(), one());
        return void(out.set("properties", std::move(properties)));
      }
      case 4:
        return void(out.set("patternProperties", Object{{pick({"^I_", "a|b", "1"}), one()}}));
      case 5:
        return void(out.set("additionalProperties", one()));
      case 6:
        return void(out.set("propertyNames", one()));
      case 7:
        return void(out.set("items", one()));
      case 8:
        if (!is_newest_ && chance(60)) out.set("additionalItems", chance(60) ? Value(false) : one());
        return void(out.set(is_newest_ ? "prefixItems" : "items", schemas(depth)));
      case 9:
        return void(out.set("contains", one()));
      case 10:
        return void(out.set(chance(50) ? "anyOf" : "allOf", schemas(depth)));
      case 11:
        return void(out.set("oneOf", distinct_schemas()));
      case 12:
        return void(out.set("not", one()));
      case 13:
        out.set("if", one());
        return void(out.set(chance(60) ? "then" : "else", one()));
      case 14:
        if (is_newest_)
          out.set(chance(70) ? "unevaluatedProperties" : "unevaluatedItems", chance(70) ? Value(false) : one());
        return;
      default:
        return void(out.set(is_newest_ ? "dependentSchemas" : "dependencies", Object{{name(), one()}}));
    }
  }

  void change(Value& value, int depth) {
    Object& object = value.object();
    if (!object.empty() && depth < 4 && chance(60)) {
      auto member = object.begin() + below(static_cast<int>(object.size()));
      if (change_below(member->key, member->value, depth)) return;
      if (member->key != "definitions" && member->key != "$schema") {
        if (chance(60)) {
          object.erase(std::string(member->key));
        } else if (member->value.is_integer()) {
          member->value =
              std::max<std::int64_t>(member->key == "multipleOf" ? 1 : 0, member->value.integer() + below(3) - 1);
        }
        return;
      }
    }
    if (!object.contains("$ref")) add_keyword(object, 1);
  }

  bool change_below(const std::string& key, Value& value, int depth) {
    if (key == "oneOf") {
      value = distinct_schemas();
      return true;
    }
    const bool is_map = key == "properties" || key == "patternProperties" || key == "definitions";
    const bool is_list =
        key == "anyOf" || key == "allOf" || key == "prefixItems" || (key == "items" && value.is_array());
    if (is_map && !value.object().empty()) {
      if (key == "properties" && chance(25)) {
        value.object().set(name(), schema(1));
        return true;
      }
      auto member = value.object().begin() + below(static_cast<int>(value.object().size()));
      if (!member->value.is_object()) return false;
      change(member->value, depth + 1);
      return true;
    }
    if (is_list) {
      if (chance(30)) {
        value.array().push_back(schema(1));
        return true;
      }
      Value& one = value.array()[static_cast<std::size_t>(below(static_cast<int>(value.array().size())))];
      if (!one.is_object()) return false;
      change(one, depth + 1);
      return true;
    }
    const bool is_schema = key == "items" || key == "additionalProperties" || key == "not" || key == "contains" ||
                           key == "propertyNames" || key == "if" || key == "then" || key == "else";
    if (!is_schema || !value.is_object()) return false;
    change(value, depth + 1);
    return true;
  }

  std::mt19937_64 random_;
  bool is_newest_ = false;
};

struct Tally {
  std::size_t compatible = 0, instances = 0;
};

void check_pair(Maker& maker, const Value& old_document, const Value& new_document, Tally& tally) {
  const auto writer = SchemaText::parse(json::write(old_document)),
             reader = SchemaText::parse(json::write(new_document));
  auto is_endless = [](const auto& text) { return !text && text.error().code == "json_schema.endless"; };
  if (is_endless(writer) || is_endless(reader)) return;
  ASSERT_TRUE(writer) << writer.error().message << json::write(old_document);
  ASSERT_TRUE(reader) << reader.error().message << json::write(new_document);
  if (!differences(*reader, *writer, Policy::strict).empty()) return;
  ++tally.compatible;
  const auto writes = writer->validator(), reads = reader->validator();
  ASSERT_TRUE(writes && reads);
  for (int i = 0; i < 40; ++i) {
    const Value value = i % 4 == 0 ? maker.instance(2) : maker.fitting(old_document, old_document, 4);
    if (!writes->allows(value)) continue;
    ++tally.instances;
    ASSERT_TRUE(reads->allows(value)) << json::write(value) << "\nis valid under " << json::write(old_document)
                                      << "\nand not under  " << json::write(new_document);
  }
}

TEST(JsonSchemaSoundness, WhatIsCompatibleCanBeRead) {
  const std::uint64_t seed = number_from("WEFT_SOUNDNESS_SEED", 1), pairs = number_from("WEFT_SOUNDNESS_PAIRS", 4000);
  Tally tally;
  for (std::uint64_t i = 0; i < pairs && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("WEFT_SOUNDNESS_SEED=" + std::to_string(seed + i) + " WEFT_SOUNDNESS_PAIRS=1");
    Maker maker(seed + i);
    const Value before = maker.document();
    const Value after = maker.chance(90) ? maker.changed(before) : maker.document();
    check_pair(maker, before, after, tally);
    check_pair(maker, after, before, tally);
  }
  if (pairs > 1) {
    EXPECT_GT(tally.compatible, pairs / 10);
    EXPECT_GT(tally.instances, pairs);
  }
  RecordProperty("compatible", std::to_string(tally.compatible));
  RecordProperty("instances", std::to_string(tally.instances));
}

TEST(JsonSchemaSoundness, EverySchemaReadsWhatItWroteUnderAnotherTitle) {
  const std::uint64_t seed = number_from("WEFT_SOUNDNESS_SEED", 1), pairs = number_from("WEFT_SOUNDNESS_PAIRS", 4000);
  for (std::uint64_t i = 0; i < pairs && !testing::Test::HasFailure(); ++i) {
    Maker maker(seed + i);
    Value document = maker.document();
    const auto plain = SchemaText::parse(json::write(document));
    if (!plain || !document.is_object()) continue;
    document.object().set("title", "another");
    const auto titled = SchemaText::parse(json::write(document));
    ASSERT_TRUE(titled);
    const auto found = differences(*titled, *plain, Policy::strict);
    // What is unevaluated is compared by its words, which the title changes.
    if (found.empty() || plain->canonical().find("\"unevaluated") != std::string::npos) continue;
    ADD_FAILURE() << found[0].description << ": " << plain->canonical();
  }
}

}  // namespace
}  // namespace weft::json_schema
