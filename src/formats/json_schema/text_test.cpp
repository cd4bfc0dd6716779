#include "formats/json_schema/text.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace weft::json_schema {
namespace {

SchemaText parsed(std::string_view text, std::span<const evolution::Import> imports = {}) {
  auto schema = SchemaText::parse(text, imports);
  EXPECT_TRUE(schema) << text << ": " << (schema ? "" : schema.error().message);
  return schema ? *schema : *SchemaText::parse("true");
}

std::string refusal(std::string_view text, std::span<const evolution::Import> imports = {}) {
  const auto schema = SchemaText::parse(text, imports);
  EXPECT_FALSE(schema) << text;
  return schema ? "" : schema.error().code;
}

TEST(JsonSchemaText, CanonicalTextKeepsTheOrderOfKeysAndLosesWhiteSpace) {
  EXPECT_EQ(parsed(" { \"type\" : \"object\",\n\"properties\":{\"b\":{},\"a\": true}, \"x\":1.50 } ").canonical(),
            R"({"type":"object","properties":{"b":{},"a":true},"x":1.5})");
  EXPECT_EQ(parsed(R"({"maximum":123456789012345678901234567890})").canonical(),
            R"({"maximum":123456789012345678901234567890})");
  EXPECT_EQ(parsed(" true ").canonical(), "true");
  EXPECT_EQ(parsed("false").canonical(), "false");
}

TEST(JsonSchemaText, NormalizedTextSortsKeysAndSets) {
  const auto schema = parsed(R"({"type":["string","null"],"required":["b","a"],"enum":["x",1,null],
                                 "dependencies":{"k":["z","y"]},"allOf":[{"required":["d","c"]},true]})");
  EXPECT_EQ(schema.normalized(),
            R"({"allOf":[{"required":["c","d"]},true],"dependencies":{"k":["y","z"]},"enum":["x",1,null],)"
            R"("required":["a","b"],"type":["null","string"]})");
}

TEST(JsonSchemaText, NormalizedTextLeavesDataAsItIs) {
  EXPECT_EQ(parsed(R"({"default":{"required":["b","a"]},"properties":{"required":{"enum":[2,1]}}})").normalized(),
            R"({"default":{"required":["b","a"]},"properties":{"required":{"enum":[1,2]}}})");
  EXPECT_EQ(parsed(R"({"examples":[{"type":["b","a"]}]})").normalized(), R"({"examples":[{"type":["b","a"]}]})");
}

TEST(JsonSchemaText, WhatIsNoSchemaIsMalformed) {
  for (const char* text : {"",
                           "{",
                           "[]",
                           "1",
                           "null",
                           R"("x")",
                           R"({"type":"sting"})",
                           R"({"type":[]})",
                           R"({"minimum":"1"})",
                           R"({"minLength":-1})",
                           R"({"minLength":1.5})",
                           R"({"required":"a"})",
                           R"({"required":[1]})",
                           R"({"properties":[]})",
                           R"({"properties":{"a":1}})",
                           R"({"items":1})",
                           R"({"allOf":[]})",
                           R"({"allOf":{}})",
                           R"({"enum":1})",
                           R"({"multipleOf":0})",
                           R"({"$ref":1})",
                           R"({"pattern":1})",
                           R"({"not":[]})",
                           R"({"a":1,"a":2})",
                           R"({"definitions":[]})",
                           R"({"definitions":{"unused":{"type":1}}})",
                           R"({"exclusiveMinimum":true,"minimum":1})",
                           R"({"$schema":1})"}) {
    EXPECT_EQ(refusal(text), "json_schema.malformed") << text;
  }
}

