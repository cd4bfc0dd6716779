#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "platform/engine/worker/lineage_fixture.h"

namespace weft::engine::worker {
namespace {

using testing::Bench;

// What a query shows: "column: uses" for each column, then "rows: uses".
struct Case {
  const char* sql;
  std::vector<const char*> columns;
  const char* rows;
};

class LineageTest : public ::testing::Test {
 protected:
  LineageTest() {
    bench_.table("x.t.t", "a INTEGER, b INTEGER, c INTEGER, d INTEGER",
                 "(1, 10, 100, 0), (2, 20, 100, 1), (3, 20, 300, 0)");
    bench_.table("x.u.u", "a INTEGER, e INTEGER, f INTEGER", "(1, 5, 6), (2, 7, 8), (2, 9, 1)");
    bench_.table("x.n.n", "k INTEGER, xs INTEGER[], s STRUCT(p INTEGER, q INTEGER)", "(1, [1, 2], {p: 1, q: 2})");
    bench_.view("x.v.v", "k INTEGER, total BIGINT", "SELECT c AS k, sum(b) AS total FROM x.t WHERE d = 0 GROUP BY c");
  }

  void check(const Case& expected) {
    auto plan = bench_.plan(expected.sql);
    ASSERT_TRUE(plan) << expected.sql << "\n" << plan.error().message;
    ASSERT_EQ(plan->columns.size(), expected.columns.size()) << expected.sql;
    for (std::size_t i = 0; i < expected.columns.size(); ++i) {
      EXPECT_EQ(bench_.text(plan->columns[i].from), expected.columns[i])
          << expected.sql << "\ncolumn " << plan->columns[i].name;
    }
    EXPECT_EQ(bench_.text(plan->rows_from), expected.rows) << expected.sql;
  }

