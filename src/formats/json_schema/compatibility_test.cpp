#include "formats/json_schema/compatibility.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace weft::json_schema {
namespace {

SchemaText parsed(std::string_view text) {
  auto schema = SchemaText::parse(text);
  EXPECT_TRUE(schema) << text << ": " << (schema ? "" : schema.error().message);
  return schema ? *schema : *SchemaText::parse("true");
}

// "TYPE path" of each difference, joined by commas.
std::string judged(std::string_view reader, std::string_view writer, Policy policy = Policy::strict) {
  std::vector<std::string> all;
  for (const auto& each : differences(parsed(reader), parsed(writer), policy))
    all.push_back(each.type + " " + each.path);
  return text::join(all, ", ");
}

// A change from `before` to `after`: what the new schema finds wrong with old data, and the old one with new data.
struct Change {
  const char *before, *after, *backward, *forward;
};

void expect(std::initializer_list<Change> changes) {
  for (const Change& each : changes) {
    EXPECT_EQ(judged(each.after, each.before), each.backward) << each.before << " -> " << each.after;
    EXPECT_EQ(judged(each.before, each.after), each.forward) << each.after << " -> " << each.before;
    EXPECT_EQ(judged(each.before, each.before), "");
    EXPECT_EQ(judged(each.after, each.after), "");
  }
}

TEST(JsonSchemaCompatibility, TheEmptySchemaReadsAnything) {
  expect({{R"({"type":"string"})", "{}", "", "TYPE_NARROWED #"},
          {R"({"type":"string"})", "true", "", "TYPE_NARROWED #"},
          {R"({"maximum":3})", "{}", "", "MAXIMUM_ADDED #/maximum"},
          {"false", R"({"type":"string"})", "", "TYPE_CHANGED #"},
          {"false", "true", "", "TYPE_CHANGED #"},
          {"{}", "true", "", ""}});
}

TEST(JsonSchemaCompatibility, AnnotationsDoNotCount) {
  expect(
      {{R"({"type":"string"})",
        R"({"$id":"https://example.com/x","title":"t","description":"d","default":"x","format":"uuid","x-own":1,"type":"string"})",
        "", ""}});
}

TEST(JsonSchemaCompatibility, TypesMayWiden) {
  expect({{R"({"type":"integer"})", R"({"type":"number"})", "", "TYPE_NARROWED #"},
          {R"({"type":"string"})", R"({"type":["string","null"]})", "", "TYPE_NARROWED #"},
          {R"({"type":"string"})", R"({"type":"integer"})", "TYPE_CHANGED #", "TYPE_CHANGED #"},
          {R"({"properties":{"a":{"type":"number"}}})", R"({"properties":{"a":{"type":"integer"}}})",
           "TYPE_NARROWED #/properties/a", ""}});
}

TEST(JsonSchemaCompatibility, BoundsOfNumbersMayWiden) {
  expect({{R"({"type":"number","maximum":5})", R"({"type":"number","maximum":6})", "", "MAXIMUM_DECREASED #/maximum"},
          {R"({"type":"number","maximum":5})", R"({"type":"number"})", "", "MAXIMUM_ADDED #/maximum"},
          {R"({"type":"number","minimum":5})", R"({"type":"number","minimum":4})", "", "MINIMUM_INCREASED #/minimum"},
          {R"({"type":"number","minimum":5})", R"({"type":"number"})", "", "MINIMUM_ADDED #/minimum"},
          {R"({"type":"number","exclusiveMaximum":5})", R"({"type":"number","exclusiveMaximum":6})", "",
           "MAXIMUM_EXCLUSIVE_DECREASED #/exclusiveMaximum"},
          {R"({"type":"number","exclusiveMaximum":5})", R"({"type":"number"})", "",
           "MAXIMUM_EXCLUSIVE_ADDED #/exclusiveMaximum"},
          {R"({"type":"number","exclusiveMinimum":5})", R"({"type":"number","exclusiveMinimum":4})", "",
           "MINIMUM_EXCLUSIVE_INCREASED #/exclusiveMinimum"},
          {R"({"type":"number","exclusiveMinimum":5})", R"({"type":"number"})", "",
           "MINIMUM_EXCLUSIVE_ADDED #/exclusiveMinimum"},
          {R"({"type":"number","exclusiveMaximum":5})", R"({"type":"number","maximum":5})", "",
           "MAXIMUM_EXCLUSIVE_ADDED #/exclusiveMaximum"},
          {R"({"type":"string"})", R"({"type":"string","maximum":5})", "", ""}});
}

TEST(JsonSchemaCompatibility, ExclusiveBoundsOfDraft4AreBooleans) {
  const char* open = R"({"$schema":"http://json-schema.org/draft-04/schema#","type":"number","maximum":5})";
  const char* exclusive =
      R"({"$schema":"http://json-schema.org/draft-04/schema#","type":"number","maximum":5,"exclusiveMaximum":true})";
  expect({{exclusive, open, "", "MAXIMUM_EXCLUSIVE_ADDED #/exclusiveMaximum"},
          {exclusive, R"({"type":"number","exclusiveMaximum":5})", "", ""}});
}

TEST(JsonSchemaCompatibility, AMultipleOfMayBecomeADivisor) {
  expect({{R"({"type":"integer","multipleOf":6})", R"({"type":"integer","multipleOf":3})", "",
           "MULTIPLE_OF_EXPANDED #/multipleOf"},
          {R"({"type":"integer","multipleOf":6})", R"({"type":"integer","multipleOf":4})",
           "MULTIPLE_OF_CHANGED #/multipleOf", "MULTIPLE_OF_CHANGED #/multipleOf"},
          {R"({"type":"integer","multipleOf":6})", R"({"type":"integer"})", "", "MULTIPLE_OF_ADDED #/multipleOf"},
          {R"({"type":"number","multipleOf":0.5})", R"({"type":"number","multipleOf":0.1})", "",
           "MULTIPLE_OF_EXPANDED #/multipleOf"}});
}

TEST(JsonSchemaCompatibility, BoundsOfTextsMayWiden) {
  expect({{R"({"type":"string","minLength":2})", R"({"type":"string","minLength":1})", "",
           "MIN_LENGTH_INCREASED #/minLength"},
          {R"({"type":"string","minLength":2})", R"({"type":"string"})", "", "MIN_LENGTH_ADDED #/minLength"},
          {R"({"type":"string","minLength":0})", R"({"type":"string"})", "", ""},
          {R"({"type":"string","maxLength":2})", R"({"type":"string","maxLength":3})", "",
           "MAX_LENGTH_DECREASED #/maxLength"},
          {R"({"type":"string","maxLength":2})", R"({"type":"string"})", "", "MAX_LENGTH_ADDED #/maxLength"},
          {R"({"type":"string","pattern":"a"})", R"({"type":"string"})", "", "PATTERN_ADDED #/pattern"},
          {R"({"type":"string","pattern":"a"})", R"({"type":"string","pattern":"b"})", "PATTERN_CHANGED #/pattern",
           "PATTERN_CHANGED #/pattern"}});
}

TEST(JsonSchemaCompatibility, ValuesMayBeAdded) {
  expect({{R"({"enum":["a"]})", R"({"enum":["a","b"]})", "", "ENUM_ARRAY_NARROWED #/enum"},
          {R"({"enum":["a","b"]})", R"({"enum":["b","c"]})", "ENUM_ARRAY_CHANGED #/enum", "ENUM_ARRAY_CHANGED #/enum"},
          {R"({"type":"string","enum":["a"]})", R"({"type":"string"})", "", "ENUM_ARRAY_NARROWED #/enum"},
          {R"({"const":1})", R"({"enum":[2,1.0]})", "", "ENUM_ARRAY_NARROWED #/const"},
          {R"({"const":1})", R"({"const":2})", "ENUM_ARRAY_CHANGED #/const", "ENUM_ARRAY_CHANGED #/const"},
          {R"({"type":"boolean"})", R"({"enum":[true,false,"maybe"]})", "", "TYPE_NARROWED #"},
          {R"({"enum":["a","b"]})", R"({"type":"string"})", "", "ENUM_ARRAY_NARROWED #/enum"}});
}

TEST(JsonSchemaCompatibility, PropertiesOfAClosedModelMayBeAdded) {
  expect(
      {{R"({"type":"object","properties":{"a":{}},"additionalProperties":false})",
        R"({"type":"object","properties":{"a":{},"b":{"type":"string"}},"additionalProperties":false})", "",
        "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/b"},
       {R"({"type":"object","properties":{"a":{}},"additionalProperties":false})",
        R"({"type":"object","properties":{"a":{},"b":{"type":"string"}},"required":["b"],"additionalProperties":false})",
        "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/b",
        "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/b"},
       {R"({"type":"object","properties":{"a":{}},"additionalProperties":false})",
        R"({"type":"object","properties":{"a":{},"b":{"default":"x"}},"required":["b"],"additionalProperties":false})",
        "", "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/b"},
       {R"({"type":"object","properties":{"a":{}},"additionalProperties":false})",
        R"({"type":"object","properties":{"a":{},"b":false},"additionalProperties":false})", "", ""}});
}

TEST(JsonSchemaCompatibility, PropertiesOfAnOpenModelMayBeRemoved) {
  expect({{R"({"type":"object","properties":{"a":{},"b":{"type":"string"}}})",
           R"({"type":"object","properties":{"a":{}}})", "", "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/b"},
          {R"({"type":"object"})", R"({"type":"object","properties":{"a":{}}})", "", ""},
          {R"({"type":"object"})", R"({"type":"object","properties":{"a":{}},"required":["a"]})",
           "REQUIRED_ATTRIBUTE_ADDED #/required/a", ""}});
}

TEST(JsonSchemaCompatibility, PropertiesOfAPartiallyOpenModelMustBeCovered) {
  const char* texts = R"({"type":"object","additionalProperties":{"type":"string"}})";
  expect(
      {{texts,
        R"({"type":"object","properties":{"a":{"type":["string","null"]}},"additionalProperties":{"type":"string"}})",
        "", "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a"},
       {texts, R"({"type":"object","properties":{"bar":{"type":"number"}},"additionalProperties":{"type":"string"}})",
        "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/bar",
        "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/bar"},
       {texts,
        R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":{"type":"string"}})",
        "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a", ""},
       {R"({"type":"object","patternProperties":{"^I_":{"type":"integer"}},"additionalProperties":false})",
        R"({"type":"object","properties":{"I_123":{"type":"number"}},"patternProperties":{"^I_":{"type":"integer"}},"additionalProperties":false})",
        "", "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/I_123"}});
}

TEST(JsonSchemaCompatibility, PatternsOfNamesAreComparedAsProperties) {
  expect(
      {{R"({"type":"object","patternProperties":{"^I_":{"type":"integer"}}})",
        R"({"type":"object","patternProperties":{"^I_":{"type":"number"}}})", "",
        "TYPE_NARROWED #/patternProperties/^I_"},
       {R"({"type":"object"})", R"({"type":"object","patternProperties":{"^I_":{"type":"number"}}})",
        "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/patternProperties/^I_", ""},
       {R"({"type":"object","additionalProperties":false})",
        R"({"type":"object","patternProperties":{"^I_":{"type":"number"}},"additionalProperties":false})", "",
        "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/patternProperties/^I_"},
       {R"({"type":"object","properties":{"I_1":{"type":"string"}},"additionalProperties":false})",
        R"({"type":"object","properties":{"I_1":{"type":"string"}},"patternProperties":{"^I_":{"type":"number"}},"additionalProperties":false})",
        "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/I_1",
        "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/patternProperties/^I_"}});
}

TEST(JsonSchemaCompatibility, AdditionalPropertiesMayWiden) {
  expect(
      {{R"({"type":"object","additionalProperties":false})", R"({"type":"object"})", "",
        "ADDITIONAL_PROPERTIES_REMOVED #/additionalProperties"},
       {R"({"type":"object","additionalProperties":false})", R"({"type":"object","additionalProperties":true})", "",
        "ADDITIONAL_PROPERTIES_REMOVED #/additionalProperties"},
       {R"({"type":"object","additionalProperties":{"type":"string"}})", R"({"type":"object"})", "",
        "ADDITIONAL_PROPERTIES_NARROWED #/additionalProperties"},
       {R"({"type":"object","additionalProperties":{"type":"integer"}})",
        R"({"type":"object","additionalProperties":{"type":"number"}})", "", "TYPE_NARROWED #/additionalProperties"}});
}

TEST(JsonSchemaCompatibility, WhatIsRequiredMayBecomeOptional) {
  expect(
      {{R"({"type":"object","properties":{"a":{}},"required":["a"]})", R"({"type":"object","properties":{"a":{}}})", "",
        "REQUIRED_ATTRIBUTE_ADDED #/required/a"},
       {R"({"type":"object","properties":{"a":{"default":1}},"required":["a"]})",
        R"({"type":"object","properties":{"a":{}}})", "", ""},
       {R"({"type":"object","minProperties":2})", R"({"type":"object","minProperties":1})", "",
        "MIN_PROPERTIES_INCREASED #/minProperties"},
       {R"({"type":"object","minProperties":2})", R"({"type":"object"})", "", "MIN_PROPERTIES_ADDED #/minProperties"},
       {R"({"type":"object","maxProperties":2})", R"({"type":"object","maxProperties":3})", "",
        "MAX_PROPERTIES_DECREASED #/maxProperties"},
       {R"({"type":"object","maxProperties":2})", R"({"type":"object"})", "", "MAX_PROPERTIES_ADDED #/maxProperties"}});
}

TEST(JsonSchemaCompatibility, DependenciesMayBeRemoved) {
  expect(
      {{R"({"type":"object","dependencies":{"a":["b"]}})", R"({"type":"object"})", "",
        "DEPENDENCY_ARRAY_ADDED #/dependencies/a"},
       {R"({"type":"object","dependencies":{"a":["b","c"]}})", R"({"type":"object","dependencies":{"a":["b"]}})", "",
        "DEPENDENCY_ARRAY_EXTENDED #/dependencies/a"},
       {R"({"type":"object","dependencies":{"a":["b","c"]}})", R"({"type":"object","dependencies":{"a":["b","d"]}})",
        "DEPENDENCY_ARRAY_CHANGED #/dependencies/a", "DEPENDENCY_ARRAY_CHANGED #/dependencies/a"},
       {R"({"type":"object","dependencies":{"a":{"minProperties":2}}})", R"({"type":"object"})", "",
        "DEPENDENCY_SCHEMA_ADDED #/dependencies/a"},
       {R"({"type":"object","dependencies":{"a":{"minProperties":2}}})",
        R"({"type":"object","dependencies":{"a":{"minProperties":1}}})", "",
        "MIN_PROPERTIES_INCREASED #/dependencies/a/minProperties"},
       {R"({"type":"object","dependencies":{"a":["b"]}})",
        R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","dependentRequired":{"a":["b"]}})",
        "", ""}});
}

TEST(JsonSchemaCompatibility, ListsMayWiden) {
  expect(
      {{R"({"type":"array","items":{"type":"integer"}})", R"({"type":"array","items":{"type":"number"}})", "",
        "TYPE_NARROWED #/items"},
       {R"({"type":"array","items":{"type":"integer"}})", R"({"type":"array"})", "", "SCHEMA_ADDED #/items"},
       {R"({"type":"array","minItems":2})", R"({"type":"array","minItems":1})", "", "MIN_ITEMS_INCREASED #/minItems"},
       {R"({"type":"array","minItems":2})", R"({"type":"array"})", "", "MIN_ITEMS_ADDED #/minItems"},
       {R"({"type":"array","maxItems":2})", R"({"type":"array","maxItems":3})", "", "MAX_ITEMS_DECREASED #/maxItems"},
       {R"({"type":"array","maxItems":2})", R"({"type":"array"})", "", "MAX_ITEMS_ADDED #/maxItems"},
       {R"({"type":"array","uniqueItems":true})", R"({"type":"array"})", "", "UNIQUE_ITEMS_ADDED #/uniqueItems"}});
}

TEST(JsonSchemaCompatibility, TuplesFollowTheRulesOfProperties) {
  expect(
      {{R"({"type":"array","items":[{"type":"integer"}],"additionalItems":false})",
        R"({"type":"array","items":[{"type":"integer"},{"type":"string"}],"additionalItems":false})", "",
        "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL #/items/1"},
       {R"({"type":"array","items":[{"type":"integer"},{"type":"string"}]})",
        R"({"type":"array","items":[{"type":"integer"}]})", "", "ITEM_ADDED_TO_OPEN_CONTENT_MODEL #/items/1"},
       {R"({"type":"array","items":[{}],"additionalItems":{"type":"string"}})",
        R"({"type":"array","items":[{},{"type":["string","null"]}],"additionalItems":{"type":"string"}})", "",
        "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1"},
       {R"({"type":"array","items":[{}],"additionalItems":{"type":"string"}})",
        R"({"type":"array","items":[{},{"type":"number"}],"additionalItems":{"type":"string"}})",
        "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1",
        "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1"},
       {R"({"type":"array","items":[{}],"additionalItems":false})", R"({"type":"array","items":[{}]})", "",
        "ADDITIONAL_ITEMS_REMOVED #/additionalItems"},
       {R"({"type":"array","items":[{}],"additionalItems":{"type":"string"}})", R"({"type":"array","items":[{}]})", "",
        "ADDITIONAL_ITEMS_NARROWED #/additionalItems"},
       {R"({"type":"array","items":[{"type":"integer"}],"additionalItems":false})",
        R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"array","prefixItems":[{"type":"integer"}],"items":false})",
        "", ""}});
}