TEST(JsonSchemaText, ReferencesBeyondTheTextNeedAnImport) {
  for (const char* reference : {"other.json", "https://example.com/a.json", "file:///etc/passwd", "#/definitions/none",
                                "#anchor", "#/type", "http://json-schema.org/draft-07/schema#"}) {
    const std::string text = R"({"type":"object","$defs":{},"$ref":")" + std::string(reference) + "\"}";
    EXPECT_EQ(refusal(text), "json_schema.reference") << text;
  }
  const std::vector<evolution::Import> imports{{.name = "other.json", .text = R"({"$ref":"deep/inner.json#/x"})"},
                                               {.name = "deep/inner.json", .text = R"({"x":{"type":"integer"}})"}};
  const auto schema =
      parsed(R"({"$id":"https://example.com/root.json","properties":{"a":{"$ref":"other.json"}}})", imports);
  const auto validator = schema.validator();
  ASSERT_TRUE(validator);
  EXPECT_TRUE(validator->allows(*json::parse(R"({"a":1})")));
  EXPECT_FALSE(validator->allows(*json::parse(R"({"a":"1"})")));
}

TEST(JsonSchemaText, ASchemaThatNeverEndsIsRefused) {
  for (const char* text : {R"({"$ref":"#"})", R"({"allOf":[{"$ref":"#"}]})", R"({"if":true,"then":{"$ref":"#"}})",
                           R"({"anyOf":[true,{"not":{"$ref":"#/anyOf/1"}}]})", R"({"dependencies":{"a":{"$ref":"#"}}})",
                           R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})"}) {
    EXPECT_EQ(refusal(text), "json_schema.endless") << text;
  }
  parsed(R"({"properties":{"a":{"$ref":"#"}},"items":{"$ref":"#"}})");
  parsed(R"({"$defs":{"a":{"type":"string"}},"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]})");
}

TEST(JsonSchemaText, AnImportThatIsBrokenIsTold) {
  const std::vector<evolution::Import> imports{{.name = "other.json", .text = "{"}};
  EXPECT_EQ(refusal("true", imports), "json_schema.malformed");
}

TEST(JsonSchemaText, ADialectThatNobodyKnowsIsRefused) {
  EXPECT_EQ(refusal(R"({"$schema":"https://example.com/dialect"})"), "json_schema.dialect");
  EXPECT_EQ(refusal(R"({"$schema":"http://json-schema.org/draft-03/schema#"})"), "json_schema.dialect");
}

TEST(JsonSchemaText, PatternsThatCannotRunAreTextsUntilTheyMustRun) {
  const auto schema = parsed(R"~({"pattern":"^(?!x)"})~");
  EXPECT_EQ(schema.validator().error().code, "pattern.unsupported");
  EXPECT_EQ(parsed(R"~({"pattern":"(a{1000}){1000}"})~").validator().error().code, "pattern.malformed");
}

std::string nested(std::size_t levels) {
  std::string text;
  for (std::size_t i = 1; i < levels; ++i) text += R"({"not":)";
  return text + "{}" + std::string(levels - 1, '}');
}

TEST(JsonSchemaText, NestingHasALimit) {
  EXPECT_TRUE(SchemaText::parse(nested(kSchemaDepthMax)));
  EXPECT_EQ(refusal(nested(kSchemaDepthMax + 1)), "json_schema.too_deep");
  EXPECT_EQ(refusal(nested(100'000)), "json_schema.too_deep");
}

TEST(JsonSchemaText, SizeHasALimit) {
  std::string text = R"({"title":")";
  text += std::string(evolution::kSchemaBytesMax - text.size() - 2, 'x') + "\"}";
  EXPECT_TRUE(SchemaText::parse(text));
  EXPECT_EQ(refusal(text + " "), "json_schema.too_large");
}

TEST(JsonSchemaText, PatternsHaveALimit) {
  auto schema = [](std::size_t count) {
    std::string text = R"({"patternProperties":{)";
    for (std::size_t i = 0; i < count; ++i) text += (i > 0 ? ",\"p" : "\"p") + std::to_string(i) + "\":true";
    return text + "}}";
  };
  EXPECT_TRUE(SchemaText::parse(schema(kPatternsMax)));
  EXPECT_EQ(refusal(schema(kPatternsMax + 1)), "json_schema.too_large");
}

TEST(JsonSchemaText, ImportsHaveALimit) {
  std::vector<evolution::Import> imports(evolution::kImportsMax);
  for (std::size_t i = 0; i < imports.size(); ++i) imports[i] = {.name = std::to_string(i), .text = "true"};
  EXPECT_TRUE(SchemaText::parse("true", imports));
  imports.push_back({.name = "one more", .text = "true"});
  EXPECT_EQ(refusal("true", imports), "json_schema.too_large");
}

}  // namespace
}  // namespace weft::json_schema
