#include <algorithm>
#include <set>

#include "base/text.h"
#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/list.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "platform/engine/worker/allow_list.h"
#include "platform/engine/worker/lineage_uses.h"
#include "platform/engine/worker/rewrite_barrier.h"
#include "platform/engine/worker/rewrite_names.h"
#include "platform/engine/worker/statement.h"

namespace weft::engine::worker {
namespace {

constexpr int kViewsDeepMax = 32;
constexpr std::string_view kScan = "weft_scan";
constexpr std::string_view kInner = "weft_inner";

TableSlot scan_of(int relation) {
  duckdb::vector<ExpressionSlot> arguments;
  arguments.push_back(duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value::INTEGER(relation)));
  auto scan = duckdb::make_uniq<duckdb::TableFunctionRef>();
  scan->function = duckdb::make_uniq<duckdb::FunctionExpression>(std::string(kScan), std::move(arguments));
  return scan;
}

ExpressionSlot inner_column(const std::string& name) {
  return duckdb::make_uniq<duckdb::ColumnRefExpression>(name, std::string(kInner));
}

// Leads each column name of a policy's expression to the relation below it, so that none can be captured by a name of
// the query (FROM is implicitly LATERAL in DuckDB).
class PolicyNames {
 public:
  explicit PolicyNames(const Relation& relation) : relation_(relation) {}

  Result<> lead(ExpressionSlot& slot) {
    find_parameters(*slot);
    return lead_all(slot);
  }

 private:
  void find_parameters(duckdb::ParsedExpression& expression) {
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::LAMBDA) {
      add_parameters(*expression.Cast<duckdb::LambdaExpression>().lhs);
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        expression, [&](duckdb::ParsedExpression& child) { find_parameters(child); });
  }

  void add_parameters(duckdb::ParsedExpression& left) {
    if (left.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
      parameters_.insert(text::lower(left.Cast<duckdb::ColumnRefExpression>().column_names[0]));
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        left, [&](duckdb::ParsedExpression& child) { add_parameters(child); });
  }

  Result<> lead_all(ExpressionSlot& slot) {
    if (slot->GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
      auto& names = slot->Cast<duckdb::ColumnRefExpression>().column_names;
      if (parameters_.contains(text::lower(names[0]))) return {};
      const bool is_column = std::ranges::any_of(
          relation_.columns, [&](const Column& column) { return text::iequals(column.name, names[0]); });
      if (!is_column) {
        return fail(ErrorKind::internal, "sql.policy",
                    "a policy of {} names the column {}, which the relation does not have", relation_.name, names[0]);
      }
      names.insert(names.begin(), std::string(kInner));
      return {};
    }
    Result<> outcome;
    duckdb::ParsedExpressionIterator::EnumerateChildren(*slot, [&](ExpressionSlot& child) {
      if (outcome) outcome = lead_all(child);
    });
    return outcome;
  }

  const Relation& relation_;
  std::set<std::string> parameters_;
};

Result<ExpressionSlot> policy_expression(const Relation& relation, const std::string& sql) {
  auto expression = TRY(parse_policy_expression(sql));
  TRY(PolicyNames(relation).lead(expression));
  return expression;
}

class Rewriter {
 public:
  Rewriter(duckdb::ClientContext& context, const std::vector<Relation>& relations, const Limits& limits)
      : context_(context), relations_(relations), limits_(limits), states_(relations.size(), ViewState::untouched) {}

  Result<> rewrite(duckdb::SelectStatement& select, const std::vector<int>& relation_of_place) {
    auto places = TRY(table_places(select));
    if (places.size() != relation_of_place.size()) {
      return fail(ErrorKind::internal, "sql.rewrite", "the SQL names {} tables and {} were resolved", places.size(),
                  relation_of_place.size());
    }
    TRY(lead_names(select));
    for (std::size_t i = 0; i < places.size(); ++i)
      *places[i].slot = TRY(replacement(*places[i].ref, relation_of_place[i]));
    return {};
  }

  // The CTEs of all views, each after those that it needs, before the query's own.
  Result<> add_views(duckdb::SelectStatement& select) {
    if (views_.empty()) return {};
    duckdb::CommonTableExpressionMap all;
    for (auto& [name, info] : views_) all.map.insert(name, std::move(info));
    for (auto& entry : select.node->cte_map.map) {
      if (all.map.find(entry.first) != all.map.end())
        return not_allowed({}, format("the CTE name {} is reserved", entry.first));
      all.map.insert(entry.first, std::move(entry.second));
    }
    select.node->cte_map = std::move(all);
    return {};
  }

 private:
  enum class ViewState { untouched, visiting, done };

  Result<TableSlot> replacement(duckdb::BaseTableRef& original, int index) {
    if (index < 0 || static_cast<std::size_t>(index) >= relations_.size()) {
      return fail(ErrorKind::internal, "sql.rewrite", "{} was resolved to no relation", original.table_name);
    }
    const Relation& relation = relations_[static_cast<std::size_t>(index)];
    const bool is_masked =
        std::ranges::any_of(relation.columns, [](const Column& column) { return !column.mask_sql.empty(); });
    TableSlot made;
    if (relation.kind == RelationKind::view || is_masked || !relation.row_filter_sql.empty()) {
      made = TRY(governed(relation, index));
    } else {
      made = scan_of(index);
    }
    made->alias = original.alias.empty() ? original.table_name : original.alias;
    made->column_name_alias = original.column_name_alias;
    made->sample = std::move(original.sample);
    made->query_location = original.query_location;
    return made;
  }