TEST(JsonSchemaCompatibility, AlternativesMayBeAdded) {
  expect({{R"({"oneOf":[{"type":"string"}]})", R"({"oneOf":[{"type":"string"},{"type":"number"}]})", "",
           "SUM_TYPE_NARROWED #"},
          {R"({"oneOf":[{"type":"string"},{"type":"null"}]})",
           R"({"oneOf":[{"type":"string"},{"type":"number"},{"type":"null"}]})", "", "SUM_TYPE_NARROWED #/oneOf"},
          {R"({"anyOf":[{"type":"string"},{"type":"null"}]})", R"({"anyOf":[{"type":"string"},{"type":"number"}]})",
           "COMBINED_TYPE_SUBSCHEMAS_CHANGED #/anyOf", "COMBINED_TYPE_SUBSCHEMAS_CHANGED #/anyOf"},
          {R"({"type":"string"})", R"({"oneOf":[{"type":"number"},{"type":"string"}]})", "", "SUM_TYPE_NARROWED #"},
          {R"({"type":["string","null"]})", R"({"anyOf":[{"type":"null"},{"type":"string"}]})", "", ""},
          {R"({"oneOf":[{"type":"string"}]})", R"({"allOf":[{"type":"string"}]})", "", ""},
          {R"({"oneOf":[{"type":"string"}]})", R"({"type":"string"})", "", ""},
          {R"({"oneOf":[{"type":"string"},{"type":"number"}]})", R"({"anyOf":[{"type":"string"},{"type":"number"}]})",
           "", "COMBINED_TYPE_CHANGED #/oneOf"}});
}

