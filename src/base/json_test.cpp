#include "base/json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>

namespace weft::json {
namespace {

std::string code_of(std::string_view text, const ParseLimits& limits = {}) {
  const auto parsed = parse(text, limits);
  return parsed ? "fine: " + write(*parsed) : parsed.error().code;
}

std::string again(std::string_view text) {
  const auto parsed = parse(text);
  return parsed ? write(*parsed) : parsed.error().code;
}

TEST(Json, IntegersOfSixtyFourBitsStayExact) {
  EXPECT_EQ(parse("9007199254740993")->integer(), 9'007'199'254'740'993);
  EXPECT_EQ(parse("9223372036854775807")->integer(), INT64_MAX);
  EXPECT_EQ(parse("-9223372036854775808")->integer(), INT64_MIN);
}

TEST(Json, NumbersThatFitNoTypeKeepTheirText) {
  for (const char* text :
       {"9223372036854775808", "18446744073709551615", "-9223372036854775809", "123456789012345678901234567890",
        "1e400", "-1e999", "0.1234567890123456789", "12345678901234567.25", "1e-400", "1.23456789e-320"}) {
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_TRUE(parsed->is_literal()) << text;
    EXPECT_TRUE(parsed->is_number()) << text;
    EXPECT_EQ(parsed->integer_or(7), 7) << text;
    EXPECT_EQ(write(*parsed), text);
  }
  EXPECT_EQ(write(Value(18'446'744'073'709'551'615UL)), "18446744073709551615");
}

TEST(Json, RealsComeBackAsTheyWere) {
  EXPECT_EQ(again("0.1"), "0.1");
  EXPECT_EQ(again("0.30000000000000004"), "0.30000000000000004");
  EXPECT_EQ(again("1.0"), "1.0");
  EXPECT_EQ(again("1e2"), "100.0");
  EXPECT_EQ(again("-0"), "-0.0");
  EXPECT_EQ(again("5e-324"), "5e-324");
  EXPECT_TRUE(parse("1.0")->is_real());
  EXPECT_FALSE(parse("1.0")->is_integer());
}

TEST(Json, WhatIsNoNumberIsWrittenAsNullAndNeverRead) {
  EXPECT_EQ(write(Value(std::nan(""))), "null");
  EXPECT_EQ(write(Value(std::numeric_limits<double>::infinity())), "null");
  for (const char* text :
       {"NaN", "nan", "Infinity", "-Infinity", "+1", "01", "1.", ".5", "0x10", "1e", "-", "1_000", "--1"})
    EXPECT_EQ(code_of(text), "json.malformed") << text;
}

TEST(Json, WhatIsNotJsonIsRefusedWithItsPlace) {
  for (const char* text : {"",        " ",         "{",      "[",     "[1,]", "{\"a\":1,}", "{a:1}",  "{'a':1}",
                           "[1 2]",   "// x\n1",   "/* */1", "tru",   "nul",  "\"",         "\"\n\"", "\"\t\"",
                           "\"\\x\"", "\"\\u12\"", "1 2",    "{} {}", "]",    "{\"a\"}",    "{1:2}",  "\xEF\xBB\xBF{}"})
    EXPECT_EQ(code_of(text), "json.malformed") << text;
  const auto parsed = parse("{\n  \"a\": ?}");
  EXPECT_NE(parsed.error().message.find("line 2, column 8"), std::string::npos) << parsed.error().message;
}

TEST(Json, AKeyStandsOnceInAnObject) {
  EXPECT_EQ(code_of(R"({"a":1,"a":1})"), "json.duplicate_key");
  EXPECT_EQ(code_of(R"({"a":1,"\u0061":2})"), "json.duplicate_key");
  EXPECT_EQ(code_of(R"([{"b":{"x":1,"x":2}}])"), "json.duplicate_key");
  EXPECT_EQ(code_of(R"({"":1,"":2})"), "json.duplicate_key");
  EXPECT_EQ(again(R"([{"a":1},{"a":1,"A":2}])"), R"([{"a":1},{"a":1,"A":2}])");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += format("\"k{}\":1,", i);
  EXPECT_EQ(code_of(many + "\"k57\":2}"), "json.duplicate_key");
}

TEST(Json, NestingHasALimitThatIsTold) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(parse(nested(64)));
  EXPECT_EQ(code_of(nested(65)), "json.too_deep");
  EXPECT_EQ(code_of(std::string(1'000'000, '[')), "json.too_deep");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(code_of(objects), "json.too_deep");
  EXPECT_EQ(parse(nested(65)).error().kind, ErrorKind::limit);
}

TEST(Json, SizeHasALimitThatIsTold) {
  EXPECT_EQ(code_of("[1,2]", {.bytes_max = 5}), "fine: [1,2]");
  EXPECT_EQ(code_of("[1,2]", {.bytes_max = 4}), "json.too_large");
}

TEST(Json, TextMustBeUtf8) {
  for (const char* text :
       {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "{\"\x80\":1}"})
    EXPECT_EQ(code_of(text), "json.invalid_utf8") << text;
  EXPECT_EQ(parse("\"\xF0\x9F\x98\x80\"")->text(), "\xF0\x9F\x98\x80");
}

TEST(Json, SurrogatesStandInPairs) {
  EXPECT_EQ(parse(R"("\ud83d\ude00")")->text(), "\xF0\x9F\x98\x80");
  for (const char* text : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\ude00\ud83d")"})
    EXPECT_EQ(code_of(text), "json.malformed") << text;
}

TEST(Json, NulIsATextLikeAnyOther) {
  EXPECT_EQ(parse(R"("a\u0000b")")->text(), std::string("a\0b", 3));
  EXPECT_EQ(write(Value(std::string("a\0b", 3))), R"("a\u0000b")");
  EXPECT_EQ(code_of(std::string("\"a\0b\"", 5)), "json.malformed");
  EXPECT_EQ(code_of(std::string("1\0", 2)), "json.malformed");
}

TEST(Json, WhatIsWrittenIsAlwaysUtf8ThatCanBeRead) {
  EXPECT_EQ(write(Value(std::string("a\xff") + "b")),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(write(Object{{"\xc3", 1}}), "{\"\xEF\xBF\xBD\":1}");
  EXPECT_EQ(write(Value("\x01\x1f\x7f\"\\/\b\f\n\r\t")), R"("\u0001\u001f\u007f\"\\/\b\f\n\r\t")");
}

TEST(Json, CanonicalOrderIsThatOfUtf16Units) {
  // RFC 8785, section 3.2.3.
  const auto parsed = parse(R"({"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7})");
  ASSERT_TRUE(parsed);
  std::string order;
  const auto sorted = parse(write_canonical(*parsed));
  ASSERT_TRUE(sorted);
  for (const auto& [key, value] : sorted->object()) order += std::to_string(value.integer());
  EXPECT_EQ(order, "2467153");
  EXPECT_EQ(write_canonical(*parse(R"({"b":{"z":1,"a":2},"aa":1,"a":[]})")), R"({"a":[],"aa":1,"b":{"a":2,"z":1}})");
}

TEST(Json, ObjectsKeepTheirOrderWhateverTheirSize) {
  Object object;
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(object.add(std::to_string(i), i));
  EXPECT_FALSE(object.add("7", 1));
  object.set("7", 70);
  EXPECT_TRUE(object.erase("3"));
  EXPECT_FALSE(object.erase("3"));
  EXPECT_FALSE(object.contains("3"));
  EXPECT_EQ(object.find("39")->integer(), 39);
  const Object copy = object;
  EXPECT_EQ(copy.find("7")->integer(), 70);
  EXPECT_EQ(copy, object);
  object.set("3", 3);
  EXPECT_FALSE(copy == object);
  EXPECT_EQ(object.size(), 40U);
  EXPECT_EQ((object.end() - 1)->key, "3");
  const Object moved = std::move(object);
  EXPECT_EQ(moved.find("39")->integer(), 39);
}

TEST(Json, ReadingWhatIsNotThereGivesNull) {
  const auto parsed = parse(R"({"a":{"b":1}})");
  EXPECT_EQ((*parsed)["a"]["b"].integer(), 1);
  EXPECT_TRUE((*parsed)["x"]["y"].is_null());
  EXPECT_TRUE(Value(3)["x"].is_null());
  EXPECT_EQ((*parsed)["a"].text_or("none"), "none");
}

TEST(JsonDeathTest, TheWrongKindIsABug) { EXPECT_DEATH((void)Value("text").integer(), "is_integer"); }

TEST(Json, AMillionKeysOrOneHugeNumberCostNoQuadraticTime) {
  std::string many = "{";
  for (int i = 0; i < 300'000; ++i) many += format("\"k{}\":{},", i, i);
  many.back() = '}';
  const std::string digits = std::string(4'000'000, '9');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(parse(many)->object().size(), 300'000U);
  EXPECT_EQ(parse(digits)->literal().text, digits);
  EXPECT_EQ(parse("0." + digits)->literal().text.size(), digits.size() + 2);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

rc::Gen<Value> any_value(int depth) {
  auto leaf = rc::gen::oneOf(
      rc::gen::just(Value()), rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return Value(b); }),
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t i) { return Value(static_cast<long>(i)); }),
      rc::gen::map(rc::gen::arbitrary<double>(), [](double d) { return Value(std::isfinite(d) ? d : 0.5); }),
      rc::gen::map(rc::gen::string<std::string>(), [](std::string text) {
        for (char& c : text) c = static_cast<char>(c & 0x7f);
        return Value(std::move(text));
      }));
  if (depth == 0) return leaf;
  return rc::gen::oneOf(
      leaf,
      rc::gen::map(rc::gen::container<std::vector<Value>>(any_value(depth - 1)),
                   [](Array items) { return Value(std::move(items)); }),
      rc::gen::map(rc::gen::container<std::vector<Value>>(any_value(depth - 1)), [](const Array& items) {
        Object object;
        for (const Value& item : items) object.add("k" + std::to_string(object.size()), item);
        return Value(std::move(object));
      }));
}

RC_GTEST_PROP(Json, WhatIsWrittenIsReadBackEqual, ()) {
  const Value value = *any_value(2);
  const std::string text = write(value);
  const auto compact = parse(text);
  const auto pretty = parse(write_pretty(value));
  RC_ASSERT(compact.has_value());
  RC_ASSERT(pretty.has_value());
  RC_ASSERT(write(*compact) == text);
  RC_ASSERT(*pretty == *compact);
}

RC_GTEST_PROP(Json, AnyBytesAreAnsweredWithoutAFall, (const std::string& bytes)) {
  const auto parsed = parse(bytes);
  if (parsed) RC_ASSERT(parse(write(*parsed)).has_value());
}

}  // namespace
}  // namespace weft::json
