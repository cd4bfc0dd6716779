#include "formats/json_schema/json_schema.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace weft::json_schema {
namespace {

Result<Schema> compiled(std::string_view schema) {
  auto document = json::parse(schema);
  EXPECT_TRUE(document) << schema;
  return Schema::compile(std::move(*document), kOwnSchemas);
}

// "pointer keyword" of each violation.
std::vector<std::string> wrong(std::string_view schema, std::string_view instance) {
  const auto ready = compiled(schema);
  EXPECT_TRUE(ready) << (ready ? "" : ready.error().message);
  const auto value = json::parse(instance);
  EXPECT_TRUE(value) << instance;
  std::vector<std::string> all;
  for (const Violation& each : ready->check(*value)) all.push_back(each.pointer + " " + each.keyword);
  return all;
}

using Wrong = std::vector<std::string>;

TEST(JsonSchema, TypesAreThoseOfTheSpecification) {
  EXPECT_EQ(wrong(R"({"type":"integer"})", "1.0"), Wrong{});
  EXPECT_EQ(wrong(R"({"type":"integer"})", "1.5"), Wrong{" type"});
  EXPECT_EQ(wrong(R"({"type":"integer"})", "12345678901234567890123"), Wrong{});
  EXPECT_EQ(wrong(R"({"type":"number"})", R"("1")"), Wrong{" type"});
  EXPECT_EQ(wrong(R"({"type":"boolean"})", "0"), Wrong{" type"});
  EXPECT_EQ(wrong(R"({"type":["string","null"]})", "null"), Wrong{});
  EXPECT_EQ(wrong(R"({"type":["string","null"]})", "[]"), Wrong{" type"});
}

TEST(JsonSchema, KeywordsForOtherTypesSayNothing) {
  EXPECT_EQ(wrong(R"({"minimum":5,"minLength":5,"minItems":5,"required":["a"]})", "true"), Wrong{});
}

TEST(JsonSchema, NumbersAreHeldToTheirBounds) {
  EXPECT_EQ(wrong(R"({"minimum":1,"maximum":3})", "1"), Wrong{});
  EXPECT_EQ(wrong(R"({"minimum":1})", "0.99"), Wrong{" minimum"});
  EXPECT_EQ(wrong(R"({"maximum":3})", "3.01"), Wrong{" maximum"});
  EXPECT_EQ(wrong(R"({"exclusiveMinimum":0})", "0"), Wrong{" exclusiveMinimum"});
  EXPECT_EQ(wrong(R"({"exclusiveMaximum":3})", "3"), Wrong{" exclusiveMaximum"});
  EXPECT_EQ(wrong(R"({"multipleOf":2})", "3"), Wrong{" multipleOf"});
}

TEST(JsonSchema, TextIsMeasuredInCodePointsAndSearchedForItsPattern) {
  EXPECT_EQ(wrong(R"({"maxLength":2})", R"("äö")"), Wrong{});
  EXPECT_EQ(wrong(R"({"maxLength":2})", R"("äöü")"), Wrong{" maxLength"});
  EXPECT_EQ(wrong(R"({"minLength":1})", R"("")"), Wrong{" minLength"});
  EXPECT_EQ(wrong(R"({"pattern":"b+"})", R"("abbc")"), Wrong{});
  EXPECT_EQ(wrong(R"({"pattern":"^b+$"})", R"("abbc")"), Wrong{" pattern"});
}

TEST(JsonSchema, EnumAndConstCompareValues) {
  EXPECT_EQ(wrong(R"({"enum":[1,"a",null]})", "1.0"), Wrong{});
  EXPECT_EQ(wrong(R"({"enum":[1,"a"]})", R"("b")"), Wrong{" enum"});
  EXPECT_EQ(wrong(R"({"const":{"a":[1]}})", R"({"a":[1]})"), Wrong{});
  EXPECT_EQ(wrong(R"({"const":"DataContract"})", R"("Data")"), Wrong{" const"});
}

TEST(JsonSchema, ArraysAndTheirItems) {
  EXPECT_EQ(wrong(R"({"items":{"type":"string"}})", R"(["a",1,"b",2])"), (Wrong{"/1 type", "/3 type"}));
  EXPECT_EQ(wrong(R"({"minItems":2,"maxItems":2})", "[1]"), Wrong{" minItems"});
  EXPECT_EQ(wrong(R"({"minItems":2,"maxItems":2})", "[1,2,3]"), Wrong{" maxItems"});
  EXPECT_EQ(wrong(R"({"uniqueItems":true})", R"([{"a":1},{"a":1}])"), Wrong{" uniqueItems"});
  EXPECT_EQ(wrong(R"({"contains":{"type":"integer"}})", R"(["a"])"), Wrong{" contains"});
}

TEST(JsonSchema, MembersAreFoundByNamePatternOrAsTheRest) {
  const char* schema =
      R"({"properties":{"a/b":{"type":"string"}},"patternProperties":{"^x-":true},"additionalProperties":false})";
  EXPECT_EQ(wrong(schema, R"({"a/b":"t","x-1":0})"), Wrong{});
  EXPECT_EQ(wrong(schema, R"({"a/b":1})"), Wrong{"/a~1b type"});
  EXPECT_EQ(wrong(schema, R"({"c":1})"), Wrong{"/c additionalProperties"});
  EXPECT_EQ(wrong(R"({"required":["a","b"]})", R"({"a":1})"), Wrong{" required"});
  EXPECT_EQ(wrong(R"({"propertyNames":{"pattern":"^a"}})", R"({"b":1})"), Wrong{"/b propertyNames"});
  EXPECT_EQ(wrong(R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})"), Wrong{" dependentRequired"});
  EXPECT_EQ(wrong(R"({"minProperties":1})", "{}"), Wrong{" minProperties"});
  EXPECT_EQ(wrong(R"({"maxProperties":1})", R"({"a":1,"b":2})"), Wrong{" maxProperties"});
}

TEST(JsonSchema, WhatSubschemasHaveSeenIsEvaluated) {
  const char* schema =
      R"({"allOf":[{"properties":{"a":true}}],"anyOf":[{"properties":{"b":{"type":"string"}},"required":["b"]},true],
          "if":{"properties":{"c":{"const":1}},"required":["c"]},"unevaluatedProperties":false})";
  EXPECT_EQ(wrong(schema, R"({"a":1,"b":"t","c":1})"), Wrong{});
  EXPECT_EQ(wrong(schema, R"({"b":1})"), Wrong{"/b unevaluatedProperties"});
  EXPECT_EQ(wrong(schema, R"({"c":2})"), Wrong{"/c unevaluatedProperties"});
}

