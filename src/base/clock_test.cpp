#include "base/clock.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace weft {
namespace {

TEST(Clock, TimesAreWrittenInUtcWithMicroseconds) {
  EXPECT_EQ(to_rfc3339(time_of(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(time_of(-1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_rfc3339(time_of(1'800'000'000'123'456)), "2027-01-15T08:00:00.123456Z");
}

TEST(Clock, ZonesAndFractionsAreRead) {
  EXPECT_EQ(micros(*parse_rfc3339("1970-01-01T00:00:01Z")), 1'000'000);
  EXPECT_EQ(*parse_rfc3339("2026-01-31T12:00:00+02:00"), *parse_rfc3339("2026-01-31T10:00:00Z"));
  EXPECT_EQ(*parse_rfc3339("2026-01-31t12:00:00-05:30"), *parse_rfc3339("2026-01-31 17:30:00z"));
  EXPECT_EQ(micros(*parse_rfc3339("1970-01-01T00:00:00.5Z")), 500'000);
  EXPECT_EQ(micros(*parse_rfc3339("1970-01-01T00:00:00.1234567899Z")), 123'456);
  EXPECT_EQ(*parse_rfc3339("2016-12-31T23:59:60Z"), *parse_rfc3339("2017-01-01T00:00:00Z"));
  EXPECT_TRUE(parse_rfc3339("2024-02-29T00:00:00Z"));
}

TEST(Clock, WhatIsNoTimeIsRefused) {
  for (const char* bad : {"",
                          "2026",
                          "2026-01-31",
                          "2026-01-31T12:00:00",
                          "2026-01-31T12:00Z",
                          "2026-13-01T00:00:00Z",
                          "2026-00-01T00:00:00Z",
                          "2026-02-30T00:00:00Z",
                          "2023-02-29T00:00:00Z",
                          "2026-01-00T00:00:00Z",
                          "2026-01-31T24:00:00Z",
                          "2026-01-31T12:60:00Z",
                          "2026-01-31T12:00:61Z",
                          "2026-01-31T12:00:00.Z",
                          "2026-01-31T12:00:00.5",
                          "2026-01-31T12:00:00+2:00",
                          "2026-01-31T12:00:00+0200",
                          "2026-01-31T12:00:00+24:00",
                          "2026-01-31T12:00:00+02:60",
                          "2026/01/31T12:00:00Z",
                          "2026-01-31T12:00:00ZZ",
                          "2026-01-31T12:00:00Z ",
                          " 2026-01-31T12:00:00Z",
                          "+026-01-31T12:00:00Z",
                          "2026-01-31X12:00:00Z",
                          "20260131T120000Z00000"}) {
    const auto refused = parse_rfc3339(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, "time.malformed");
  }
}

RC_GTEST_PROP(Clock, WhatIsWrittenIsReadBackEqual, ()) {
  // From the year 0 to 9999.
  const auto time = time_of(*rc::gen::inRange<std::int64_t>(-62'167'219'200'000'000, 253'402'300'799'999'999));
  RC_ASSERT(*parse_rfc3339(to_rfc3339(time)) == time);
}

RC_GTEST_PROP(Clock, AnyBytesAreAnsweredWithoutAFall, (const std::string& bytes)) {
  (void)parse_rfc3339(bytes);
  (void)parse_rfc3339("2026-01-31T12:00:00" + bytes);
}

}  // namespace
}  // namespace weft
