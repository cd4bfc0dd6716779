#include <gtest/gtest.h>

#include "duckdb/parser/sql_statement.hpp"
#include "platform/engine/worker/lineage_fixture.h"

namespace weft::engine::worker {
namespace {

using testing::Bench;
using testing::Row;
using Rows = std::vector<Row>;

class RewriteTest : public ::testing::Test {
 protected:
  RewriteTest() {
    flights_ = bench_.table("aviation.flights.flights", "id INTEGER, region VARCHAR, delay INTEGER, secret VARCHAR",
                            "(1, 'EU', 5, 'a'), (2, 'EU', 7, 'b'), (3, 'US', 9, 'not a number'), (4, 'US', 11, '4')");
    airports_ =
        bench_.table("geo.airports.airports", "region VARCHAR, name VARCHAR", "('EU', 'Oslo'), ('US', 'Boston')");
    other_ = bench_.table("other.flights.flights", "id INTEGER, note VARCHAR", "(1, 'x'), (3, 'y')");
  }
  Rows rows(const std::string& sql) {
    auto answer = bench_.rows(sql);
    if (!answer) return {{answer.error().code + ": " + answer.error().message}};
    return *answer;
  }
  std::string error(const std::string& sql) {
    auto answer = bench_.rows(sql);
    return answer ? "" : answer.error().code + ": " + answer.error().message;
  }