TEST(JsonSchemaCompatibility, AlternativesAreMatchedWithOneEach) {
  // Taken as they come, the branch up to 10 would go to 5, and none would be left for 9.
  const char* before = R"({"anyOf":[{"type":"number","maximum":5},{"type":"number","maximum":9},{"type":"null"}]})";
  EXPECT_EQ(
      judged(R"({"anyOf":[{"type":"number","maximum":10},{"type":"number","maximum":6},{"type":"null"}]})", before),
      "");
  EXPECT_EQ(
      judged(R"({"anyOf":[{"type":"number","maximum":10},{"type":"number","maximum":4},{"type":"null"}]})", before),
      "COMBINED_TYPE_SUBSCHEMAS_CHANGED #/anyOf");
}

TEST(JsonSchemaCompatibility, ANewAlternativeMayNotTakeWhatAnOldOneTook) {
  const char* before = R"({"oneOf":[{"type":"integer"},{"type":"string"}]})";
  const char* after = R"({"oneOf":[{"type":"integer"},{"type":"string"},{"type":"number"}]})";
  EXPECT_EQ(judged(after, before), "COMBINED_TYPE_SUBSCHEMAS_CHANGED #/oneOf");
  EXPECT_EQ(judged(after, before, Policy::lenient), "");
}

