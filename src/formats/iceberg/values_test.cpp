#include "formats/iceberg/values.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"

namespace weft::iceberg {
namespace {

// The bytes in hexadecimal; "none" for nothing, "invalid" when refused.
std::string hex(const std::string& type, const std::string& value) {
  const auto bytes = to_bytes(type, *json::parse(value));
  if (!bytes) {
    EXPECT_EQ(bytes.error().kind, ErrorKind::invalid);
    EXPECT_EQ(bytes.error().code, "iceberg.value");
    return "invalid";
  }
  return *bytes ? text::hex(**bytes) : "none";
}

// Table spec, appendix D, «Binary single-value serialization».
TEST(IcebergValues, AreTheBytesOfTheSpecification) {
  for (const auto& [type, value, expected] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"boolean", "true", "01"},
           {"boolean", "false", "00"},
           {"int", "34", "22000000"},
           {"int", "-1", "ffffffff"},
           {"int", "2147483647", "ffffff7f"},
           {"int", "-2147483648", "00000080"},
           {"long", "34", "2200000000000000"},
           {"long", "-9223372036854775808", "0000000000000080"},
           {"float", "-4.5", "000090c0"},
           {"double", "6.0", "0000000000001840"},
           {"double", "6", "0000000000001840"},
           {"date", "\"2017-11-16\"", "4e440000"},
           {"date", "\"1969-12-31\"", "ffffffff"},
           {"time", "\"22:31:08.000001\"", "018307e012000000"},
           {"timestamp", "\"1970-01-01T00:00:00.000001\"", "0100000000000000"},
           {"timestamptz", "\"1970-01-01T01:00:00+01:00\"", "0000000000000000"},
           {"timestamptz", "\"1969-12-31T23:59:59.999999Z\"", "ffffffffffffffff"},
           {"string", "\"iceberg\"", "69636562657267"},
           {"string", "\"\"", ""},
           {"uuid", "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\"", "f79c3e09677c4bbda4793f349cb785e7"},
           {"fixed[3]", "\"000102\"", "000102"},
           {"binary", "\"00ff\"", "00ff"},
           {"decimal(9, 2)", "\"14.20\"", "058c"},
           {"decimal(9, 2)", "\"-0.01\"", "ff"},
           {"decimal(9, 2)", "\"1.28\"", "0080"},
           {"decimal(9, 2)", "\"-1.28\"", "80"},
           {"decimal(9, 2)", "\"0\"", "00"},
           {"decimal(9, 2)", "3", "012c"},
           {"decimal(38, 0)", "\"99999999999999999999999999999999999999\"", "4b3b4ca85a86c47a098a223fffffffff"},
           {"decimal(38, 0)", "\"-99999999999999999999999999999999999999\"", "b4c4b357a5793b85f675ddc000000001"},
           {"string", "null", "none"}})
    EXPECT_EQ(hex(type, value), expected) << type << " " << value;
  EXPECT_FALSE(to_bytes(*json::parse(R"({"type":"list","element":"int"})"), json::Array{})->has_value());
}

TEST(IcebergValues, WhatIsNoValueOfTheTypeIsRefused) {
  for (const auto& [type, value] : std::vector<std::pair<std::string, std::string>>{
           {"boolean", "1"},
           {"int", "\"1\""},
           {"int", "1.5"},
           {"int", "2147483648"},
           {"int", "-2147483649"},
           {"int", "true"},
           {"long", "9223372036854775808"},
           {"float", "\"1\""},
           {"date", "\"2017-02-30\""},
           {"date", "\"yesterday\""},
           {"date", "99999999999"},
           {"time", "\"25:00:00\""},
           {"timestamp", "\"2017-02-30T00:00:00\""},
           {"string", "1"},
           {"uuid", "\"f79c\""},
           {"uuid", "\"zz9c3e09-677c-4bbd-a479-3f349cb785e7\""},
           {"fixed[3]", "\"0001\""},
           {"binary", "\"0\""},
           {"decimal(9, 2)", "\"\""},
           {"decimal(9, 2)", "\"-\""},
           {"decimal(9, 2)", "\".\""},
           {"decimal(9, 2)", "\"1.2.3\""},
           {"decimal(9, 2)", "\"1.234\""},
           {"decimal(9, 2)", "\"1e3\""},
           {"decimal(38, 0)", "\"999999999999999999999999999999999999999\""},
           {"decimal(38, 38)", "\"10\""}})
    EXPECT_EQ(hex(type, value), "invalid") << type << " " << value;
}