  Bench bench_;
  int flights_, airports_, other_;
};

TEST_F(RewriteTest, ReadsTablesByTheirNames) {
  EXPECT_EQ(rows("SELECT id FROM aviation.flights ORDER BY id LIMIT 2"), (Rows{{"1"}, {"2"}}));
  EXPECT_EQ(rows("SELECT flights.id FROM aviation.flights WHERE id = 1"), (Rows{{"1"}}));
  EXPECT_EQ(rows("SELECT aviation.flights.id FROM aviation.flights WHERE aviation.flights.id = 1"), (Rows{{"1"}}));
  EXPECT_EQ(rows("SELECT aviation.flights.flights.id FROM aviation.flights.flights WHERE flights.flights.id = 1"),
            (Rows{{"1"}}));
  EXPECT_EQ(rows("SELECT f.id FROM aviation.flights f WHERE f.id = 1"), (Rows{{"1"}}));
  EXPECT_EQ(rows("SELECT x FROM aviation.flights f(x, y) WHERE y = 'EU' ORDER BY 1"), (Rows{{"1"}, {"2"}}));
  EXPECT_EQ(rows("SELECT count(*) FROM aviation.flights"), (Rows{{"4"}}));
  EXPECT_EQ(rows("SELECT * EXCLUDE (aviation.flights.secret, delay) FROM aviation.flights WHERE id = 1"),
            (Rows{{"1", "EU"}}));
}

TEST_F(RewriteTest, TellsTwoTablesOfOneLastNameApart) {
  EXPECT_EQ(rows("SELECT aviation.flights.id, other.flights.note FROM aviation.flights JOIN other.flights ON "
                 "aviation.flights.id = other.flights.id ORDER BY 1"),
            (Rows{{"1", "x"}, {"3", "y"}}));
  EXPECT_EQ(rows("SELECT id, note FROM aviation.flights JOIN other.flights USING (id) ORDER BY ALL"),
            (Rows{{"1", "x"}, {"3", "y"}}));
  EXPECT_NE(error("SELECT flights.id FROM aviation.flights, other.flights"), "");
}

TEST_F(RewriteTest, RespectsScopes) {
  EXPECT_EQ(rows("SELECT id FROM aviation.flights WHERE delay = (SELECT max(delay) FROM aviation.flights f WHERE "
                 "f.region = aviation.flights.region) ORDER BY id"),
            (Rows{{"2"}, {"4"}}));
  EXPECT_EQ(rows("WITH flights AS (SELECT 42 AS id) SELECT flights.id FROM flights"), (Rows{{"42"}}));
  EXPECT_EQ(rows("WITH flights AS (SELECT id + 100 AS id FROM aviation.flights) SELECT min(flights.id) FROM flights"),
            (Rows{{"101"}}));
  EXPECT_EQ(rows("SELECT * FROM aviation.flights NATURAL JOIN geo.airports WHERE id = 3"),
            (Rows{{"3", "US", "9", "not a number", "Boston"}}));
  EXPECT_EQ(rows("SELECT a.name FROM geo.airports a, LATERAL (SELECT id FROM aviation.flights WHERE "
                 "aviation.flights.region = a.region) l WHERE l.id = 4"),
            (Rows{{"Boston"}}));
  EXPECT_EQ(rows("WITH RECURSIVE r AS (SELECT id FROM aviation.flights WHERE id = 1 UNION ALL SELECT r.id + 1 FROM r "
                 "JOIN aviation.flights f ON f.id = r.id + 1) "
                 "SELECT count(*) FROM r"),
            (Rows{{"4"}}));
}

TEST_F(RewriteTest, DescribesSummarizesAndExplains) {
  EXPECT_EQ(rows("DESCRIBE geo.airports").size(), 2U);
  EXPECT_EQ(rows("SUMMARIZE geo.airports").size(), 2U);
  EXPECT_EQ(rows("EXPLAIN SELECT * FROM geo.airports").size(), 1U);
}

TEST_F(RewriteTest, HidesWhatTheRowFilterHides) {
  bench_.relation(flights_).row_filter_sql = "region = 'EU'";
  EXPECT_EQ(rows("SELECT count(*) FROM aviation.flights"), (Rows{{"2"}}));
  EXPECT_EQ(rows("SELECT region FROM aviation.flights GROUP BY region"), (Rows{{"EU"}}));
  EXPECT_EQ(rows("SELECT count(*) FROM aviation.flights WHERE region = 'US' OR true"), (Rows{{"2"}}));
  EXPECT_EQ(rows("SELECT count(*) FROM aviation.flights a JOIN aviation.flights b ON a.id <> b.id"), (Rows{{"2"}}));
  EXPECT_EQ(rows("SELECT count(*) FROM aviation.flights TABLESAMPLE 100%"), (Rows{{"2"}}));
  EXPECT_EQ(rows("SELECT max(id) FROM aviation.flights AS f"), (Rows{{"2"}}));
}

// The third row's secret makes a cast fail: an answer proves that it was never looked at.
TEST_F(RewriteTest, LetsNoExpressionOfTheQueryProbeHiddenRows) {
  bench_.relation(flights_).row_filter_sql = "region = 'EU'";
  bench_.replace_rows(flights_,
                      "(1, 'EU', 5, '1'), (2, 'EU', 7, '2'), (3, 'US', 9, 'not a number'), (4, 'US', 11, '4')");
  for (const auto* sql :
       {"SELECT count(*) FROM aviation.flights WHERE secret::INTEGER > 0",
        "SELECT count(*) FROM (SELECT * FROM aviation.flights) WHERE secret::INTEGER > 0",
        "SELECT count(*) FROM aviation.flights f JOIN geo.airports a ON f.secret::INTEGER > 0 AND a.name = 'Oslo'",
        "SELECT count(*) FROM aviation.flights f, geo.airports a WHERE f.secret::INTEGER > 0 AND a.region = f.region",
        "SELECT count(*) FROM aviation.flights WHERE CASE WHEN region = 'US' THEN secret::INTEGER ELSE 1 END > 0",
        "SELECT count(*) FROM aviation.flights WHERE (SELECT secret::INTEGER) > 0",
        "SELECT count(*) FROM geo.airports a JOIN LATERAL (SELECT secret::INTEGER AS s FROM aviation.flights f WHERE "
        "f.region = a.region) l ON l.s > 0",
        "WITH f AS (SELECT * FROM aviation.flights) SELECT count(*) FROM f WHERE f.secret::INTEGER > 0 AND EXISTS "
        "(SELECT 1 FROM f g WHERE g.secret::INTEGER > 1)",
        "SELECT sum(CASE WHEN x > 0 THEN 1 ELSE 0 END) FROM (SELECT secret::INTEGER x FROM aviation.flights)",
        "SELECT count(DISTINCT secret::INTEGER) FROM aviation.flights",
        "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY secret::INTEGER) FROM aviation.flights)",
        "SELECT count(*) FROM (SELECT DISTINCT secret::INTEGER FROM aviation.flights UNION SELECT 1)",
        "SELECT count(*) FROM geo.airports a SEMI JOIN aviation.flights f ON f.secret::INTEGER > 0 AND a.region = "
        "'EU'"}) {
    EXPECT_EQ(error(sql), "") << sql;
  }
  EXPECT_EQ(rows("SELECT secret FROM aviation.flights WHERE secret::INTEGER = 2"), (Rows{{"2"}}));
  // Without the filter the same query fails: the test can see.
  bench_.relation(flights_).row_filter_sql.clear();
  EXPECT_NE(error("SELECT count(*) FROM aviation.flights WHERE secret::INTEGER > 0"), "");
}

std::size_t count_of(const std::string& text, const std::string& piece) {
  std::size_t count = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

// Without the barrier even a harmless predicate would join the policy's in one filter, in an order that costs decide.
TEST_F(RewriteTest, KeepsThePolicysFilterInANodeOfItsOwn) {
  bench_.relation(flights_).row_filter_sql = "region = 'EU'";
  for (const auto* sql : {"SELECT id FROM aviation.flights WHERE delay > 6",
                          "SELECT id FROM aviation.flights f JOIN geo.airports a USING (region) WHERE f.delay > 6",
                          "WITH f AS (SELECT * FROM aviation.flights) SELECT a.id FROM f a WHERE a.delay > 6"}) {
    const auto plan = bench_.explain(sql);
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(count_of(*plan, "FILTER"), 2U) << *plan;
    EXPECT_LT(plan->find("delay > 6"), plan->find("region = 'EU'")) << *plan;
  }
}

TEST_F(RewriteTest, MasksColumnsBelowEverything) {
  bench_.relation(flights_).columns[3].mask_sql = "'***' || length(secret)";
  bench_.relation(flights_).columns[2].mask_sql = "NULL";
  EXPECT_EQ(rows("SELECT secret, delay FROM aviation.flights WHERE id = 1"), (Rows{{"***1", "NULL"}}));
  EXPECT_EQ(rows("SELECT count(*) FROM aviation.flights WHERE secret = 'a'"), (Rows{{"0"}}));
  EXPECT_EQ(rows("SELECT aviation.flights.secret FROM aviation.flights WHERE secret LIKE '%1' ORDER BY 1 LIMIT 1"),
            (Rows{{"***1"}}));
  EXPECT_EQ(rows("SELECT max(delay) FROM aviation.flights"), (Rows{{"NULL"}}));
  // A filter works on the values, a mask on what is shown.
  bench_.relation(flights_).row_filter_sql = "delay > 6 AND secret <> 'b'";
  EXPECT_EQ(rows("SELECT id FROM aviation.flights ORDER BY id"), (Rows{{"3"}, {"4"}}));
}

TEST_F(RewriteTest, ShowsOnlyTheColumnsThatTheAskerMaySee) {
  bench_.relation(flights_).row_filter_sql = "region = 'EU'";
  bench_.relation(flights_).columns.erase(bench_.relation(flights_).columns.begin() + 3);
  EXPECT_EQ(rows("SELECT * FROM aviation.flights WHERE id = 1"), (Rows{{"1", "EU", "5"}}));
  EXPECT_NE(error("SELECT secret FROM aviation.flights"), "");
}

TEST_F(RewriteTest, LetsNoNameOfTheQueryCaptureAPolicysColumn) {
  bench_.relation(flights_).row_filter_sql = "country = 'EU'";
  EXPECT_EQ(error("SELECT * FROM (SELECT 'EU' AS country) x, aviation.flights").substr(0, 10), "sql.policy");
  bench_.relation(flights_).row_filter_sql = "weft_inner.region = 'EU'";
  EXPECT_EQ(error("SELECT * FROM (SELECT 'EU' AS region) weft_inner, aviation.flights").substr(0, 10), "sql.policy");
  bench_.relation(flights_).row_filter_sql = "region = (SELECT 'EU')";
  EXPECT_EQ(error("SELECT * FROM aviation.flights").substr(0, 15), "sql.not_allowed");
  bench_.relation(flights_).row_filter_sql = "list_contains(list_filter([region], lambda x: x = 'EU'), region)";
  EXPECT_EQ(rows("SELECT count(*) FROM (SELECT 'US' AS x) y, aviation.flights"), (Rows{{"2"}}));
}

TEST_F(RewriteTest, ExpandsViewsWithinViews) {
  const int eu =
      bench_.view("v.eu.eu", "id INTEGER, delay INTEGER", "SELECT id, delay FROM aviation.flights WHERE region = 'EU'");
  bench_.view("v.late.late", "id INTEGER, name VARCHAR",
              "WITH e AS (SELECT * FROM v.eu) SELECT e.id, a.name FROM e JOIN geo.airports a ON a.region = 'EU' WHERE "
              "e.delay > 6");
  EXPECT_EQ(rows("SELECT * FROM v.late"), (Rows{{"2", "Oslo"}}));
  EXPECT_EQ(rows("SELECT count(*) FROM v.late a, v.late b, v.eu"), (Rows{{"2"}}));
  EXPECT_EQ(rows("WITH eu AS (SELECT 1) SELECT count(*) FROM v.eu"), (Rows{{"2"}}));
  EXPECT_EQ(rows("SELECT v.eu.id FROM v.eu WHERE v.eu.delay = 5"), (Rows{{"1"}}));
  EXPECT_EQ(rows("DESCRIBE v.late").size(), 2U);
  EXPECT_EQ(rows("SELECT id, (SELECT count(*) FROM v.eu e WHERE e.id <= f.id) FROM aviation.flights f ORDER BY id"),
            (Rows{{"1", "1"}, {"2", "2"}, {"3", "2"}, {"4", "2"}}));
  bench_.relation(eu).row_filter_sql = "id = 1";
  bench_.relation(eu).columns[1].mask_sql = "-delay";
  EXPECT_EQ(rows("SELECT * FROM v.eu"), (Rows{{"1", "-5"}}));
  EXPECT_EQ(rows("SELECT * FROM v.late"), (Rows{}));
  EXPECT_EQ(error("WITH \"weft view 3\" AS (SELECT 1) SELECT * FROM v.eu").substr(0, 15), "sql.not_allowed");
}

// A view whose column is gone must fail, not read a column of the query beside it.
TEST_F(RewriteTest, BindsViewsByThemselves) {
  bench_.view("v.bad.bad", "id INTEGER", "SELECT id FROM aviation.flights WHERE tenant = 'me'");
  EXPECT_NE(error("SELECT * FROM (SELECT 'me' AS tenant) x, v.bad"), "");
  EXPECT_NE(error("SELECT (SELECT max(id) FROM v.bad) FROM (SELECT 'me' AS tenant) x"), "");
}

TEST_F(RewriteTest, StopsAtViewCyclesAndDepth) {
  const int a = bench_.view("v.a.a", "id INTEGER", "SELECT id FROM v.b");
  const int b = bench_.view("v.b.b", "id INTEGER", "SELECT id FROM v.a");
  bench_.relation(a).view_relations = {b};
  EXPECT_EQ(error("SELECT * FROM v.a").substr(0, 14), "sql.view_cycle");
  std::string below = "aviation.flights";
  for (int i = 0; i < 40; ++i) {
    const std::string name = "deep.v" + std::to_string(i);
    bench_.view(name + ".x", "id INTEGER", "SELECT id FROM " + below);
    below = name;
  }
  EXPECT_EQ(rows("SELECT count(*) FROM deep.v20"), (Rows{{"4"}}));
  EXPECT_EQ(error("SELECT * FROM deep.v39").substr(0, 18), "sql.views_too_deep");
}

TEST_F(RewriteTest, FailsClosedWhenNamesAndRelationsDiffer) {
  auto& testing_context = bench_.context();
  for (const std::vector<int>& relations : {std::vector<int>{}, {0, 1}, {99}, {-1}}) {
    const auto answer =
        rewrite(testing_context, {.sql = "SELECT * FROM aviation.flights", .relations = relations, .parameters = {}},
                bench_.relations(), Limits{});
    EXPECT_EQ(answer.error().code, "sql.rewrite");
  }
}

}  // namespace
}  // namespace weft::engine::worker
