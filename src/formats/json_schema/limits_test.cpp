#include <gtest/gtest.h>

#include "base/json.h"
#include "formats/json_schema/json_schema.h"

namespace weft::json_schema {
namespace {

Schema compiled(std::string_view text, const Options& options = {}) {
  auto schema = Schema::compile(*json::parse(text, {.depth_max = 2000}), options);
  EXPECT_TRUE(schema) << text.substr(0, 200) << ": " << (schema ? "" : schema.error().message);
  return *schema;
}

json::Value nested(std::size_t levels) {
  json::Value value;
  for (std::size_t i = 0; i < levels; ++i) value = json::Array{std::move(value)};
  return value;
}

TEST(JsonSchemaLimits, ValuesMayNestAsDeepAsSchemasWithinSchemasAreAllowed) {
  const auto schema = compiled(R"({"items":{"$ref":"#"}})");
  // Each level takes two schemas, the innermost is the value null.
  EXPECT_TRUE(schema.allows(nested(kNestingMax / 2 - 1)));
  EXPECT_FALSE(schema.allows(nested(kNestingMax)));
  const auto found = schema.check(nested(kNestingMax));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].keyword, "$ref");
  EXPECT_EQ(found[0].message, "the document nests too deep");
}

TEST(JsonSchemaLimits, AnEndlessSchemaAllowsNothingEvenWhenItIsNegated) {
  EXPECT_FALSE(compiled(R"({"not":{"$ref":"#"}})").allows(json::Value(1)));
  EXPECT_FALSE(compiled(R"({"not":{"not":{"$ref":"#"}}})").allows(json::Value(1)));
  EXPECT_FALSE(compiled(R"({"anyOf":[{"$ref":"#"},true]})").allows(json::Value(1)));
  EXPECT_EQ(compiled(R"({"not":{"$ref":"#"}})").check(json::Value(1)).size(), 1U);
}

TEST(JsonSchemaLimits, StepsAreBounded) {
  // Every definition applies the next one twice.
  auto doubling = [](int levels) {
    std::string text = R"({"$ref":"#/definitions/d0","definitions":{)";
    for (int i = 0; i < levels; ++i) {
      const std::string next = R"({"$ref":"#/definitions/d)" + std::to_string(i + 1) + "\"}";
      text += "\"d" + std::to_string(i) + R"(":{"allOf":[)" + next + "," + next + "]},";
    }
    return text + "\"d" + std::to_string(levels) + R"(":{"type":"integer"}}})";
  };
  EXPECT_TRUE(compiled(doubling(18)).allows(json::Value(1)));
  const auto schema = compiled(doubling(60));
  EXPECT_FALSE(schema.allows(json::Value(1)));
  EXPECT_EQ(schema.check(json::Value(1)).at(0).message, "this takes too many steps to check");
}

TEST(JsonSchemaLimits, DocumentsMayNestAsDeepAsTheyAreRead) {
  auto schema = [](std::size_t levels) {
    json::Value document = json::Object{};
    for (std::size_t i = 1; i < levels; ++i) document = json::Object{{"not", std::move(document)}};
    return document;
  };
  EXPECT_TRUE(Schema::compile(schema(kSchemaDepthMax)));
  EXPECT_EQ(Schema::compile(schema(kSchemaDepthMax + 1)).error().code, "json_schema.too_deep");
}

TEST(JsonSchemaLimits, SchemasOfADocumentAreBounded) {
  const json::Array many(kSchemasMax, json::Value(true));
  EXPECT_EQ(Schema::compile(json::Object{{"allOf", many}}).error().code, "json_schema.too_large");
  const json::Array fewer(kSchemasMax - 1, json::Value(true));
  EXPECT_TRUE(Schema::compile(json::Object{{"allOf", fewer}}));
}

TEST(JsonSchemaLimits, ManyItemsAreUniqueInNoTimeToSpeakOf) {
  json::Array items;
  for (int i = 0; i < 100'000; ++i) items.push_back(json::Object{{"n", i}});
  const auto schema = compiled(R"({"uniqueItems":true})");
  EXPECT_TRUE(schema.allows(items));
  items.push_back(json::Object{{"n", 99'999.0}});
  EXPECT_FALSE(schema.allows(items));
}

TEST(JsonSchemaLimits, AMegabyteOfSchemaIsCompiledAtOnce) {
  std::string references = R"({"definitions":{"a":{"type":"integer"}},"anyOf":[)";
  while (references.size() < 1'000'000) references += R"({"$ref":"#/definitions/a"},)";
  compiled(references + "true]}");
  std::string anchors = R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$defs":{)";
  for (int i = 0; anchors.size() < 1'000'000; ++i) {
    anchors += "\"d" + std::to_string(i) + R"(":{"$id":"u)" + std::to_string(i) +
               R"(","$dynamicAnchor":"x","items":{"$dynamicRef":"#x"}},)";
  }
  compiled(anchors + R"("last":true}})");
}

TEST(JsonSchemaLimits, NumbersAreComparedExactlyWhateverTheirSize) {
  const auto next_to = [](const char* bound, const char* value) {
    return compiled(std::string(R"({"maximum":)") + bound + "}").allows(*json::parse(value));
  };
  EXPECT_TRUE(next_to("9007199254740993", "9007199254740993"));
  EXPECT_FALSE(next_to("9007199254740992", "9007199254740993"));
  EXPECT_FALSE(next_to("123456789012345678901234567890", "123456789012345678901234567891"));
  EXPECT_TRUE(next_to("123456789012345678901234567890", "1.2345678901234567890123456789e29"));
  EXPECT_FALSE(next_to("1e400", "1.1e400"));
  EXPECT_TRUE(next_to("-1e400", "-1.1e400"));
  EXPECT_TRUE(next_to("0", "-0.0"));
  EXPECT_FALSE(next_to("0", "1e-400"));
  EXPECT_FALSE(compiled(R"({"enum":[9007199254740992]})").allows(*json::parse("9007199254740993")));
  EXPECT_TRUE(compiled(R"({"uniqueItems":true})").allows(*json::parse("[9007199254740992,9007199254740993]")));
  EXPECT_FALSE(compiled(R"({"uniqueItems":true})").allows(*json::parse(R"([{"a":1},{"a":1.0}])")));
}

TEST(JsonSchemaLimits, MultiplesAreThoseOfDecimals) {
  const auto divides = [](const char* step, const char* value) {
    return compiled(std::string(R"({"multipleOf":)") + step + "}").allows(*json::parse(value));
  };
  EXPECT_TRUE(divides("0.1", "0.3"));
  EXPECT_TRUE(divides("0.01", "1.15"));
  EXPECT_TRUE(divides("0.0001", "0.0075"));
  EXPECT_FALSE(divides("0.01", "1.155"));
  EXPECT_FALSE(divides("0.123456789", "1e308"));
  EXPECT_TRUE(divides("5", "12345678901234567890123456785"));
  EXPECT_FALSE(divides("5", "12345678901234567890123456784"));
  EXPECT_TRUE(divides("1e-8", "12391239123"));
  EXPECT_TRUE(divides("3", "-9"));
  EXPECT_TRUE(divides("3", "0"));
  EXPECT_TRUE(divides("123456789012345678901234567890", "1234567890123456789012345678900"));
}

TEST(JsonSchemaLimits, PatternsOfTheSpecificationAreTranslated) {
  const auto matches = [](const char* pattern, const char* text) {
    return compiled(json::write(json::Object{{"pattern", pattern}})).allows(json::Value(text));
  };
  EXPECT_TRUE(matches(R"(^\u0041$)", "A"));
  EXPECT_TRUE(matches(R"(^[\u0041-\u0043]+$)", "ABC"));
  EXPECT_TRUE(matches(R"(^\uD83D\uDE00$)", "\xF0\x9F\x98\x80"));
  EXPECT_TRUE(matches(R"(^\u{1F600}$)", "\xF0\x9F\x98\x80"));
  EXPECT_TRUE(matches(R"(^(?<year>\d{4})$)", "2026"));
  EXPECT_TRUE(matches(R"(^\p{Letter}+\s$)", "äb\xC2\xA0"));
  EXPECT_TRUE(matches(R"(^[[a]$)", "["));
  EXPECT_TRUE(matches(R"(^\cJ$)", "\n"));
  EXPECT_FALSE(matches(R"(^a$)", "a\n"));
  for (const char* broken : {R"(\)", R"([)", R"(\p{)", R"(\p{Nothing})", R"((?<x)", R"(\u{)", R"(a{1001})"})
    EXPECT_FALSE(Schema::compile(json::Object{{"pattern", broken}})) << broken;
}

}  // namespace
}  // namespace weft::json_schema