TEST(JsonSchemaCompatibility, DemandsMayBeDropped) {
  expect({{R"({"allOf":[{"type":"number"},{"maximum":5}]})", R"({"allOf":[{"type":"number"}]})", "",
           "PRODUCT_TYPE_EXTENDED #"},
          {R"({"allOf":[{"type":"number"},{"maximum":5},{"minimum":1}]})",
           R"({"allOf":[{"type":"number"},{"maximum":5}]})", "", "PRODUCT_TYPE_EXTENDED #"},
          {R"({"allOf":[{"type":"number"},{"maximum":5}]})", R"({"allOf":[{"type":"number"},{"maximum":4}]})",
           "COMBINED_TYPE_SUBSCHEMAS_CHANGED #", ""},
          {R"({"type":"number","maximum":5})", R"({"allOf":[{"type":"number"},{"maximum":5}]})", "", ""}});
}

TEST(JsonSchemaCompatibility, NegationsTurnTheRuleRound) {
  expect({{R"({"not":{"type":"number"}})", R"({"not":{"type":"integer"}})", "", "NOT_TYPE_EXTENDED #/not"},
          {R"({"not":{"type":"number"}})", "{}", "", "NOT_TYPE_EXTENDED #/not"},
          {R"({"type":"string","not":{"type":"number"}})", R"({"type":"string"})", "", ""}});
}

