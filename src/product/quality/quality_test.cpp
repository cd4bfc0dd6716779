#include "product/quality/quality.h"

#include <gtest/gtest.h>

namespace weft::quality {
namespace {

TEST(Quality, OperatorsCompareAsTheStandardSays) {
  EXPECT_TRUE(satisfies(3, {{"mustBe", 3}}));
  EXPECT_TRUE(satisfies(3.0, {{"mustBe", 3}}));
  EXPECT_FALSE(satisfies(3, {{"mustNotBe", 3}}));
  EXPECT_TRUE(satisfies(3, {{"mustBeLessOrEqualTo", 3}}));
  EXPECT_FALSE(satisfies(3, {{"mustBeLessThan", 3}}));
  EXPECT_TRUE(satisfies(true, {{"mustBe", true}}));
  json::Object between;
  between.set("mustBeBetween", json::Value(json::Array{1, 3}));
  EXPECT_TRUE(satisfies(2, between));
  EXPECT_FALSE(satisfies(3, between));
  EXPECT_FALSE(satisfies(2, {}));
}

RuleSet one_rule(Severity severity, bool is_by_row) {
  RuleSet set;
  set.rules.push_back(
      {.check = {.id = "r", .kind = "bounds", .columns = {"c"}, .spec = {{"mustBe", 0}}, .is_by_row = is_by_row},
       .severity = severity,
       .description = {}});
  return set;
}

engine::CheckResult failures(std::uint64_t count) {
  return {.id = "r",
          .has_run = true,
          .note = {},
          .value = count,
          .failures = count,
          .sample_rows = {},
          .sample_values = {}};
}

TEST(Quality, OnlyErrorsRefuse) {
  EXPECT_TRUE(judge(one_rule(Severity::error, true), {failures(1)}, BadRows::are_in_the_batch).is_refused);
  EXPECT_FALSE(judge(one_rule(Severity::warning, true), {failures(1)}, BadRows::are_in_the_batch).is_refused);
  EXPECT_FALSE(judge(one_rule(Severity::error, true), {failures(0)}, BadRows::are_in_the_batch).is_refused);
}

TEST(Quality, RowsThatWereSetAsideDoNotRefuseButMetricsStill) {
  EXPECT_FALSE(judge(one_rule(Severity::error, true), {failures(1)}, BadRows::were_set_aside).is_refused);
  EXPECT_TRUE(judge(one_rule(Severity::error, false), {failures(1)}, BadRows::were_set_aside).is_refused);
}

TEST(Quality, ARuleThatCouldNotRunFailsClosedAndIsListed) {
  engine::CheckResult broken{.id = "r",
                             .has_run = false,
                             .note = "no such column",
                             .value = {},
                             .failures = 0,
                             .sample_rows = {},
                             .sample_values = {}};
  const Verdict verdict = judge(one_rule(Severity::error, false), {broken}, BadRows::are_in_the_batch);
  EXPECT_TRUE(verdict.is_refused);
  ASSERT_EQ(verdict.unchecked.size(), 1U);
  EXPECT_EQ(verdict.unchecked[0].why, "no such column");
}

}  // namespace
}  // namespace weft::quality
