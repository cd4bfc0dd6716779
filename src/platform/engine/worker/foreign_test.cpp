#include <gtest/gtest.h>

#include "base/json.h"
#include "platform/engine/worker/analysis.h"

namespace weft::engine::worker {
namespace {

std::string name_of(const json::Value& pair) {
  const auto& array = pair.array();
  return (array[1].is_null() ? std::string("?") : array[1].text()) + "." + array[0].text();
}

// "source>target …; sources; targets"
std::string lineage(std::string_view sql, std::string_view dialect = "ansi", json::Value metadata = {}) {
  json::Object request{{"sql", sql}, {"dialect", dialect}};
  if (!metadata.is_null()) request.set("metadata", std::move(metadata));
  const auto answer = foreign_lineage(request);
  if (!answer) return answer.error().code;
  if ((*answer)["unsupported"].boolean_or(false)) return "unsupported";
  std::string text;
  for (const auto& edge : (*answer)["columns"].array())
    text += name_of(edge.array()[0]) + ">" + name_of(edge.array()[1]) + " ";
  for (const auto* key : {"sources", "targets"}) {
    text += ";";
    for (const auto& table : (*answer)[key].array()) text += " " + table.text();
  }
  return text;
}

struct Case {
  const char* sql;
  const char* answer;
};

void check(const std::vector<Case>& cases, const json::Value& metadata = {}) {
  for (const auto& each : cases) EXPECT_EQ(lineage(each.sql, "ansi", metadata), each.answer) << each.sql;
}

TEST(Foreign, FollowsColumnsIntoTheTableThatIsWritten) {
  check({
      {"INSERT INTO dst SELECT id FROM src", "src.id>dst.id ; src; dst"},
      {"INSERT INTO dst (a, b) SELECT x, y FROM s.src", "s.src.x>dst.a s.src.y>dst.b ; s.src; dst"},
      {"CREATE TABLE dst AS SELECT s.x AS a, 1 AS one FROM src s", "src.x>dst.a ; src; dst"},
      {"CREATE VIEW v (p, q) AS SELECT x, y + z FROM src", "src.x>v.p src.y>v.q src.z>v.q ; src; v"},
      {"INSERT INTO dst SELECT x + y FROM src", "src.x>dst.x + y src.y>dst.x + y ; src; dst"},
      {"INSERT INTO dst SELECT upper(x) FROM src", "src.x>dst.upper(x) ; src; dst"},
      {"INSERT INTO dst SELECT x::INT, CAST(y AS DATE) d FROM src", "src.x>dst.x src.y>dst.d ; src; dst"},
      {"INSERT INTO dst SELECT CASE WHEN a > 0 THEN b ELSE c END AS v FROM src",
       "src.a>dst.v src.b>dst.v src.c>dst.v ; src; dst"},
      {"INSERT INTO dst SELECT sum(a) OVER (PARTITION BY b ORDER BY c) AS w FROM src",
       "src.a>dst.w src.b>dst.w src.c>dst.w ; src; dst"},
      {"INSERT INTO dst SELECT count(*) AS n FROM src", "src.*>dst.n ; src; dst"},
      {"INSERT INTO dst SELECT current_date AS d, a FROM src", "src.a>dst.a ; src; dst"},
      {"INSERT INTO dst SELECT list_transform(xs, x -> x + k) AS v FROM src", "src.k>dst.v src.xs>dst.v ; src; dst"},
      {"INSERT INTO dst VALUES (1, (SELECT max(id) FROM src))", "; src; dst"},
      {"INSERT INTO dst (a, b) VALUES (1, (SELECT max(id) FROM src))", "src.id>dst.b ; src; dst"},
      {"SELECT a AS b FROM src", "src.a>?.b ; src;"},
      {"SELECT 1", ";;"},
  });
}

TEST(Foreign, ResolvesNamesByWhatTheTextSays) {
  check({
      {"INSERT INTO dst SELECT a.x, b.y FROM t1 a JOIN t2 b ON a.id = b.id", "t1.x>dst.x t2.y>dst.y ; t1 t2; dst"},
      {"INSERT INTO dst SELECT x FROM t1 JOIN t2 ON t1.id = t2.id", "?.x>dst.x ; t1 t2; dst"},
      {"INSERT INTO dst SELECT id FROM t1 JOIN t2 USING (id)", "t1.id>dst.id t2.id>dst.id ; t1 t2; dst"},
      {"INSERT INTO dst SELECT v FROM (SELECT v FROM t1) a JOIN t2 ON true", "t1.v>dst.v ; t1 t2; dst"},
      {"INSERT INTO dst SELECT S.X FROM s", "s.x>dst.x ; s; dst"},
      {"INSERT INTO dst SELECT \"Odd Name\" FROM src", "src.Odd Name>dst.Odd Name ; src; dst"},
      {"INSERT INTO dst SELECT q.x FROM (SELECT a AS x FROM t1 UNION ALL SELECT b FROM t2) q",
       "t1.a>dst.x t2.b>dst.x ; t1 t2; dst"},
      {"WITH q AS (SELECT a, b FROM src), r AS (SELECT a + b AS c FROM q) INSERT INTO dst SELECT c FROM r",
       "src.a>dst.c src.b>dst.c ; src; dst"},
      {"INSERT INTO dst WITH RECURSIVE r AS (SELECT a, b FROM s UNION ALL SELECT r.b, t.c FROM r JOIN t ON t.k = r.a) "
       "SELECT a FROM r",
       "s.a>dst.a s.b>dst.a t.c>dst.a ; s t; dst"},
      {"INSERT INTO dst SELECT (SELECT max(y) FROM u WHERE u.k = src.k) AS m FROM src", "u.y>dst.m ; src u; dst"},
      {"INSERT INTO dst SELECT l.z FROM src, LATERAL (SELECT src.a + u.b AS z FROM u) l",
       "src.a>dst.z u.b>dst.z ; src u; dst"},
      {"INSERT INTO dst SELECT item FROM src CROSS JOIN UNNEST(items) AS t (item)", "src.items>dst.item ; src; dst"},
      {"INSERT INTO dst SELECT a FROM src WHERE b IN (SELECT c FROM u)", "src.a>dst.a ; src u; dst"},
      {"INSERT INTO dst SELECT n FROM (VALUES (1), (2)) v(n)", ";; dst"},
  });
}

TEST(Foreign, KeepsStarsThatNobodyCanExpand) {
  check({
      {"INSERT INTO dst SELECT * FROM src", "src.*>dst.* ; src; dst"},
      {"INSERT INTO dst SELECT a.*, b.x FROM t1 a JOIN t2 b ON true", "t1.*>dst.* t2.x>dst.x ; t1 t2; dst"},
      {"INSERT INTO dst SELECT * FROM (SELECT a, b AS c FROM src)", "src.a>dst.a src.b>dst.c ; src; dst"},
      {"INSERT INTO dst SELECT x FROM (SELECT * FROM src)", "src.x>dst.x ; src; dst"},
      {"INSERT INTO dst SELECT x FROM (SELECT * FROM t1 JOIN t2 ON true)", "?.x>dst.x ; t1 t2; dst"},
  });
}

TEST(Foreign, ExpandsStarsAndSettlesNamesWithMetadata) {
  const json::Object metadata{
      {"m.t1", json::Array{"id", "x"}}, {"m.t2", json::Array{"id", "y"}}, {"m.dst", json::Array{"p", "q"}}};
  check(
      {
          {"INSERT INTO o SELECT * FROM m.t1", "m.t1.id>o.id m.t1.x>o.x ; m.t1; o"},
          {"INSERT INTO o SELECT x, y FROM m.t1 JOIN m.t2 ON m.t1.id = m.t2.id",
           "m.t1.x>o.x m.t2.y>o.y ; m.t1 m.t2; o"},
          {"INSERT INTO o SELECT id FROM m.t1 JOIN m.t2 ON true", "?.id>o.id ; m.t1 m.t2; o"},
          {"INSERT INTO o SELECT * EXCLUDE (id) REPLACE (x + id AS x) FROM m.t1", "m.t1.id>o.x m.t1.x>o.x ; m.t1; o"},
          {"INSERT INTO m.dst SELECT x, id FROM m.t1", "m.t1.id>m.dst.q m.t1.x>m.dst.p ; m.t1; m.dst"},
          {"INSERT INTO o SELECT x AS a, a || id AS b FROM m.t1", "m.t1.id>o.b m.t1.x>o.a m.t1.x>o.b ; m.t1; o"},
          {"INSERT INTO o SELECT * FROM m.t1 UNION SELECT * FROM m.t2",
           "m.t1.id>o.id m.t2.id>o.id m.t1.x>o.x m.t2.y>o.x ; m.t1 m.t2; o"},
      },
      metadata);
}

TEST(Foreign, FollowsUpdateAndMerge) {
  check({
      {"UPDATE t SET a = s.x FROM s WHERE s.id = t.id", "s.x>t.a ; s; t"},
      {"UPDATE t SET t.a = s.x, t.b = s.y FROM s WHERE true", "s.x>t.a s.y>t.b ; s; t"},
      {"UPDATE t SET a = b + 1", "t.b>t.a ;; t"},
      {"WITH c AS (SELECT x FROM s) UPDATE t SET a = c.x FROM c", "s.x>t.a ; s; t"},
      {"UPDATE t SET a = (SELECT max(x) FROM s)", "s.x>t.a ; s; t"},
      {"MERGE INTO t USING s ON t.k = s.k WHEN MATCHED THEN UPDATE SET t.v = s.v WHEN NOT MATCHED THEN INSERT (k, v) "
       "VALUES (s.k, s.w)",
       "s.k>t.k s.v>t.v s.w>t.v ; s; t"},
      {"MERGE INTO t USING (SELECT k, max(v) AS m FROM s GROUP BY k) q ON t.k = q.k WHEN MATCHED AND q.m > 1 THEN "
       "UPDATE SET v = q.m",
       "s.v>t.v ; s; t"},
  });
}

TEST(Foreign, SeesThroughTheTablesInBetween) {
  check({
      {"CREATE TEMP TABLE m AS SELECT a AS b FROM s; INSERT INTO d SELECT b AS c FROM m; DROP TABLE m",
       "s.a>d.c ; s; d"},
      {"CREATE VIEW v AS SELECT * FROM s; INSERT INTO d SELECT x FROM v", "s.x>d.x ; s; d"},
      // What else stands in m nobody knows: its star stays its own.
      {"INSERT INTO m SELECT a FROM s; INSERT INTO d SELECT * FROM m", "m.*>d.* s.a>m.a ; s; d"},
      {"INSERT INTO t SELECT max(t.a) AS a FROM t JOIN s ON t.k = s.k", "t.a>t.a ; s t; t"},
      {"CREATE TABLE m (a INT, b INT); INSERT INTO m SELECT x, y FROM s; INSERT INTO d SELECT * FROM m",
       "s.x>d.a s.y>d.b ; s; d"},
      {"INSERT INTO a SELECT x FROM s; ALTER TABLE a RENAME TO b", "s.x>b.x ; s; b"},
      {"CREATE TABLE a AS SELECT 1; DROP TABLE a", ";;"},
      {"USE somewhere; SET x = 1; DELETE FROM t; INSERT INTO d SELECT a FROM s;", "s.a>d.a ; s; d"},
  });
}

TEST(Foreign, TakesWhatOtherToolsWrite) {
  EXPECT_EQ(lineage("INSERT OVERWRITE TABLE d PARTITION (p = 1) SELECT `a` FROM `s`.`t`", "hive"),
            "s.t.a>d.a ; s.t; d");
  EXPECT_EQ(lineage("SELECT a INTO d FROM s", "postgres"), "s.a>d.a ; s; d");
  EXPECT_EQ(lineage("INSERT INTO d SELECT a.x FROM t a JOIN u b WHERE a.k = b.k", "mysql"), "t.x>d.x ; t u; d");
  EXPECT_EQ(lineage("CREATE TABLE d LIKE s", "ansi"), "; s; d");
  EXPECT_EQ(lineage("SELECT * FROM t", "no such dialect"), "unsupported");
  EXPECT_EQ(lineage("SELECT a = b FROM t", "tsql"), "unsupported");
  EXPECT_EQ(lineage("SELEC a FROM t"), "unsupported");
  EXPECT_EQ(lineage("INSERT INTO d SELECT * FROM t PIVOT (sum(x) FOR y IN (1, 2))"), "unsupported");
}

TEST(Foreign, HoldsLimits) {
  EXPECT_EQ(lineage(std::string(2 << 20, ' ')), "sql.too_long");
  EXPECT_EQ(lineage("SELECT " + std::string(1'000, '(') + "1" + std::string(1'000, ')')), "sql.too_deep");
  std::string many;
  for (int i = 0; i < 1'001; ++i) many += "SELECT 1;";
  EXPECT_EQ(lineage(many), "sql.too_many_statements");
  std::string chain = "SELECT a";
  for (int i = 0; i < 5'000; ++i) chain += " + a";
  EXPECT_EQ(lineage(chain + " FROM t"), "unsupported");
  EXPECT_EQ(foreign_lineage(json::Value(1)).error().code, "sql.lineage_request");
  EXPECT_EQ(foreign_lineage(json::Object{{"sql", "SELECT 1"}, {"metadata", "x"}}).error().code, "sql.lineage_request");
  EXPECT_EQ(lineage(std::string("SELECT \0", 8)), "unsupported");
  for (const auto* sql :
       {"JOIN", "FROM (", "INSERT", "INSERT INTO", "SELECT DISTINCT ON (", "SET a.", "CREATE TABLE", "SELECT * INTO"}) {
    EXPECT_EQ(lineage(sql), "unsupported") << sql;
  }
}

}  // namespace
}  // namespace weft::engine::worker
