#include <algorithm>
#include <map>

#include "base/check.h"
#include "duckdb/planner/expression/list.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/logical_operator.hpp"
#include "duckdb/planner/operator/list.hpp"
#include "platform/engine/worker/analysis.h"
#include "platform/engine/worker/lineage_uses.h"

// Column lineage from the bound, unoptimised plan. One pass from the leaves up: for each column that an operator gives
// (a binding), the set of source columns and how they are used. What decides which rows there are, or their order, goes
// to the plan as a whole.
namespace weft::engine::worker {
namespace {

using duckdb::ColumnBinding;
using duckdb::Expression;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

struct BindingLess {
  bool operator()(const ColumnBinding& a, const ColumnBinding& b) const {
    return a.table_index != b.table_index ? a.table_index < b.table_index : a.column_index < b.column_index;
  }
};

class Tracer {
 public:
  Tracer(const std::vector<Relation>& relations, RelationOf relation_of_scan)
      : relations_(relations), relation_of_scan_(relation_of_scan) {}

  void trace(LogicalOperator& op);
  Uses of(const ColumnBinding& binding) const {
    const auto found = columns_.find(binding);
    return found == columns_.end() ? Uses() : found->second;
  }
  const Uses& rows() const { return rows_; }

 private:
  Uses of(const Expression& expression) const;
  Uses of_window(const duckdb::BoundWindowExpression& window) const;
  Uses of_aggregate(const duckdb::BoundAggregateExpression& aggregate) const;
  template <class List>
  Uses of_all(const List& expressions) const;
  void rows_by(const Uses& uses, Use use) { rows_.add(uses.as(use)); }
  void set(const ColumnBinding& binding, Uses uses) { columns_[binding] = std::move(uses); }
  std::vector<Uses> outputs(LogicalOperator& op) const;

  void trace_children(LogicalOperator& op);
  void trace_get(duckdb::LogicalGet& get);
  void trace_aggregate(duckdb::LogicalAggregate& aggregate);
  void trace_pivot(duckdb::LogicalPivot& pivot);
  void trace_set_operation(duckdb::LogicalSetOperation& op);
  void trace_recursion(duckdb::LogicalRecursiveCTE& cte);
  void trace_cte(duckdb::LogicalMaterializedCTE& cte);
  void trace_cte_ref(duckdb::LogicalCTERef& ref);
  void trace_join(duckdb::LogicalComparisonJoin& join);
  void trace_distinct(duckdb::LogicalDistinct& distinct);
  void trace_delim_get(const duckdb::LogicalDelimGet& get);
  void trace_values(duckdb::LogicalExpressionGet& get);
  void trace_other(LogicalOperator& op);
  int view_of(const std::string& cte_name) const;