TEST(JsonSchemaCompatibility, ReferencesAreWhatTheyReferTo) {
  expect({{R"({"definitions":{"n":{"type":"integer"}},"properties":{"a":{"$ref":"#/definitions/n"}}})",
           R"({"properties":{"a":{"type":"integer"}}})", "", ""},
          {R"({"definitions":{"n":{"type":"integer"}},"properties":{"a":{"$ref":"#/definitions/n"}}})",
           R"({"definitions":{"n":{"type":"number"}},"properties":{"a":{"$ref":"#/definitions/n"}}})", "",
           "TYPE_NARROWED #/properties/a"}});
}

TEST(JsonSchemaCompatibility, SchemasMayReferToThemselves) {
  const char* list = R"({"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#"}}})";
  const char* wider = R"({"type":"object","properties":{"v":{"type":"number"},"next":{"$ref":"#"}}})";
  const char* twice =
      R"({"type":"object","properties":{"v":{"type":"integer"},"next":{"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#"}}}}})";
  expect({{list, wider, "", "TYPE_NARROWED #/properties/v"}, {list, twice, "", ""}});
}

TEST(JsonSchemaCompatibility, WhatTheRegistryOfOldDoesNotJudgeIsJudgedUnlessLenient) {
  expect(
      {{R"({"type":"array","contains":{"type":"integer"}})", R"({"type":"array","contains":{"type":"number"}})", "",
        "CONTAINS_CHANGED #/contains"},
       {R"({"type":"array","contains":{"type":"integer"}})", R"({"type":"array"})", "", "CONTAINS_ADDED #/contains"},
       {R"({"type":"object","propertyNames":{"maxLength":3}})", R"({"type":"object"})", "",
        "PROPERTY_NAMES_ADDED #/propertyNames"},
       {R"({"type":"object","propertyNames":{"maxLength":3}})", R"({"type":"object","propertyNames":{"maxLength":4}})",
        "", "MAX_LENGTH_DECREASED #/propertyNames/maxLength"},
       {R"({"if":{"type":"string"},"then":{"maxLength":3}})", R"({"if":{"type":"string"},"then":{"maxLength":4}})", "",
        "CONDITION_CHANGED #/if"},
       {R"({"if":{"type":"string"},"then":{"maxLength":3}})", "{}", "", "CONDITION_ADDED #/if"}});
  EXPECT_EQ(judged(R"({"type":"array","contains":{"type":"integer"}})", R"({"type":"array"})", Policy::lenient), "");
  EXPECT_EQ(judged(R"({"if":{"type":"string"},"then":{"maxLength":3}})", "{}", Policy::lenient), "");
}

