#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace weft::text {
namespace {

TEST(Text, Utf8IsWhatRfc3629SaysItIs) {
  for (const char* good : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "12345678\xc3\xa4", "1234567\xc3\xa4"})
    EXPECT_TRUE(is_valid_utf8(good)) << hex(good);
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xff", "\xc3\xa4\xa4"})
    EXPECT_FALSE(is_valid_utf8(bad)) << hex(bad);
  EXPECT_TRUE(is_valid_utf8(std::string_view("a\0b", 3)));
}

TEST(Text, WhatIsNoUtf8IsReplacedByteByByte) {
  EXPECT_EQ(to_valid_utf8("aä"), "aä");
  EXPECT_EQ(to_valid_utf8("a\xff\xe2\x82z"), "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
}

RC_GTEST_PROP(Text, AnyBytesBecomeUtf8AndUtf8StaysAsItIs, (const std::string& bytes)) {
  const std::string clean = to_valid_utf8(bytes);
  RC_ASSERT(is_valid_utf8(clean));
  if (is_valid_utf8(bytes)) RC_ASSERT(clean == bytes);
}

TEST(Text, SplittingAndJoiningAreEachOthersInverse) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(split("a.b..c", '.'), (Parts{"a", "b", "", "c"}));
  EXPECT_EQ(split("", '.'), (Parts{""}));
  EXPECT_EQ(split(".", '.'), (Parts{"", ""}));
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join({"a", "", "b"}, "/"), "a//b");
}

TEST(Text, TrimmingTakesWhiteSpaceAtTheEndsOnly) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, LettersCompareWithoutCaseInAsciiOnly) {
  EXPECT_TRUE(iequals("Content-Type", "content-type"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("Ä", "ä"));
  EXPECT_EQ(lower("AZ[Ä"), "az[Ä");
}

TEST(Text, AnIntegerIsTheWholeText) {
  EXPECT_EQ(parse_integer("-42"), -42);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", " 1", "1 ", "+1", "1.0", "0x1", "9223372036854775808", "-", "1e3", "١"})
    EXPECT_EQ(parse_integer(bad), std::nullopt) << bad;
}

TEST(Text, NamesAreWhatSqlAndPathsTakeWithoutQuotes) {
  for (const std::string& good : {std::string("a"), std::string("a_b1"), std::string("a_"), std::string(63, 'a')})
    EXPECT_TRUE(is_name(good)) << good;
  for (const std::string& bad : {std::string(), std::string("1a"), std::string("_a"), std::string("A"),
                                 std::string("a__b"), std::string("a-b"), std::string("a.b"), std::string("ä"),
                                 std::string("a b"), std::string("../x"), std::string(64, 'a'), std::string("a\0", 2)})
    EXPECT_FALSE(is_name(bad)) << bad;
}

TEST(Text, TheNearestNameIsOfferedWhenItIsNearEnough) {
  const std::vector<std::string> names = {"flights", "airports", "weather"};
  EXPECT_EQ(nearest("flight", names), "flights");
  EXPECT_EQ(nearest("Airprots", names), "airports");
  EXPECT_EQ(nearest("orders", names), std::nullopt);
  EXPECT_EQ(nearest("", names), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
  EXPECT_EQ(nearest(std::string(10'000, 'f'), names), std::nullopt);
  EXPECT_EQ(did_you_mean("flihgts", names), ", did you mean flights?");
  EXPECT_EQ(did_you_mean("orders", names), "");
}

TEST(Text, FiguresForPeopleRoundAndGroup) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "1.0 kB");
  EXPECT_EQ(human_bytes(999'949), "999.9 kB");
  EXPECT_EQ(human_bytes(999'950), "1.0 MB");
  EXPECT_EQ(human_bytes(12'345'678), "12.3 MB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "18446.7 PB");
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(3'000'000), "3,000,000");
  EXPECT_EQ(human_micros(999), "999 µs");
  EXPECT_EQ(human_micros(1500), "1.5 ms");
  EXPECT_EQ(human_micros(1'240'000), "1.24 s");
}

TEST(Text, EncodingsKnowTheVectorsOfTheirStandards) {
  // RFC 4648, section 10.
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(base64(plain), coded);
    EXPECT_EQ(unbase64(coded), plain);
  }
  EXPECT_EQ(base64("\xfb\xff"), "+/8=");
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(hex("\x01\xab\xff"), "01abff");
  EXPECT_EQ(unhex("01ABff"), "\x01\xab\xff");
}

TEST(Text, MalformedEncodingsAreRefused) {
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg==Zg==", "Zh==", "Zm9=", "=", "====", "Z===", "Zm9v\n", "Zm 9", "Zm-_"})
    EXPECT_EQ(unbase64(bad), std::nullopt) << bad;
  for (const char* bad : {"Z", "Zg==", "Zh", "Z+", "Zm9vA"}) EXPECT_EQ(unbase64url(bad), std::nullopt) << bad;
  for (const char* bad : {"0", "0g", "0x", " 0"}) EXPECT_EQ(unhex(bad), std::nullopt) << bad;
  for (const char* bad : {"%", "%4", "a%", "%zz", "%4g", "%-1"}) EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(Text, PercentEncodingLeavesTheUnreservedAlone) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b/ä%+"), "a%20b%2F%C3%A4%25%2B");
  EXPECT_EQ(percent_decode("a%20b+%2f%C3%a4%00"), std::string("a b+/ä\0", 8));
}

RC_GTEST_PROP(Text, WhatIsEncodedIsDecodedEqual, (const std::string& bytes)) {
  RC_ASSERT(unbase64(base64(bytes)) == bytes);
  RC_ASSERT(unbase64url(base64url(bytes)) == bytes);
  RC_ASSERT(unhex(hex(bytes)) == bytes);
  RC_ASSERT(percent_decode(percent_encode(bytes)) == bytes);
}

TEST(Text, QuotesInNamesAndValuesAreDoubled) {
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_identifier(""), "\"\"");
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("\\"), "'\\'");
}

TEST(TextDeathTest, NulInANameIsABug) {
  EXPECT_DEATH((void)quote_identifier(std::string_view("a\0b", 3)), "npos");
  EXPECT_DEATH((void)quote_literal(std::string_view("a\0b", 3)), "npos");
}

}  // namespace
}  // namespace weft::text