  const std::vector<Relation>& relations_;
  RelationOf relation_of_scan_;
  std::map<ColumnBinding, Uses, BindingLess> columns_;
  std::map<duckdb::idx_t, std::vector<Uses>> ctes_;
  std::map<duckdb::idx_t, int> views_;     // CTE index → relation.
  std::vector<std::vector<Uses>> delims_;  // What the enclosing delim joins hand to their delim scans.
  Uses rows_;
};

Uses Tracer::of(const Expression& expression) const {
  switch (expression.GetExpressionClass()) {
    case duckdb::ExpressionClass::BOUND_COLUMN_REF:
      return of(expression.Cast<duckdb::BoundColumnRefExpression>().binding);
    case duckdb::ExpressionClass::BOUND_WINDOW:
      return of_window(expression.Cast<duckdb::BoundWindowExpression>());
    case duckdb::ExpressionClass::BOUND_AGGREGATE:
      return of_aggregate(expression.Cast<duckdb::BoundAggregateExpression>());
    default:
      break;
  }
  Uses uses;
  duckdb::ExpressionIterator::EnumerateChildren(expression, [&](const Expression& child) { uses.add(of(child)); });
  return uses;
}

template <class List>
Uses Tracer::of_all(const List& expressions) const {
  Uses uses;
  for (const auto& expression : expressions) {
    if (expression) uses.add(of(*expression));
  }
  return uses;
}

Uses Tracer::of_window(const duckdb::BoundWindowExpression& window) const {
  Uses uses = of_all(window.children);
  for (const auto* part : {&window.offset_expr, &window.default_expr}) {
    if (*part) uses.add(of(**part));
  }
  if (window.filter_expr) uses.add(of(*window.filter_expr).as(Use::filter));
  Uses frame = of_all(window.partitions);
  for (const auto& order : window.orders) frame.add(of(*order.expression));
  for (const auto& order : window.arg_orders) frame.add(of(*order.expression));
  for (const auto* part : {&window.start_expr, &window.end_expr}) {
    if (*part) frame.add(of(**part));
  }
  uses.add(frame.as(Use::window));
  return uses;
}

Uses Tracer::of_aggregate(const duckdb::BoundAggregateExpression& aggregate) const {
  Uses uses = of_all(aggregate.children);
  if (aggregate.filter) uses.add(of(*aggregate.filter).as(Use::filter));
  if (aggregate.order_bys) {
    for (const auto& order : aggregate.order_bys->orders) uses.add(of(*order.expression).as(Use::order));
  }
  return uses;
}

std::vector<Uses> Tracer::outputs(LogicalOperator& op) const {
  std::vector<Uses> answer;
  for (const auto& binding : op.GetColumnBindings()) answer.push_back(of(binding));
  return answer;
}

void Tracer::trace_children(LogicalOperator& op) {
  for (auto& child : op.children) trace(*child);
}

void Tracer::trace_get(duckdb::LogicalGet& get) {
  const int relation = relation_of_scan_(get);
  if (relation < 0) {
    // range, unnest, json_each …: each column they give is made from all arguments; lateral ones stand in the child.
    Uses inputs;
    if (!get.children.empty()) {
      const auto given = outputs(*get.children[0]);
      const std::size_t count =
          get.input_table_types.empty() ? given.size() : std::min(given.size(), get.input_table_types.size());
      for (std::size_t i = 0; i < count; ++i) inputs.add(given[i]);
      rows_by(inputs, Use::join);
    }
    for (std::size_t i = 0; i < std::max<std::size_t>(get.GetColumnIds().size(), 1); ++i)
      set({get.table_index, i}, inputs);
    return;
  }
  CHECK(static_cast<std::size_t>(relation) < relations_.size());
  const auto& columns = relations_[static_cast<std::size_t>(relation)].columns;
  const auto& ids = get.GetColumnIds();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].IsVirtualColumn()) continue;
    const std::string& name = get.names[ids[i].GetPrimaryIndex()];
    const auto found = std::ranges::find(columns, name, &Column::name);
    const int field_id = found == columns.end() ? 0 : found->field_id;
    set({get.table_index, i},
        Uses::column({.relation = relation, .column = name, .field_id = field_id, .use = Use::value}));
  }
}

void Tracer::trace_aggregate(duckdb::LogicalAggregate& aggregate) {
  trace_children(aggregate);
  Uses groups;
  for (std::size_t i = 0; i < aggregate.groups.size(); ++i) {
    Uses uses = of(*aggregate.groups[i]);
    groups.add(uses);
    set({aggregate.group_index, i}, std::move(uses));
  }
  const Uses by_group = groups.as(Use::group);
  rows_.add(by_group);
  for (std::size_t i = 0; i < aggregate.expressions.size(); ++i) {
    Uses uses = of(*aggregate.expressions[i]);
    uses.add(by_group);
    set({aggregate.aggregate_index, i}, std::move(uses));
  }
  for (std::size_t i = 0; i < aggregate.grouping_functions.size(); ++i) set({aggregate.groupings_index, i}, by_group);
}

void Tracer::trace_pivot(duckdb::LogicalPivot& pivot) {
  trace_children(pivot);
  const auto given = outputs(*pivot.children[0]);
  const std::size_t groups = std::min<std::size_t>(pivot.bound_pivot.group_count, given.size());
  Uses pivoted;
  for (std::size_t i = groups; i < given.size(); ++i) pivoted.add(given[i]);
  for (std::size_t i = 0; i < pivot.bound_pivot.types.size(); ++i)
    set({pivot.pivot_index, i}, i < groups ? given[i] : pivoted);
}

void Tracer::trace_set_operation(duckdb::LogicalSetOperation& op) {
  trace_children(op);
  std::vector<Uses> merged(op.column_count);
  for (auto& child : op.children) {
    const auto given = outputs(*child);
    for (std::size_t i = 0; i < merged.size() && i < given.size(); ++i) merged[i].add(given[i]);
  }
  const bool keeps_all = op.type == LogicalOperatorType::LOGICAL_UNION && op.setop_all;
  for (std::size_t i = 0; i < merged.size(); ++i) {
    if (!keeps_all) rows_by(merged[i], op.type == LogicalOperatorType::LOGICAL_UNION ? Use::group : Use::join);
    set({op.table_index, i}, merged[i]);
  }
}