std::strong_ordering order(const Type& type, const std::string& a, const std::string& b) {
  return compare(type, **to_bytes(type, *json::parse(a)), **to_bytes(type, *json::parse(b)));
}

TEST(IcebergValues, CompareAsTheirTypeDoes) {
  for (const auto& [type, values] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"boolean", {"false", "true"}},
           {"int", {"-2147483648", "-1", "0", "1", "256", "2147483647"}},
           {"long", {"-9223372036854775808", "-1", "0", "4294967296", "9223372036854775807"}},
           {"double", {"-1e300", "-1.5", "0.0", "1e-300", "2.0"}},
           {"float", {"-2.5", "0.0", "0.25"}},
           {"date", {"\"1900-01-01\"", "\"1969-12-31\"", "\"1970-01-01\"", "\"2026-01-01\""}},
           {"timestamp", {"\"1900-01-01T00:00:00\"", "\"2026-01-01T00:00:00\"", "\"2026-01-01T00:00:00.000001\""}},
           {"string", {"\"\"", "\"a\"", "\"aa\"", "\"b\"", "\"z\"", "\"é\"", "\"\\uffff\"", "\"😀\""}},
           {"decimal(38, 2)",
            {"\"-170000000000000.00\"", "\"-1.29\"", "\"-0.01\"", "\"0.00\"", "\"1.27\"", "\"1.28\""}},
           {"uuid",
            {"\"00000000-0000-0000-0000-000000000001\"", "\"7fffffff-ffff-ffff-ffff-ffffffffffff\"",
             "\"80000000-0000-0000-0000-000000000000\""}}}) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      for (std::size_t j = 0; j < values.size(); ++j)
        EXPECT_EQ(order(type, values[i], values[j]), i <=> j) << type << values[i] << values[j];
    }
  }
}

TEST(IcebergValues, BoundsFromBeforeAColumnWasWidenedStillCompare) {
  EXPECT_EQ(compare("long", **to_bytes("int", -5), **to_bytes("long", -5)), std::strong_ordering::equal);
  EXPECT_EQ(compare("long", **to_bytes("int", -5), **to_bytes("long", 5'000'000'000)), std::strong_ordering::less);
  EXPECT_EQ(compare("double", **to_bytes("float", 0.5), **to_bytes("double", 0.5)), std::strong_ordering::equal);
}

TEST(IcebergValues, ABoundOfAnyLengthIsCompared) {
  for (const std::string type :
       {"int", "long", "double", "float", "date", "boolean", "uuid", "decimal(9, 2)", "string"}) {
    for (std::size_t size = 0; size < 20; ++size) (void)compare(type, std::string(size, '\xff'), std::string(3, 'x'));
  }
}

TEST(IcebergValues, CutBoundsEncloseTheirValue) {
  std::vector<std::string> values = {"",
                                     "short",
                                     std::string(16, 'a'),
                                     std::string(17, 'a'),
                                     std::string(40, '\x7f'),
                                     std::string(15, 'a') + "\x7f" + "bc"};
  std::string accents, faces, highest;
  for (int i = 0; i < 20; ++i) {
    accents += "é";
    faces += "😀";
    highest += "\xf4\x8f\xbf\xbf";
  }
  for (const auto& each : {accents, faces, highest, "abc" + faces}) values.push_back(each);
  for (const std::string type : {"string", "binary"}) {
    for (const std::string& value : values) {
      const auto lower = lower_bound(type, value), upper = upper_bound(type, value);
      ASSERT_TRUE(lower);
      EXPECT_LE(*lower, value);
      EXPECT_TRUE(!upper || *upper >= value) << value;
      EXPECT_TRUE(type == "binary" || (text::is_valid_utf8(*lower) && text::is_valid_utf8(upper.value_or(""))))
          << value;
    }
  }
  EXPECT_EQ(*upper_bound("string", std::string(17, 'a')), std::string(15, 'a') + "b");
  EXPECT_EQ(*lower_bound("string", accents), accents.substr(0, 32));
  EXPECT_EQ(upper_bound("string", highest), std::nullopt);
  EXPECT_EQ(*upper_bound("binary", std::string(15, 'a') + "\xff\xff"), std::string(14, 'a') + "b");
  EXPECT_EQ(upper_bound("binary", std::string(17, '\xff')), std::nullopt);
  EXPECT_EQ(*upper_bound("uuid", std::string(16, '\xff')), std::string(16, '\xff'));
}

}  // namespace
}  // namespace weft::iceberg
