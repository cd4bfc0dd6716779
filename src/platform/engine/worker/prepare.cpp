#include "platform/engine/worker/prepare.h"

#include "duckdb.hpp"
#include "duckdb/common/exception.hpp"
#include "duckdb/execution/physical_plan_generator.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/main/prepared_statement_data.hpp"
#include "duckdb/optimizer/optimizer.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "duckdb/planner/planner.hpp"
#include "platform/engine/worker/allow_list.h"
#include "platform/engine/worker/analysis.h"
#include "platform/engine/worker/scan.h"
#include "platform/engine/worker/statement.h"
#include "platform/engine/worker/types.h"

namespace weft::engine::worker {
namespace {

// Behind the parse tree and the look-ups of the binder: whatever was bound, a plan scans nothing that control did not
// decide.
void refuse_foreign_scans(duckdb::LogicalOperator& op) {
  if (op.type == duckdb::LogicalOperatorType::LOGICAL_GET) {
    const auto& get = op.Cast<duckdb::LogicalGet>();
    if (relation_of(get) < 0 && verdict_on_table_function(get.function.name) != Verdict::allowed &&
        !is_put_in_by_the_binder(get.function.name)) {
      throw duckdb::PermissionException("the table function %s() is not allowed", get.function.name);
    }
  }
  for (auto& child : op.children) refuse_foreign_scans(*child);
}

void describe_columns(const duckdb::Planner& planner, Plan& plan) {
  plan.columns.resize(planner.names.size());
  for (std::size_t i = 0; i < planner.names.size(); ++i) {
    plan.columns[i].name = planner.names[i];
    plan.columns[i].engine_type = planner.types[i].ToString();
    plan.columns[i].type = iceberg_type_of(planner.types[i]);
  }
}

bool has_recursion(const duckdb::LogicalOperator& op) {
  return op.type == duckdb::LogicalOperatorType::LOGICAL_RECURSIVE_CTE ||
         std::any_of(op.children.begin(), op.children.end(), [](const auto& child) { return has_recursion(*child); });
}

// DuckDB 1.5.5 sometimes loses rows of a recursion whose joins filter their scans: one round's filter meets the next
// round's scan. Recursions do without these filters.
duckdb::unique_ptr<duckdb::LogicalOperator> optimized(duckdb::Planner& planner, duckdb::ClientContext& context,
                                                      duckdb::unique_ptr<duckdb::LogicalOperator> plan) {
  auto& disabled = duckdb::DBConfig::GetConfig(context).options.disabled_optimizers;
  struct Restore {
    std::set<duckdb::OptimizerType>& now;
    const std::set<duckdb::OptimizerType> before = now;
    ~Restore() { now = before; }
  } const restore{disabled};
  if (has_recursion(*plan)) disabled.insert(duckdb::OptimizerType::JOIN_FILTER_PUSHDOWN);
  duckdb::Optimizer optimizer(*planner.binder, context);
  return optimizer.Optimize(std::move(plan));
}

// What the engine's own Prepare does, with our looks at the plan in between. Throws.
Result<Prepared> bind(duckdb::ClientContext& context, duckdb::unique_ptr<duckdb::SQLStatement> statement,
                      const std::vector<Relation>& relations) {
  Prepared prepared;
  auto data = duckdb::make_shared_ptr<duckdb::PreparedStatementData>(statement->type);
  prepared.plan.statement =
      statement->type == duckdb::StatementType::EXPLAIN_STATEMENT ? Statement::explain : Statement::select;
  data->unbound_statement = statement->Copy();
  duckdb::Planner planner(context);
  guard(*planner.binder);
  planner.CreatePlan(std::move(statement));
  auto plan = std::move(planner.plan);
  refuse_foreign_scans(*plan);
  describe_columns(planner, prepared.plan);
  prepared.plan.relations.resize(relations.size());
  TRY(trace_lineage(*plan, relations, prepared.plan));
  data->properties = planner.properties;
  // What was looked at is what runs: once, at once, over files that no path can change.
  data->properties.always_require_rebind = false;
  data->names = planner.names;
  data->types = planner.types;
  data->value_map = std::move(planner.value_map);
  if (plan->RequireOptimizer()) plan = optimized(planner, context, std::move(plan));
  read_scans(context, *plan, prepared.plan);
  duckdb::PhysicalPlanGenerator generator(context);
  data->physical_plan = generator.Plan(std::move(plan));
  prepared.statement = std::make_unique<duckdb::PreparedStatement>(
      context.shared_from_this(), std::move(data), std::string(), duckdb::case_insensitive_map_t<duckdb::idx_t>());
  return prepared;
}

bool has_equality(const duckdb::ParsedExpression& expression) {
  const auto type = expression.GetExpressionType();
  if (type == duckdb::ExpressionType::COMPARE_EQUAL || type == duckdb::ExpressionType::COMPARE_IN) return true;
  bool found = false;
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      expression, [&](const duckdb::ParsedExpression& child) { found = found || has_equality(child); });
  return found;
}

}  // namespace

bool looks_like_point(const duckdb::SQLStatement& statement) {
  if (statement.type != duckdb::StatementType::SELECT_STATEMENT) return false;
  const auto& node = *statement.Cast<duckdb::SelectStatement>().node;
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return false;
  const auto& select = node.Cast<duckdb::SelectNode>();
  return select.where_clause && select.groups.group_expressions.empty() &&
         select.from_table->type == duckdb::TableReferenceType::BASE_TABLE && has_equality(*select.where_clause);
}

Result<Prepared> prepare(duckdb::Connection& connection, std::unique_ptr<duckdb::SQLStatement> statement,
                         const std::vector<Relation>& relations) {
  Result<Prepared> prepared;
  try {
    connection.context->RunFunctionInTransaction([&] {
      prepared = bind(*connection.context, duckdb::unique_ptr<duckdb::SQLStatement>(statement.release()), relations);
    });
  } catch (const std::exception& exception) {
    return fail(error_from(exception));
  }
  return prepared;
}

}  // namespace weft::engine::worker