TEST(JsonSchemaCompatibility, UnevaluatedMembersCountAsAdditionalOnesWhenNothingElseLooksAtThem) {
  const std::string draft = R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",)";
  const std::string before = draft + R"("properties":{"a":{}},"unevaluatedProperties":false})";
  const std::string after = draft + R"("properties":{"a":{},"b":{"type":"string"}},"unevaluatedProperties":false})";
  EXPECT_EQ(judged(after, before), "");
  EXPECT_EQ(judged(before, after), "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/b");
  const std::string combined = draft + R"("allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false})";
  const std::string titled = draft + R"("title":"t","allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false})";
  EXPECT_EQ(judged(combined, combined), "");
  EXPECT_EQ(judged(titled, combined), "ADDITIONAL_PROPERTIES_NARROWED #/unevaluatedProperties");
}

TEST(JsonSchemaCompatibility, LenientTakesNoMemberForGivenThatNobodyNamed) {
  const char* before = R"({"type":"object","properties":{"a":{}}})";
  const char* after = R"({"type":"object","properties":{"a":{},"b":{"type":"string"}}})";
  EXPECT_EQ(judged(after, before, Policy::lenient), "");
  EXPECT_EQ(
      judged(R"({"type":"object","properties":{"b":{"type":"string"}},"required":["b"]})", before, Policy::lenient),
      "REQUIRED_ATTRIBUTE_ADDED #/required/b");
}

