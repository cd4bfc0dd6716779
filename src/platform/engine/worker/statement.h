#pragma once

#include <exception>
#include <string_view>
#include <vector>

#include "platform/engine/worker/analysis.h"
#include "platform/engine/worker/statement_walk.h"

namespace duckdb {
class Binder;
class BaseTableRef;
class SelectStatement;
}  // namespace duckdb

namespace weft::engine::worker {

// Parts of parse_governed that rewriting uses again.

// The SELECT of a governed statement: its own, or the one that EXPLAIN explains. CHECKs that there is one.
duckdb::SelectStatement& select_of(duckdb::SQLStatement& statement);

// A name in FROM of the tree, where it stands.
struct TablePlace {
  TableSlot* slot;
  duckdb::BaseTableRef* ref;
  TableName name;
  std::size_t order = 0;  // In which the tree was walked: settles what has no offset.
};
// In order of appearance: the order of Parsed::tables.
Result<std::vector<TablePlace>> table_places(duckdb::SelectStatement& statement);

// An expression that a policy wrote (row filter, mask), held to the same allow-list; no subqueries, no parameters.
Result<ExpressionSlot> parse_policy_expression(std::string_view sql);

// What DuckDB threw, as one of our errors: "sql.syntax", "sql.unknown_column", "sql.bind", "sql.too_deep", "sql.run" …,
// with `position` (byte offset) and `candidates` where the engine tells them.
Error error_from(const std::exception& exception);

// The second check, while binding: refuses every table, view and function of the catalog that the first should have
// refused, also inside macros. To be called on the planner's binder before CreatePlan.
void guard(duckdb::Binder& binder);

}  // namespace weft::engine::worker
