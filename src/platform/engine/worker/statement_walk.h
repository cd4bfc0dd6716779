#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "duckdb/common/optional_idx.hpp"
#include "duckdb/common/unique_ptr.hpp"

namespace duckdb {
class BaseTableRef;
class FunctionExpression;
class ParsedExpression;
class PivotRef;
class QueryNode;
class SelectNode;
class SelectStatement;
class ShowRef;
class TableFunctionRef;
class TableRef;
class WindowExpression;
struct CommonTableExpressionInfo;
}  // namespace duckdb

namespace weft::engine::worker {

using TableSlot = duckdb::unique_ptr<duckdb::TableRef>;
using ExpressionSlot = duckdb::unique_ptr<duckdb::ParsedExpression>;

// Walks a whole parse tree: every expression, subquery, CTE body and table reference, knowing which names are CTEs
// where they stand. What it does not know it refuses: a new kind of node in a later engine is an error, not a hole.
// Hooks run before the children of what they are called with.
class TreeWalk {
 public:
  virtual ~TreeWalk() = default;
  Result<> walk(duckdb::SelectStatement& statement);

 protected:
  // A name in FROM that is no CTE in scope. `slot` may be replaced after the walk, not during it.
  virtual Result<> on_table(TableSlot&, duckdb::BaseTableRef&) { return {}; }
  virtual Result<> on_table_function(duckdb::TableFunctionRef&) { return {}; }
  virtual Result<> on_show(duckdb::ShowRef&);
  virtual Result<> on_expression(ExpressionSlot&) { return {}; }
  // Around a SELECT: its FROM, its expressions, and the subqueries among them.
  virtual Result<> enter_select(duckdb::SelectNode&) { return {}; }
  virtual void leave_select(duckdb::SelectNode&) {}

  bool is_cte(const duckdb::BaseTableRef& ref) const;

  Result<> walk_node(duckdb::QueryNode& node);
  Result<> walk_ref(TableSlot& slot);
  Result<> walk_expression(ExpressionSlot& expression);

 private:
  struct Cte {
    std::string name;
    bool is_recurring = false;  // Also visible as recurring.NAME.
  };
  Result<> walk_cte(const std::string& name, duckdb::CommonTableExpressionInfo& info);
  Result<> walk_body(duckdb::QueryNode& node);
  Result<> walk_select(duckdb::SelectNode& node);
  Result<> walk_modifiers(duckdb::QueryNode& node);
  Result<> walk_pivot(duckdb::PivotRef& pivot);
  Result<> walk_children(duckdb::ParsedExpression& expression);

  std::vector<Cte> ctes_;
  int depth_ = 0;
};

// denied "sql.not_allowed" with the place.
std::unexpected<Error> not_allowed(duckdb::optional_idx position, std::string message);
std::unexpected<Error> too_deep();

}  // namespace weft::engine::worker