  Bench bench_;
};

TEST_F(LineageTest, FollowsValuesThroughExpressions) {
  for (const auto& expected : std::vector<Case>{
           {"SELECT a, b + c AS x, 1 AS one FROM x.t", {"t.a", "t.b t.c", ""}, ""},
           {"SELECT * FROM x.u", {"u.a", "u.e", "u.f"}, ""},
           {"SELECT * EXCLUDE (e) REPLACE (f + a AS f) FROM x.u", {"u.a", "u.a u.f"}, ""},
           {"SELECT COLUMNS('[ab]') + 1 FROM x.t", {"t.a", "t.b"}, ""},
           {"SELECT CASE WHEN a = 1 THEN b ELSE c END, CAST(d AS VARCHAR), coalesce(a, b) FROM x.t",
            {"t.a t.b t.c", "t.d", "t.a t.b"},
            ""},
           {"SELECT s.p, xs[1], list_transform(xs, lambda y: y + k) FROM x.n", {"n.s", "n.xs", "n.k n.xs"}, ""},
           {"SELECT t FROM x.t", {"t.a t.b t.c t.d"}, ""},
           {"SELECT x FROM (SELECT a + b AS x, c FROM x.t)", {"t.a t.b"}, ""},
           {"SELECT x.t.a FROM x.t, x.u", {"t.a"}, ""},
           {"VALUES (1, 'a'), (2, 'b')", {"", ""}, ""},
           {"SELECT i FROM range(3) r(i)", {""}, ""},
           {"SELECT random(), now()", {"", ""}, ""},
           {"FROM x.u SELECT e", {"u.e"}, ""},
       }) {
    check(expected);
  }
}

TEST_F(LineageTest, TellsHowRowsCameAbout) {
  for (const auto& expected : std::vector<Case>{
           {"SELECT a FROM x.t WHERE b > 1 AND c < 2", {"t.a"}, "filter:t.b filter:t.c"},
           {"SELECT t.a, u.e FROM x.t JOIN x.u ON t.a = u.a", {"t.a", "u.e"}, "join:t.a join:u.a"},
           {"SELECT a, e FROM x.t LEFT JOIN x.u USING (a)", {"t.a", "u.e"}, "join:t.a join:u.a"},
           {"SELECT a FROM x.t FULL JOIN x.u USING (a)", {"t.a u.a"}, "join:t.a join:u.a"},
           {"SELECT a, e FROM x.t NATURAL JOIN x.u", {"t.a", "u.e"}, "join:t.a join:u.a"},
           {"SELECT t.a FROM x.t JOIN x.u ON t.a + t.b > u.e", {"t.a"}, "join:t.a join:t.b join:u.e"},
           {"SELECT t.a FROM x.t JOIN x.u ON t.a > u.e OR t.b = u.f", {"t.a"}, "join:t.a join:t.b join:u.e join:u.f"},
           {"SELECT t.b, u.e FROM x.t CROSS JOIN x.u", {"t.b", "u.e"}, ""},
           {"SELECT t.b, u.e FROM x.t POSITIONAL JOIN x.u", {"t.b", "u.e"}, ""},
           {"SELECT t.b, u.e FROM x.t ASOF JOIN x.u ON t.a >= u.a", {"t.b", "u.e"}, "join:t.a join:u.a"},
           {"SELECT b FROM x.t SEMI JOIN x.u USING (a)", {"t.b"}, "join:t.a join:u.a"},
           {"SELECT a FROM x.t ORDER BY b DESC LIMIT 3", {"t.a"}, "order:t.b"},
           {"SELECT DISTINCT a, b FROM x.t", {"t.a", "t.b"}, "group:t.a group:t.b"},
           {"SELECT DISTINCT ON (a) b FROM x.t ORDER BY a, c", {"t.b"}, "group:t.a order:t.a order:t.c"},
           {"SELECT a FROM x.t UNION ALL SELECT e FROM x.u", {"t.a u.e"}, ""},
           {"SELECT a FROM x.t UNION SELECT e FROM x.u", {"t.a u.e"}, "group:t.a group:u.e"},
           {"SELECT a FROM x.t EXCEPT SELECT e FROM x.u", {"t.a u.e"}, "group:t.a group:u.e join:t.a join:u.e"},
           {"SELECT a, b FROM x.t UNION ALL BY NAME SELECT e AS b, f AS z FROM x.u", {"t.a", "t.b u.e", "u.f"}, ""},
           {"SELECT k, unnest(xs) FROM x.n", {"n.k", "n.xs"}, "join:n.xs"},
           {"SELECT k, y FROM x.n, unnest(xs) AS z(y)", {"n.k", "n.xs"}, "join:n.xs"},
           {"SELECT b FROM x.t TABLESAMPLE 50%", {"t.b"}, ""},
           {"SELECT count(*) FROM x.t", {""}, ""},
       }) {
    check(expected);
  }
}

TEST_F(LineageTest, FollowsAggregatesAndWindows) {
  for (const auto& expected : std::vector<Case>{
           {"SELECT b, sum(c), count(*) FROM x.t GROUP BY b", {"t.b", "group:t.b t.c", "group:t.b"}, "group:t.b"},
           {"SELECT sum(c) FILTER (d = 1), string_agg(a, ',' ORDER BY b) FROM x.t",
            {"filter:t.d t.c", "order:t.b t.a"},
            ""},
           {"SELECT a FROM x.t GROUP BY a HAVING max(b) > 3", {"t.a"}, "filter:t.a filter:t.b group:t.a"},
           {"SELECT a, b, sum(c) FROM x.t GROUP BY ROLLUP (a, b)",
            {"t.a", "t.b", "group:t.a group:t.b t.c"},
            "group:t.a group:t.b"},
           {"SELECT a, sum(b) OVER (PARTITION BY c ORDER BY d) FROM x.t", {"t.a", "t.b window:t.c window:t.d"}, ""},
           {"SELECT lag(a, b, c) OVER (ORDER BY d) FROM x.t", {"t.a t.b t.c window:t.d"}, ""},
           {"SELECT a FROM x.t QUALIFY row_number() OVER (PARTITION BY b ORDER BY c) = 1",
            {"t.a"},
            "filter:t.b filter:t.c"},
           {"SELECT count(DISTINCT a) FROM x.t", {"t.a"}, ""},
           {"SELECT arg_max(a, b) FROM x.t", {"t.a t.b"}, ""},
       }) {
    check(expected);
  }
}

TEST_F(LineageTest, FollowsSubqueries) {
  for (const auto& expected : std::vector<Case>{
           {"SELECT a, (SELECT max(e) FROM x.u) FROM x.t", {"t.a", "u.e"}, ""},
           {"SELECT a FROM x.t WHERE b IN (SELECT e FROM x.u WHERE f > 1)",
            {"t.a"},
            "filter:t.b filter:u.e filter:u.f join:t.b join:u.e"},
           {"SELECT b IN (SELECT e FROM x.u) FROM x.t", {"t.b u.e"}, "join:t.b join:u.e"},
       }) {
    check(expected);
  }
  // Correlated: the value comes from below, the correlation joins.
  auto plan = bench_.plan("SELECT t.b, (SELECT sum(u.e) FROM x.u WHERE u.a = t.a) AS s FROM x.t");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(bench_.text(plan->columns[0].from), "t.b");
  EXPECT_NE(bench_.text(plan->columns[1].from).find("u.e"), std::string::npos);
  EXPECT_NE(bench_.text(plan->rows_from).find("join:t.a"), std::string::npos);
  plan = bench_.plan("SELECT b FROM x.t WHERE EXISTS (SELECT 1 FROM x.u WHERE u.a = t.a AND u.e > t.c)");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(bench_.text(plan->columns[0].from), "t.b");
  for (const auto* use : {"t.a", "t.c", "u.a", "u.e"})
    EXPECT_NE(bench_.text(plan->rows_from).find(use), std::string::npos) << use;
  plan = bench_.plan("SELECT t.b, l.m FROM x.t, LATERAL (SELECT max(u.f + t.d) AS m FROM x.u WHERE u.a = t.a) l");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_NE(bench_.text(plan->columns[1].from).find("u.f"), std::string::npos);
  EXPECT_NE(bench_.text(plan->columns[1].from).find(" t.d"), std::string::npos);
}

TEST_F(LineageTest, FollowsCtesViewsAndRecursion) {
  for (const auto& expected : std::vector<Case>{
           {"WITH q AS (SELECT a + b AS x, c FROM x.t) SELECT x FROM q", {"t.a t.b"}, ""},
           {"WITH q AS MATERIALIZED (SELECT a + b AS x, c FROM x.t WHERE d = 1) SELECT p.x, q.c FROM q p, q",
            {"t.a t.b", "t.c"},
            "filter:t.d"},
           {"WITH RECURSIVE r AS (SELECT a, b FROM x.t UNION ALL SELECT u.e, r.b + u.f FROM r JOIN x.u ON u.a = r.a) "
            "SELECT b FROM r",
            {"t.b u.f"},
            "join:t.a join:u.a join:u.e"},
           {"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r", {""}, ""},
           {"SELECT k, total FROM x.v", {"t.c v.k", "group:t.c t.b v.total"}, "filter:t.d group:t.c"},
           {"SELECT total FROM x.v WHERE k > 1",
            {"group:t.c t.b v.total"},
            "filter:t.c filter:t.d filter:v.k group:t.c"},
       }) {
    check(expected);
  }
}

TEST_F(LineageTest, FollowsPivots) {
  auto plan = bench_.plan("SELECT * FROM (SELECT b, c, d FROM x.t) PIVOT (sum(c) FOR d IN (0, 1))");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(bench_.text(plan->columns[0].from), "t.b");
  EXPECT_NE(bench_.text(plan->columns[1].from).find("t.c"), std::string::npos);
  EXPECT_NE(bench_.text(plan->columns[1].from).find("t.d"), std::string::npos);
  std::string many = "0";
  for (int i = 1; i < 40; ++i) many += ", " + std::to_string(i);
  plan = bench_.plan("SELECT * FROM (SELECT b, c, d FROM x.t) PIVOT (sum(c) FOR d IN (" + many + "))");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(bench_.text(plan->columns[0].from), "t.b");
  EXPECT_NE(bench_.text(plan->columns[30].from).find("t.c"), std::string::npos);
  plan = bench_.plan("SELECT * FROM (UNPIVOT (SELECT a, b, c FROM x.t) ON b, c INTO NAME n VALUE v)");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(bench_.text(plan->columns[0].from), "t.a");
  EXPECT_EQ(bench_.text(plan->columns[2].from), "t.b t.c");
}

TEST_F(LineageTest, NamesTheColumnsThatAreReadAndThoseOfPolicies) {
  auto plan = bench_.plan("SELECT a FROM x.t JOIN x.v ON v.k = t.c WHERE b > 1");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->relations[0].columns, (std::vector<std::string>{"a", "b", "c", "d"}));  // d: the view's filter.
  EXPECT_TRUE(plan->relations[1].columns.empty());
  EXPECT_EQ(plan->relations[3].columns, (std::vector<std::string>{"k"}));
  bench_.relation(0).row_filter_sql = "d = 1";
  bench_.relation(0).columns[1].mask_sql = "b % 10 + c";
  check({"SELECT b FROM x.t", {"t.b t.c"}, "filter:t.d"});
  plan = bench_.plan("EXPLAIN SELECT a FROM x.t");
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->relations[0].columns, (std::vector<std::string>{"a", "d"}));
  EXPECT_TRUE(plan->columns.empty() || plan->columns[0].from.empty());
}

