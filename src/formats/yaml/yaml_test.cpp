#include "formats/yaml/yaml.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace weft::yaml {
namespace {

std::string value_of(std::string_view text) {
  const Stream stream = read(text);
  if (!stream.problems.empty()) return stream.problems[0].code;
  return stream.documents.size() == 1 ? json::write(stream.documents[0].value)
                                      : "documents: " + std::to_string(stream.documents.size());
}

TEST(Yaml, NorwayAndDatesStayTexts) {
  EXPECT_EQ(value_of("[no, NO, yes, on, off, y, 2026-01-01, 12:30:45, 1_000]"),
            R"(["no","NO","yes","on","off","y","2026-01-01","12:30:45","1_000"])");
}

TEST(Yaml, CoreSchemaScalarsHaveTheirTypes) {
  EXPECT_EQ(value_of("[true, False, null, ~, 012, 0o17, 0x1F, +3, -4, 1.5, 1e3, .5, '1', \"true\"]"),
            R"([true,false,null,null,12,15,31,3,-4,1.5,1000.0,0.5,"1","true"])");
  EXPECT_EQ(value_of("a: 123456789012345678901234567890"), R"({"a":123456789012345678901234567890})");
}

TEST(Yaml, WhatCouldSurpriseIsRefusedByName) {
  EXPECT_EQ(value_of("a: 1\na: 2\n"), "yaml.duplicate_key");
  EXPECT_EQ(value_of("a:\n\tb: 1\n"), "yaml.tab");
  EXPECT_EQ(value_of("a: .nan"), "yaml.number");
  EXPECT_EQ(value_of("a: &x {b: 1}\nc:\n  <<: *x\n"), "yaml.merge_key");
  EXPECT_EQ(value_of("a: !python/object x"), "yaml.tag");
  EXPECT_EQ(value_of(std::string_view("a: \0", 4)), "yaml.nul");
  EXPECT_EQ(value_of("a: \xff"), "yaml.invalid_utf8");
  EXPECT_EQ(value_of("? [1]\n: 2\n"), "yaml.key");
  EXPECT_EQ(value_of("a: [1, 2"), "yaml.syntax");
  EXPECT_EQ(value_of("a: &x [*x]"), "yaml.alias");
}

TEST(Yaml, AliasesThatExplodeAreRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += std::string(k > 0 ? ", " : "") + "*a" + std::to_string(i - 1);
    text += "]\n";
  }
  EXPECT_EQ(value_of(text), "yaml.too_many_nodes");
}

TEST(Yaml, DepthAndSizeAreLimited) {
  EXPECT_EQ(value_of(std::string(100'000, '[')), "yaml.too_deep");
  std::string nested;
  for (int i = 0; i < 2000; ++i) nested += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(value_of(nested), "yaml.too_deep");
  EXPECT_EQ(value_of(std::string(kBytesMax + 1, 'x')), "yaml.too_large");
}

TEST(Yaml, EachDocumentKnowsItsPlaces) {
  const Stream stream = read("# first\na: 1\n---\nb:\n  - c: 2\n    d: 3\n---\n{e: 4}\n");
  ASSERT_TRUE(stream.problems.empty()) << stream.problems[0].message;
  ASSERT_EQ(stream.documents.size(), 3U);
  EXPECT_EQ(stream.documents[1].place("/b/0/d").line, 6);
  EXPECT_EQ(stream.documents[1].place("/b/0/d").column, 5);
  EXPECT_EQ(stream.documents[1].place("/b/9/x").line, 4);
  EXPECT_EQ(stream.documents[2].place("/e").line, 8);
}

TEST(Yaml, AllBrokenDocumentsAreReported) {
  const Stream stream = read("a: 1\na: 2\n---\nb: 1\n---\nc: 1\nc: 2\n");
  EXPECT_EQ(stream.problems.size(), 2U);
  EXPECT_EQ(stream.documents.size(), 1U);
  EXPECT_EQ(stream.problems[1].place.line, 7);
}

}  // namespace
}  // namespace weft::yaml
