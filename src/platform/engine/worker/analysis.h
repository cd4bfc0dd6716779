#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/engine/engine.h"

namespace duckdb {
class ClientContext;
class LogicalGet;
class LogicalOperator;
class SQLStatement;
class TableFunctionRef;
}  // namespace duckdb

// The worker's understanding of SQL: what is allowed, what it names, what feeds what. DuckDB's parse tree and bound
// plan are the only sources; nothing here opens a file.
namespace weft::engine::worker {

struct ParsedSql {
  std::unique_ptr<duckdb::SQLStatement> statement;
  Parsed parsed;
};

// Parses one statement and holds it to the allow-list of statements, functions and table functions (invalid
// "sql.syntax", denied "sql.not_allowed", limit "sql.too_long", "sql.too_deep"). CTE names are not table names.
Result<ParsedSql> parse_governed(duckdb::ClientContext& context, std::string_view sql, const Limits& limits);

// Replaces each table name of the query (and of the views among the relations, nested) by a scan of its relation:
// `weft_scan(<relation index>)` with the name as its alias, wrapped into a subquery where masks or a row filter apply.
// Qualified column names (`domain.product.column`) are led to the alias. Parses view texts with parse_governed.
Result<std::unique_ptr<duckdb::SQLStatement>> rewrite(duckdb::ClientContext& context, const Query& query,
                                                      const std::vector<Relation>& relations, const Limits& limits);

// Fills plan.columns[].from, plan.rows_from and plan.relations[].columns from the bound, unoptimised plan.
Result<> trace_lineage(duckdb::LogicalOperator& bound, const std::vector<Relation>& relations, Plan& plan);

// Any SQL text as somebody else's tool sees it: `{"sql","dialect","metadata"?}` →
// `{"columns":…,"sources":…,"targets":…}` or `{"unsupported":true}`. Runs on a connection of its own with an empty
// catalog.
Result<json::Value> foreign_lineage(const json::Value& request);

// Which relation a bound scan reads, or -1. Defined by scan.cpp beside the function `weft_scan`.
int relation_of(const duckdb::LogicalGet& get);

}  // namespace weft::engine::worker