TEST(JsonSchema, OfAlternativesTheNearestTellsWhatIsMissing) {
  const char* schema =
      R"({"oneOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a","b","c"]},{"type":"array"}]})";
  EXPECT_EQ(wrong(schema, R"({"a":"t","b":1,"c":1})"), Wrong{});
  EXPECT_EQ(wrong(schema, "[]"), Wrong{});
  EXPECT_EQ(wrong(schema, R"({"a":"t"})"), Wrong{" type"});
  EXPECT_EQ(wrong(R"({"oneOf":[{"type":"integer"},{"minimum":2}]})", "3"), Wrong{" oneOf"});
  EXPECT_EQ(wrong(R"({"not":{"required":["a"]}})", R"({"a":1})"), Wrong{" not"});
  EXPECT_EQ(wrong(R"({"if":{"type":"string"},"then":{"minLength":2},"else":{"minimum":2}})", R"("a")"),
            Wrong{" minLength"});
  EXPECT_EQ(wrong(R"({"if":{"type":"string"},"then":{"minLength":2},"else":{"minimum":2}})", "1"), Wrong{" minimum"});
}

TEST(JsonSchema, ReferencesLeadThroughGroupsAndMayRecur) {
  const char* schema =
      R"({"properties":{"next":{"$ref":"#/$defs/group/node"},"n":{"type":"integer"}},"$ref":"#/$defs/group/node",
          "$defs":{"group":{"node":{"properties":{"next":{"$ref":"#"}}}}}})";
  EXPECT_EQ(wrong(schema, R"({"next":{"next":{"n":1}}})"), Wrong{});
  // Seen on both ways that lead there.
  EXPECT_FALSE(wrong(schema, R"({"next":{"next":{"n":"x"}}})").empty());
}

TEST(JsonSchema, WhatItDoesNotKnowIsRefusedAndNotPassedBy) {
  EXPECT_EQ(compiled(R"({"prefixItems":[true]})").error().code, "json_schema.keyword");  // Of 2020-12.
  EXPECT_EQ(compiled(R"({"items":{"typo":1}})").error().code, "json_schema.keyword");
  EXPECT_EQ(compiled(R"({"$ref":"#/$defs/nowhere"})").error().code, "json_schema.reference");
  EXPECT_EQ(compiled(R"({"$ref":"https://example.com/other.json"})").error().code, "json_schema.reference");
  EXPECT_EQ(compiled(R"~({"pattern":"(?=a)"})~").error().code, "pattern.unsupported");
  EXPECT_EQ(compiled("[]").error().code, "json_schema.malformed");
}

TEST(JsonSchema, ASchemaThatRefersToItselfEnds) { EXPECT_EQ(wrong(R"({"$ref":"#"})", "1"), Wrong{" $ref"}); }

TEST(JsonSchema, ViolationsAreBounded) {
  std::string many = "[";
  for (std::size_t i = 0; i < 10 * kViolationsMax; ++i) many += "1,";
  EXPECT_EQ(wrong(R"({"items":{"type":"string"}})", many + "1]").size(), kViolationsMax);
}

}  // namespace
}  // namespace weft::json_schema
