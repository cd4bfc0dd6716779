#include "platform/engine/worker/statement_walk.h"

#include "base/text.h"
#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/list.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"

namespace weft::engine::worker {
namespace {

// Deeper than anything people write, shallow enough for a thread's stack in a sanitized build.
constexpr int kDepthMax = 1'200;

class DepthGuard {
 public:
  explicit DepthGuard(int& depth) : depth_(depth) { ++depth_; }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  int& depth_;
};

bool is_known(const duckdb::ParsedExpression& expression) {
  using enum duckdb::ExpressionClass;
  switch (expression.GetExpressionClass()) {
    case BETWEEN:
    case CASE:
    case CAST:
    case COLLATE:
    case COLUMN_REF:
    case COMPARISON:
    case CONJUNCTION:
    case CONSTANT:
    case FUNCTION:
    case LAMBDA:
    case OPERATOR:
    case PARAMETER:
    case POSITIONAL_REFERENCE:
    case STAR:
    case SUBQUERY:
    case TYPE:
    case WINDOW:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::unexpected<Error> not_allowed(duckdb::optional_idx position, std::string message) {
  Error error{.kind = ErrorKind::denied, .code = "sql.not_allowed", .message = std::move(message), .details = {}};
  if (position.IsValid()) {
    error.message += format(" (at character {})", position.GetIndex() + 1);
    error.details.set("position", static_cast<std::int64_t>(position.GetIndex()));
  }
  return fail(std::move(error));
}

std::unexpected<Error> too_deep() {
  return fail(ErrorKind::limit, "sql.too_deep",
              "the SQL nests too deep; write long chains of operators as lists (IN, list functions), or split the "
              "query into CTEs");
}

Result<> TreeWalk::on_show(duckdb::ShowRef& show) {
  return not_allowed(show.query_location, "DESCRIBE and SUMMARIZE stand alone, not within another query");
}

Result<> TreeWalk::walk(duckdb::SelectStatement& statement) { return walk_node(*statement.node); }

// As the engine binds them: an unqualified name, without case; `recurring.name` within the recursive arm.
bool TreeWalk::is_cte(const duckdb::BaseTableRef& ref) const {
  if (!ref.catalog_name.empty()) return false;
  for (const auto& cte : ctes_) {
    if (!text::iequals(cte.name, ref.table_name)) continue;
    if (ref.schema_name.empty()) return true;
    if (cte.is_recurring && text::iequals(ref.schema_name, "recurring")) return true;
  }
  return false;
}

Result<> TreeWalk::walk_node(duckdb::QueryNode& node) {
  const DepthGuard guard(depth_);
  if (depth_ > kDepthMax) return too_deep();
  const std::size_t outer = ctes_.size();
  // A CTE sees those before it and those outside, never itself: only the recursive arm does (walk_body).
  for (auto& entry : node.cte_map.map) TRY(walk_cte(entry.first, *entry.second));
  TRY(walk_body(node));
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) TRY(walk_modifiers(node));  // walk_select has its own.
  ctes_.resize(outer);
  return {};
}

Result<> TreeWalk::walk_cte(const std::string& name, duckdb::CommonTableExpressionInfo& info) {
  for (auto& key : info.key_targets) TRY(walk_expression(key));
  TRY(walk_node(*info.query->node));
  ctes_.push_back({.name = name});
  return {};
}

Result<> TreeWalk::walk_body(duckdb::QueryNode& node) {
  switch (node.type) {
    case duckdb::QueryNodeType::SELECT_NODE:
      return walk_select(node.Cast<duckdb::SelectNode>());
    case duckdb::QueryNodeType::SET_OPERATION_NODE:
      for (auto& child : node.Cast<duckdb::SetOperationNode>().children) TRY(walk_node(*child));
      return {};
    case duckdb::QueryNodeType::RECURSIVE_CTE_NODE: {
      auto& recursive = node.Cast<duckdb::RecursiveCTENode>();
      for (auto& key : recursive.key_targets) TRY(walk_expression(key));
      TRY(walk_node(*recursive.left));
      ctes_.push_back({.name = recursive.ctename, .is_recurring = true});
      TRY(walk_node(*recursive.right));
      ctes_.pop_back();
      return {};
    }
    default:
      return not_allowed({}, "this form of query is not allowed");
  }
}

Result<> TreeWalk::walk_select(duckdb::SelectNode& node) {
  TRY(enter_select(node));
  for (auto& expression : node.select_list) TRY(walk_expression(expression));
  if (node.from_table) TRY(walk_ref(node.from_table));
  if (node.where_clause) TRY(walk_expression(node.where_clause));
  for (auto& expression : node.groups.group_expressions) TRY(walk_expression(expression));
  if (node.having) TRY(walk_expression(node.having));
  if (node.qualify) TRY(walk_expression(node.qualify));
  // ORDER BY and DISTINCT ON see the names of FROM too.
  TRY(walk_modifiers(node));
  leave_select(node);
  return {};
}

Result<> TreeWalk::walk_modifiers(duckdb::QueryNode& node) {
  for (auto& modifier : node.modifiers) {
    switch (modifier->type) {
      case duckdb::ResultModifierType::LIMIT_MODIFIER: {
        auto& limit = modifier->Cast<duckdb::LimitModifier>();
        if (limit.limit) TRY(walk_expression(limit.limit));
        if (limit.offset) TRY(walk_expression(limit.offset));
        break;
      }
      case duckdb::ResultModifierType::LIMIT_PERCENT_MODIFIER: {
        auto& limit = modifier->Cast<duckdb::LimitPercentModifier>();
        if (limit.limit) TRY(walk_expression(limit.limit));
        if (limit.offset) TRY(walk_expression(limit.offset));
        break;
      }
      case duckdb::ResultModifierType::ORDER_MODIFIER:
        for (auto& order : modifier->Cast<duckdb::OrderModifier>().orders) TRY(walk_expression(order.expression));
        break;
      case duckdb::ResultModifierType::DISTINCT_MODIFIER:
        for (auto& target : modifier->Cast<duckdb::DistinctModifier>().distinct_on_targets)
          TRY(walk_expression(target));
        break;
      default:
        return not_allowed({}, "this clause is not allowed");
    }
  }
  return {};
}

Result<> TreeWalk::walk_pivot(duckdb::PivotRef& pivot) {
  TRY(walk_ref(pivot.source));
  for (auto& aggregate : pivot.aggregates) TRY(walk_expression(aggregate));
  for (auto& column : pivot.pivots) {
    // An enum type would be made from the data by a statement of its own, outside of what was decided.
    if (column.subquery || !column.pivot_enum.empty()) {
      return not_allowed(pivot.query_location, "PIVOT needs its values written out: ON column IN (value, …)");
    }
    for (auto& expression : column.pivot_expressions) TRY(walk_expression(expression));
    for (auto& entry : column.entries) {
      if (entry.expr) TRY(walk_expression(entry.expr));
    }
  }
  return {};
}

Result<> TreeWalk::walk_ref(TableSlot& slot) {
  const DepthGuard guard(depth_);
  if (depth_ > kDepthMax) return too_deep();
  auto& ref = *slot;
  switch (ref.type) {
    case duckdb::TableReferenceType::BASE_TABLE: {
      auto& base = ref.Cast<duckdb::BaseTableRef>();
      if (!is_cte(base)) return on_table(slot, base);
      if (base.at_clause)
        return not_allowed(ref.query_location, format("{} is a CTE, which has no AT", base.table_name));
      return {};
    }
    case duckdb::TableReferenceType::SUBQUERY:
      return walk_node(*ref.Cast<duckdb::SubqueryRef>().subquery->node);
    case duckdb::TableReferenceType::JOIN: {
      auto& join = ref.Cast<duckdb::JoinRef>();
      TRY(walk_ref(join.left));
      TRY(walk_ref(join.right));
      if (join.condition) TRY(walk_expression(join.condition));
      for (auto& column : join.duplicate_eliminated_columns) TRY(walk_expression(column));
      return {};
    }
    case duckdb::TableReferenceType::TABLE_FUNCTION: {
      auto& call = ref.Cast<duckdb::TableFunctionRef>();
      TRY(on_table_function(call));
      TRY(walk_children(*call.function));
      if (call.subquery) TRY(walk_node(*call.subquery->node));
      return {};
    }
    case duckdb::TableReferenceType::EXPRESSION_LIST:
      for (auto& row : ref.Cast<duckdb::ExpressionListRef>().values) {
        for (auto& value : row) TRY(walk_expression(value));
      }
      return {};
    case duckdb::TableReferenceType::EMPTY_FROM:
      return {};
    case duckdb::TableReferenceType::PIVOT:
      return walk_pivot(ref.Cast<duckdb::PivotRef>());
    case duckdb::TableReferenceType::SHOW_REF: {
      auto& show = ref.Cast<duckdb::ShowRef>();
      TRY(on_show(show));
      if (show.query) TRY(walk_node(*show.query));
      return {};
    }
    default:
      return not_allowed(ref.query_location, "this form of FROM is not allowed");
  }
}

Result<> TreeWalk::walk_expression(ExpressionSlot& slot) {
  const DepthGuard guard(depth_);
  if (depth_ > kDepthMax) return too_deep();
  if (!is_known(*slot)) return not_allowed(slot->GetQueryLocation(), "this form of expression is not allowed");
  TRY(on_expression(slot));
  if (slot->GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
    TRY(walk_node(*slot->Cast<duckdb::SubqueryExpression>().subquery->node));
  }
  return walk_children(*slot);
}

Result<> TreeWalk::walk_children(duckdb::ParsedExpression& expression) {
  // The iterator takes a callback without a result: the first error is kept and the rest skipped.
  Result<> outcome;
  duckdb::ParsedExpressionIterator::EnumerateChildren(expression, [&](ExpressionSlot& child) {
    if (outcome && child) outcome = walk_expression(child);
  });
  return outcome;
}

}  // namespace weft::engine::worker
