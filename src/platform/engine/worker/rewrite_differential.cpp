#include "platform/engine/worker/rewrite_differential.h"

#include <cstdlib>

#include "base/text.h"
#include "duckdb.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "duckdb/planner/planner.hpp"
#include "platform/engine/worker/allow_list.h"
#include "platform/engine/worker/analysis.h"
#include "platform/engine/worker/lineage_uses.h"
#include "platform/engine/worker/rewrite_barrier.h"
#include "platform/engine/worker/statement.h"

namespace weft::engine::worker {
namespace {

duckdb::unique_ptr<duckdb::FunctionData> bind_scan(duckdb::ClientContext&, duckdb::TableFunctionBindInput&,
                                                   duckdb::vector<duckdb::LogicalType>& types,
                                                   duckdb::vector<duckdb::string>& names) {
  types = {duckdb::LogicalType::INTEGER, duckdb::LogicalType::VARCHAR};
  names = {"a", "b"};
  return duckdb::make_uniq<duckdb::TableFunctionData>();
}

void no_rows(duckdb::ClientContext&, duckdb::TableFunctionInput&, duckdb::DataChunk&) {}

int relation_of_scan(const duckdb::LogicalGet& get) {
  return get.function.name == "weft_scan" ? get.parameters[0].GetValue<int>() : -1;
}

struct Bench {
  Bench() {
    duckdb::TableFunction scan("weft_scan", {duckdb::LogicalType::INTEGER}, no_rows, bind_scan);
    scan.projection_pushdown = true;
    duckdb::ExtensionLoader(*database.instance, "fuzz").RegisterFunction(scan);
    register_barrier(*database.instance);
    connection.Query("CREATE TABLE secret (a INTEGER, b VARCHAR); CREATE SCHEMA g; CREATE TABLE g.secret (a INTEGER)");
    connection.Query("SET enable_external_access = false");
    const std::vector<Column> columns = {{.field_id = 1, .name = "a", .type = {}, .mask_sql = {}},
                                         {.field_id = 2, .name = "b", .type = {}, .mask_sql = "upper(b)"}};
    relations.push_back({.name = "g.t",
                         .kind = RelationKind::table,
                         .columns = columns,
                         .row_filter_sql = "a > 1",
                         .row_count = 0,
                         .view_sql = {},
                         .view_relations = {}});
    relations.push_back({.name = "g.v",
                         .kind = RelationKind::view,
                         .columns = columns,
                         .row_filter_sql = {},
                         .row_count = 0,
                         .view_sql = "WITH q AS (SELECT * FROM g.t) SELECT a, b FROM q",
                         .view_relations = {0}});
  }
  duckdb::DuckDB database{nullptr};
  duckdb::Connection connection{database};
  std::vector<Relation> relations;
};

// Everything that a plan reads.
void check_plan(duckdb::LogicalOperator& op) {
  if (op.type == duckdb::LogicalOperatorType::LOGICAL_GET) {
    const auto& get = op.Cast<duckdb::LogicalGet>();
    const int relation = relation_of_scan(get);
    if (relation != 0 && verdict_on_table_function(get.function.name) != Verdict::allowed) std::abort();
  }
  for (auto& child : op.children) check_plan(*child);
}

void bind(Bench& bench, std::unique_ptr<duckdb::SQLStatement> statement) {
  try {
    bench.connection.context->RunFunctionInTransaction([&] {
      duckdb::Planner planner(*bench.connection.context);
      guard(*planner.binder);
      planner.CreatePlan(duckdb::unique_ptr<duckdb::SQLStatement>(statement.release()));
      if (!planner.plan) return;
      check_plan(*planner.plan);
      Plan plan;
      if (!trace_lineage(*planner.plan, bench.relations, plan, relation_of_scan)) std::abort();
    });
  } catch (const std::exception& exception) {
    // The guard speaking up means that the first check let something through.
    if (error_from(exception).code == "sql.not_allowed") std::abort();
  }
}

}  // namespace

void abort_unless_granted(std::string_view text) {
  static auto& bench = *new Bench;
  const std::string sql(text);
  static_cast<void>(foreign_lineage(json::Object{{"sql", sql}}));
  const auto parsed = parse_governed(*bench.connection.context, sql, Limits{});
  if (!parsed) return;
  Query query{.sql = sql, .relations = {}, .parameters = {}};
  for (const auto& table : parsed->parsed.tables) {
    const auto name = text::lower(text::join(table.parts, "."));
    if (name != "g.t" && name != "g.v") return;  // Not granted: control would stop here.
    query.relations.push_back(name == "g.t" ? 0 : 1);
  }
  auto rewritten = rewrite(*bench.connection.context, query, bench.relations, Limits{});
  if (rewritten) bind(bench, std::move(*rewritten));
}

}  // namespace weft::engine::worker
