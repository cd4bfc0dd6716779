#include "base/pattern.h"

#include <gtest/gtest.h>

#include <chrono>

namespace weft {
namespace {

TEST(Pattern, FindsAnywhereOrMatchesAll) {
  const auto pattern = Pattern::compile("[0-9]+");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->found_in("a12b"));
  EXPECT_FALSE(pattern->found_in("ab"));
  EXPECT_TRUE(pattern->matches_all("12"));
  EXPECT_FALSE(pattern->matches_all("12b"));
  EXPECT_TRUE(Pattern::compile("")->found_in(""));
}

TEST(Pattern, AnchorsMeanTheEndsOfTheText) {
  const auto pattern = Pattern::compile("^a$");
  EXPECT_TRUE(pattern->found_in("a"));
  EXPECT_FALSE(pattern->found_in("a\nb"));
  EXPECT_FALSE(pattern->found_in("a\n"));
}

TEST(Pattern, ADotIsOneCharacterNotOneByte) {
  EXPECT_TRUE(Pattern::compile("^.$")->found_in("\xF0\x9F\x98\x80"));
  EXPECT_TRUE(Pattern::compile("^\\p{L}+$")->found_in("äß"));
  EXPECT_TRUE(Pattern::compile("^a.b$")->found_in(std::string_view("a\0b", 3)));
}

TEST(Pattern, WhatIsMalformedIsToldFromWhatIsNotSupported) {
  for (const char* bad : {"(", "[", "*", "a{2,1}", "a{1001}", "\\", "[z-a]", "\\q"})
    EXPECT_EQ(Pattern::compile(bad).error().code, "pattern.malformed") << bad;
  for (const char* foreign : {"(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(a)\\1", "(?P<x>a)\\k<x>"}) {
    const auto refused = Pattern::compile(foreign);
    ASSERT_FALSE(refused) << foreign;
    EXPECT_EQ(refused.error().code, "pattern.unsupported") << foreign << ": " << refused.error().message;
    EXPECT_EQ(refused.error().kind, ErrorKind::unsupported) << foreign;
  }
}

TEST(Pattern, WhatOthersExplodeOnRunsInLinearTime) {
  const auto pattern = Pattern::compile("^(a+)+$");
  const std::string text = std::string(100'000, 'a') + "b";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(pattern->found_in(text));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Pattern, AHugePatternIsRefusedNotBuilt) {
  EXPECT_FALSE(Pattern::compile("((a{100}){100}){100}"));
  EXPECT_FALSE(Pattern::compile(std::string(100'000, '(')));
}

}  // namespace
}  // namespace weft