constexpr const char* kQueries[] = {
    "SELECT a, b + c AS x FROM x.t WHERE d = 0 ORDER BY a, x",
    "SELECT b, sum(c) s, count(*) n FROM x.t GROUP BY b ORDER BY ALL",
    "SELECT t.a, u.e, (SELECT sum(f) FROM x.u w WHERE w.a = t.a) s FROM x.t LEFT JOIN x.u ON t.a = u.a ORDER BY ALL",
    "SELECT a, sum(b) OVER (PARTITION BY c ORDER BY d, a) w FROM x.t ORDER BY ALL",
    "WITH q AS (SELECT c, max(b) m FROM x.t GROUP BY c) SELECT t.a, q.m FROM x.t JOIN q USING (c) "
    "WHERE EXISTS (FROM x.u WHERE u.e > t.d) ORDER BY ALL",
    "SELECT a FROM x.t EXCEPT SELECT e FROM x.u ORDER BY ALL",
    "SELECT a, CASE WHEN b > 5 THEN c END FROM x.t UNION SELECT e, f FROM x.u ORDER BY ALL",
    "SELECT l.m, t.b FROM x.t, LATERAL (SELECT max(u.f + t.d) AS m FROM x.u WHERE u.a <= t.a) l ORDER BY ALL",
    "SELECT * FROM (SELECT b, c, d FROM x.t) PIVOT (sum(c) FOR d IN (0, 1)) ORDER BY ALL",
    "SELECT k, total FROM x.v ORDER BY ALL",
    "SELECT DISTINCT ON (b) a, c FROM x.t ORDER BY b, d, c, a",
    "WITH RECURSIVE r AS (SELECT a, b FROM x.t WHERE d = 0 UNION SELECT u.e % 5, r.b % 3 + u.f FROM r JOIN x.u ON u.a "
    "= r.a) "
    "SELECT b, count(*) FROM r WHERE b < 99 GROUP BY b ORDER BY ALL",
    "SELECT b IN (SELECT e FROM x.u WHERE f > 2) i, a FROM x.t ORDER BY ALL",
    "SELECT a FROM x.t QUALIFY row_number() OVER (PARTITION BY b ORDER BY c, a) = 1 ORDER BY ALL"};