void Tracer::trace_recursion(duckdb::LogicalRecursiveCTE& cte) {
  trace(*cte.children[0]);
  auto known = outputs(*cte.children[0]);
  known.resize(cte.column_count);
  // Each turn can only add; the sets are finite, so it ends.
  for (bool has_grown = true; has_grown;) {
    ctes_[cte.table_index] = known;
    trace(*cte.children[1]);
    const auto given = outputs(*cte.children[1]);
    has_grown = false;
    for (std::size_t i = 0; i < known.size() && i < given.size(); ++i) has_grown |= known[i].add(given[i]);
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (!cte.union_all) rows_by(known[i], Use::group);
    set({cte.table_index, i}, known[i]);
  }
  rows_by(of_all(cte.key_targets), Use::group);
}

int Tracer::view_of(const std::string& cte_name) const {
  for (std::size_t i = 0; i < relations_.size(); ++i) {
    if (relations_[i].kind == RelationKind::view && cte_name == view_cte(static_cast<int>(i)))
      return static_cast<int>(i);
  }
  return -1;
}

void Tracer::trace_cte(duckdb::LogicalMaterializedCTE& cte) {
  trace(*cte.children[0]);
  auto given = outputs(*cte.children[0]);
  given.resize(std::max<std::size_t>(given.size(), cte.column_count));
  ctes_[cte.table_index] = std::move(given);
  views_[cte.table_index] = view_of(cte.ctename);
  trace(*cte.children[1]);
}

void Tracer::trace_cte_ref(duckdb::LogicalCTERef& ref) {
  const auto& given = ctes_[ref.cte_index];
  const auto view = views_.find(ref.cte_index);
  const int relation = view == views_.end() ? -1 : view->second;
  for (std::size_t i = 0; i < ref.chunk_types.size(); ++i) {
    Uses uses = i < given.size() ? given[i] : Uses();
    if (relation >= 0 && i < ref.bound_columns.size()) {
      const auto& columns = relations_[static_cast<std::size_t>(relation)].columns;
      const auto found = std::ranges::find(columns, ref.bound_columns[i], &Column::name);
      uses.add(Uses::column({.relation = relation,
                             .column = ref.bound_columns[i],
                             .field_id = found == columns.end() ? 0 : found->field_id,
                             .use = Use::value}));
    }
    set({ref.table_index, i}, std::move(uses));
  }
}

void Tracer::trace_join(duckdb::LogicalComparisonJoin& join) {
  const bool is_delim = !join.duplicate_eliminated_columns.empty();
  const std::size_t outer = is_delim && join.delim_flipped ? 1 : 0;
  trace(*join.children[outer]);
  if (is_delim) {
    std::vector<Uses> handed;
    for (const auto& column : join.duplicate_eliminated_columns) handed.push_back(of(*column));
    delims_.push_back(std::move(handed));
  }
  trace(*join.children[1 - outer]);
  if (is_delim) delims_.pop_back();
  Uses condition;
  for (const auto& part : join.conditions) {
    condition.add(of(*part.left));
    condition.add(of(*part.right));
  }
  if (join.predicate) condition.add(of(*join.predicate));
  rows_by(condition, Use::join);
  if (join.join_type == duckdb::JoinType::MARK) set({join.mark_index, 0}, std::move(condition));
}

void Tracer::trace_distinct(duckdb::LogicalDistinct& distinct) {
  trace_children(distinct);
  rows_by(of_all(distinct.distinct_targets), Use::group);
  if (!distinct.order_by) return;
  for (const auto& order : distinct.order_by->orders) rows_by(of(*order.expression), Use::order);
}

void Tracer::trace_delim_get(const duckdb::LogicalDelimGet& get) {
  for (std::size_t i = 0; i < get.chunk_types.size() && !delims_.empty(); ++i) {
    if (i < delims_.back().size()) set({get.table_index, i}, delims_.back()[i]);
  }
}

void Tracer::trace_values(duckdb::LogicalExpressionGet& get) {
  trace_children(get);
  for (const auto& row : get.expressions) {
    for (std::size_t i = 0; i < row.size(); ++i) columns_[{get.table_index, i}].add(of(*row[i]));
  }
}

void Tracer::trace_other(LogicalOperator& op) {
  trace_children(op);
  duckdb::LogicalOperatorVisitor::EnumerateExpressions(
      op, [&](duckdb::unique_ptr<Expression>* expression) { rows_by(of(**expression), Use::filter); });
}