  // (SELECT <columns and masks> FROM <relation> WHERE weft_barrier() AND (<row filter>))
  Result<TableSlot> governed(const Relation& relation, int index) {
    auto node = duckdb::make_uniq<duckdb::SelectNode>();
    if (relation.kind == RelationKind::view) {
      TRY(add_view(index));
      auto name = duckdb::make_uniq<duckdb::BaseTableRef>();
      name->table_name = view_cte(index);
      node->from_table = std::move(name);
    } else {
      node->from_table = scan_of(index);
    }
    node->from_table->alias = kInner;
    for (const auto& column : relation.columns) {
      auto value =
          column.mask_sql.empty() ? inner_column(column.name) : TRY(policy_expression(relation, column.mask_sql));
      value->SetAlias(column.name);
      node->select_list.push_back(std::move(value));
    }
    if (node->select_list.empty()) node->select_list.push_back(duckdb::make_uniq<duckdb::StarExpression>());
    if (!relation.row_filter_sql.empty()) {
      auto filter = TRY(policy_expression(relation, relation.row_filter_sql));
      auto mark =
          duckdb::make_uniq<duckdb::FunctionExpression>(std::string(kBarrier), duckdb::vector<ExpressionSlot>{});
      node->where_clause = duckdb::make_uniq<duckdb::ConjunctionExpression>(duckdb::ExpressionType::CONJUNCTION_AND,
                                                                            std::move(mark), std::move(filter));
    }
    auto select = duckdb::make_uniq<duckdb::SelectStatement>();
    select->node = std::move(node);
    return TableSlot(duckdb::make_uniq<duckdb::SubqueryRef>(std::move(select)));
  }

  Result<> add_view(int index) {
    const auto at = static_cast<std::size_t>(index);
    const Relation& relation = relations_[at];
    if (states_[at] == ViewState::done) return {};
    if (states_[at] == ViewState::visiting) {
      return fail(ErrorKind::invalid, "sql.view_cycle", "the view {} reads itself, through {} views", relation.name,
                  depth_);
    }
    if (depth_ >= kViewsDeepMax) {
      return fail(ErrorKind::limit, "sql.views_too_deep", "the view {} stands below {} other views, which is the limit",
                  relation.name, depth_);
    }
    states_[at] = ViewState::visiting;
    ++depth_;
    auto parsed = TRY(parse_governed(context_, relation.view_sql, limits_));
    if (parsed.parsed.statement != Statement::select || parsed.parsed.parameters != 0) {
      return fail(ErrorKind::invalid, "sql.view", "the view {} is no SELECT without parameters", relation.name);
    }
    TRY(rewrite(select_of(*parsed.statement), relation.view_relations));
    auto info = duckdb::make_uniq<duckdb::CommonTableExpressionInfo>();
    info->query.reset(&select_of(*parsed.statement.release()));
    views_.emplace_back(view_cte(index), std::move(info));
    --depth_;
    states_[at] = ViewState::done;
    return {};
  }

  duckdb::ClientContext& context_;
  const std::vector<Relation>& relations_;
  const Limits& limits_;
  std::vector<ViewState> states_;
  std::vector<std::pair<std::string, duckdb::unique_ptr<duckdb::CommonTableExpressionInfo>>> views_;
  int depth_ = 0;
};

// What is left must be CTEs, scans and allowed functions: looked at once more, so that a slip above is an error.
class Proof : public TreeWalk {
 protected:
  Result<> on_table(TableSlot&, duckdb::BaseTableRef& ref) override {
    return fail(ErrorKind::internal, "sql.rewrite", "the name {} was left over by rewriting", ref.table_name);
  }
  Result<> on_table_function(duckdb::TableFunctionRef& ref) override {
    const auto& name = ref.function->Cast<duckdb::FunctionExpression>().function_name;
    if (name == kScan || verdict_on_table_function(name) == Verdict::allowed) return {};
    return fail(ErrorKind::internal, "sql.rewrite", "the table function {} was left over by rewriting", name);
  }
  Result<> on_show(duckdb::ShowRef&) override { return {}; }
};

}  // namespace

std::string view_cte(int relation) { return format("weft view {}", relation); }

Result<std::unique_ptr<duckdb::SQLStatement>> rewrite(duckdb::ClientContext& context, const Query& query,
                                                      const std::vector<Relation>& relations, const Limits& limits) {
  auto parsed = TRY(parse_governed(context, query.sql, limits));
  auto& select = select_of(*parsed.statement);
  Rewriter rewriter(context, relations, limits);
  TRY(rewriter.rewrite(select, query.relations));
  TRY(rewriter.add_views(select));
  TRY(Proof().walk(select));
  return std::move(parsed.statement);
}

}  // namespace weft::engine::worker