using Values = std::vector<std::vector<int>>;

std::string sql_of(const Values& table) {
  std::string sql;
  for (const auto& row : table) {
    sql += sql.empty() ? "(" : ", (";
    for (std::size_t i = 0; i < row.size(); ++i) sql += (i ? ", " : "") + std::to_string(row[i]);
    sql += ")";
  }
  return sql;
}

bool has_use(const std::vector<ColumnUse>& uses, int relation, const std::string& column) {
  return std::ranges::any_of(uses,
                             [&](const ColumnUse& use) { return use.relation == relation && use.column == column; });
}

std::multiset<std::string> values_of(const std::vector<testing::Row>& rows, std::size_t column) {
  std::multiset<std::string> values;
  for (const auto& row : rows) values.insert(row[column]);
  return values;
}

// Whatever changes when a source column's values change must be in the lineage: of the output column, or of the rows.
class PerturbationTest : public LineageTest {
 protected:
  Values fill(std::size_t rows, std::size_t columns) {
    Values table(rows, std::vector<int>(columns));
    for (auto& row : table) std::ranges::generate(row, [&] { return value_(random_); });
    return table;
  }

  void change(const char* query, const Values& table, int relation, std::size_t column) {
    const std::string name = bench_.relation(relation).columns[column].name;
    const auto plan = bench_.plan(query);
    const auto before = bench_.rows(query);
    auto changed = table;
    for (auto& row : changed) row[column] = value_(random_);
    bench_.replace_rows(relation, sql_of(changed));
    const auto after = bench_.rows(query);
    bench_.replace_rows(relation, sql_of(table));
    ASSERT_TRUE(plan && before && after) << query;
    if (has_use(plan->rows_from, relation, name)) return;
    ASSERT_EQ(before->size(), after->size()) << query << "\nrows depend on " << name << " of relation " << relation;
    for (std::size_t out = 0; out < plan->columns.size(); ++out) {
      if (has_use(plan->columns[out].from, relation, name)) continue;
      EXPECT_EQ(values_of(*before, out), values_of(*after, out)) << query << "\n"
                                                                 << plan->columns[out].name << " depends on " << name;
      ++compared_;
    }
  }

  std::mt19937 random_{20261123};
  std::uniform_int_distribution<int> value_{0, 9};
  int compared_ = 0;
};

TEST_F(PerturbationTest, MissesNothingThatMatters) {
  for (int round = 0; round < 8; ++round) {
    const std::vector<Values> tables = {fill(6, 4), fill(5, 3)};
    for (int i = 0; i < 2; ++i) bench_.replace_rows(i, sql_of(tables[static_cast<std::size_t>(i)]));
    for (const auto* query : kQueries) {
      for (int relation = 0; relation < 2; ++relation) {
        const auto& table = tables[static_cast<std::size_t>(relation)];
        for (std::size_t column = 0; column < table[0].size(); ++column) change(query, table, relation, column);
      }
    }
  }
  EXPECT_GT(compared_, 200);
}

}  // namespace
}  // namespace weft::engine::worker