void Tracer::trace(LogicalOperator& op) {
  switch (op.type) {
    case LogicalOperatorType::LOGICAL_GET:
      trace_children(op);
      return trace_get(op.Cast<duckdb::LogicalGet>());
    case LogicalOperatorType::LOGICAL_PROJECTION: {
      trace_children(op);
      const auto index = op.Cast<duckdb::LogicalProjection>().table_index;
      for (std::size_t i = 0; i < op.expressions.size(); ++i) set({index, i}, of(*op.expressions[i]));
      return;
    }
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY:
      return trace_aggregate(op.Cast<duckdb::LogicalAggregate>());
    case LogicalOperatorType::LOGICAL_WINDOW: {
      trace_children(op);
      const auto index = op.Cast<duckdb::LogicalWindow>().window_index;
      for (std::size_t i = 0; i < op.expressions.size(); ++i) set({index, i}, of(*op.expressions[i]));
      return;
    }
    case LogicalOperatorType::LOGICAL_UNNEST: {
      trace_children(op);
      const auto index = op.Cast<duckdb::LogicalUnnest>().unnest_index;
      for (std::size_t i = 0; i < op.expressions.size(); ++i) set({index, i}, of(*op.expressions[i]));
      return rows_by(of_all(op.expressions), Use::join);
    }
    case LogicalOperatorType::LOGICAL_PIVOT:
      return trace_pivot(op.Cast<duckdb::LogicalPivot>());
    case LogicalOperatorType::LOGICAL_UNION:
    case LogicalOperatorType::LOGICAL_EXCEPT:
    case LogicalOperatorType::LOGICAL_INTERSECT:
      return trace_set_operation(op.Cast<duckdb::LogicalSetOperation>());
    case LogicalOperatorType::LOGICAL_RECURSIVE_CTE:
      return trace_recursion(op.Cast<duckdb::LogicalRecursiveCTE>());
    case LogicalOperatorType::LOGICAL_MATERIALIZED_CTE:
      return trace_cte(op.Cast<duckdb::LogicalMaterializedCTE>());
    case LogicalOperatorType::LOGICAL_CTE_REF:
      return trace_cte_ref(op.Cast<duckdb::LogicalCTERef>());
    case LogicalOperatorType::LOGICAL_DELIM_GET:
      return trace_delim_get(op.Cast<duckdb::LogicalDelimGet>());
    case LogicalOperatorType::LOGICAL_EXPRESSION_GET:
      return trace_values(op.Cast<duckdb::LogicalExpressionGet>());
    case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
    case LogicalOperatorType::LOGICAL_DELIM_JOIN:
    case LogicalOperatorType::LOGICAL_ASOF_JOIN:
      return trace_join(op.Cast<duckdb::LogicalComparisonJoin>());
    case LogicalOperatorType::LOGICAL_ANY_JOIN: {
      trace_children(op);
      auto& join = op.Cast<duckdb::LogicalAnyJoin>();
      Uses condition = of(*join.condition);
      rows_by(condition, Use::join);
      if (join.join_type == duckdb::JoinType::MARK) set({join.mark_index, 0}, std::move(condition));
      return;
    }
    case LogicalOperatorType::LOGICAL_DISTINCT:
      return trace_distinct(op.Cast<duckdb::LogicalDistinct>());
    case LogicalOperatorType::LOGICAL_ORDER_BY:
      trace_children(op);
      for (const auto& order : op.Cast<duckdb::LogicalOrder>().orders) rows_by(of(*order.expression), Use::order);
      return;
    default:
      return trace_other(op);
  }
}

void note_read(const Uses& uses, Plan& plan) {
  for (const auto& use : uses.list()) {
    auto& columns = plan.relations[static_cast<std::size_t>(use.relation)].columns;
    const auto place = std::ranges::lower_bound(columns, use.column);
    if (place == columns.end() || *place != use.column) columns.insert(place, use.column);
  }
}

}  // namespace

Result<> trace_lineage(LogicalOperator& bound, const std::vector<Relation>& relations, Plan& plan,
                       RelationOf relation_of_scan) {
  LogicalOperator* root = &bound;
  const bool is_explained = root->type == LogicalOperatorType::LOGICAL_EXPLAIN;
  if (is_explained) root = root->children[0].get();
  try {
    Tracer tracer(relations, relation_of_scan);
    tracer.trace(*root);
    plan.relations.resize(std::max(plan.relations.size(), relations.size()));
    plan.rows_from = tracer.rows().list();
    note_read(tracer.rows(), plan);
    const auto bindings = root->GetColumnBindings();
    if (!is_explained && plan.columns.size() < bindings.size()) plan.columns.resize(bindings.size());
    for (std::size_t i = 0; i < bindings.size(); ++i) {
      const Uses uses = tracer.of(bindings[i]);
      note_read(uses, plan);
      if (!is_explained) plan.columns[i].from = uses.list();
    }
  } catch (const std::exception& exception) {
    return fail(ErrorKind::internal, "sql.lineage", "the lineage of the query could not be traced: {}",
                exception.what());
  }
  return {};
}

}  // namespace weft::engine::worker
