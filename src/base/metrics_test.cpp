#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace weft::metrics {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, WhatWasCountedIsExposed) {
  Registry registry;
  registry.counter("weft_things_total", "Things that were.", {{"kind", "a"}}).add();
  registry.counter("weft_things_total", "Things that were.", {{"kind", "a"}}).add(2);
  registry.counter("weft_things_total", "Things that were.", {{"kind", "b"}}).add();
  auto gauge = registry.gauge("weft_open", "Open now.");
  gauge.set(5);
  gauge.add(-2);
  auto histogram = registry.histogram("weft_took_seconds", "How long.", {}, {0.1, 1});
  histogram.observe(0.05);
  histogram.observe(0.5);
  histogram.observe(5);
  const std::string text = registry.expose();
  EXPECT_THAT(text, HasSubstr("# HELP weft_things_total Things that were.\n# TYPE weft_things_total counter\n"));
  EXPECT_THAT(text, HasSubstr("weft_things_total{kind=\"a\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("weft_things_total{kind=\"b\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("weft_open 3\n"));
  EXPECT_THAT(text, HasSubstr("weft_took_seconds_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("weft_took_seconds_bucket{le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("weft_took_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("weft_took_seconds_count 3\n"));
  EXPECT_EQ(text.find("# TYPE weft_things_total"), text.rfind("# TYPE weft_things_total"));
}

TEST(Metrics, LabelsAreEscaped) {
  Registry registry;
  registry.counter("weft_a_total", "A.", {{"path", "a\"b\\c\nd"}}).add();
  EXPECT_THAT(registry.expose(), HasSubstr("{path=\"a\\\"b\\\\c\\nd\"} 1"));
}

TEST(Metrics, ThreadsLoseNoCount) {
  Registry registry;
  auto counter = registry.counter("weft_n_total", "N.");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&registry] {
        auto mine = registry.counter("weft_n_total", "N.");
        for (int j = 0; j < 10'000; ++j) mine.add();
      });
    }
  }
  counter.add(0);
  EXPECT_THAT(registry.expose(), HasSubstr("weft_n_total 80000\n"));
}

TEST(Metrics, AHandleOfNothingCountsNothing) {
  Counter().add();
  Gauge().set(1);
  Histogram().observe(1);
}

}  // namespace
}  // namespace weft::metrics