TEST(JsonSchemaCompatibility, PathsAreEscaped) {
  EXPECT_EQ(judged(R"({"properties":{"a/b~":{"maximum":1}}})", R"({"properties":{"a/b~":{}}})"),
            "MAXIMUM_ADDED #/properties/a~1b~0/maximum");
  EXPECT_EQ(judged(R"({"properties":{"":{"maximum":1}}})", R"({"properties":{"":{}}})"),
            "MAXIMUM_ADDED #/properties//maximum");
}

TEST(JsonSchemaCompatibility, ADifferenceNamesThePathAndBothSides) {
  const auto all = differences(parsed(R"({"maximum":1})"), parsed("{}"), Policy::strict);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].description, "the new schema has a maximum at '#/maximum', the old schema has none");
  const auto other =
      differences(parsed(R"({"maximum":1})"), parsed("{}"), Policy::strict, {.reader = "old", .writer = "new"});
  EXPECT_EQ(other[0].description, "the old schema has a maximum at '#/maximum', the new schema has none");
}

TEST(JsonSchemaCompatibility, DifferencesAreBounded) {
  std::string before = R"({"properties":{)", after = before;
  for (int i = 0; i < 300; ++i) {
    const std::string name = (i > 0 ? ",\"p" : "\"p") + std::to_string(i);
    before += name + R"(":{"type":"string"})";
    after += name + R"(":{"type":"number"})";
  }
  EXPECT_EQ(differences(parsed(after + "}}"), parsed(before + "}}"), Policy::strict).size(),
            evolution::kDifferencesMax);
}

TEST(JsonSchemaCompatibility, WhatTakesTooLongToJudgeIsADifference) {
  // Two cycles of lengths that share no factor: their pairs are all different, and stand within each other.
  auto cycle = [](int length) {
    std::string text = R"({"$ref":"#/definitions/d0","definitions":{)";
    for (int i = 0; i < length; ++i) {
      text += (i > 0 ? ",\"d" : "\"d") + std::to_string(i) +
              R"(":{"type":"object","properties":{"p":{"$ref":"#/definitions/d)" + std::to_string((i + 1) % length) +
              "\"}}}";
    }
    return text + "}}";
  };
  EXPECT_EQ(judged(cycle(15), cycle(16)), "");
  EXPECT_EQ(judged(cycle(31), cycle(32)), "COMPARISON_LIMIT_REACHED #");
  std::string many = R"({"anyOf":[)";
  for (std::size_t i = 0; i <= kBranchesMax; ++i) many += R"({"const":)" + std::to_string(i) + "},";
  EXPECT_EQ(judged(many + R"({"const":-1}]})", many + R"({"const":-2}]})"), "COMPARISON_LIMIT_REACHED #");
}

}  // namespace
}  // namespace weft::json_schema
