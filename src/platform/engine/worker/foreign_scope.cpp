#include "platform/engine/worker/foreign_scope.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"
#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/query_node/list.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"

namespace weft::engine::worker {
namespace {

constexpr int kDepthMax = 1'000;

std::unexpected<Error> not_followed(std::string_view what) {
  return fail(ErrorKind::unsupported, "sql.unsupported", "the lineage of {} is not followed", what);
}

std::vector<std::string> parts_of(const duckdb::BaseTableRef& ref) {
  std::vector<std::string> parts;
  for (const auto& part : {ref.catalog_name, ref.schema_name, ref.table_name}) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

// What a select item is called: its alias, the column's own name, also through `::`.
std::string name_of(const duckdb::ParsedExpression& expression) {
  if (!expression.GetAlias().empty()) return expression.GetAlias();
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
    return expression.Cast<duckdb::ColumnRefExpression>().column_names.back();
  }
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::CAST)
    return name_of(*expression.Cast<duckdb::CastExpression>().child);
  return expression.ToString();
}

// The sources of a column that a relation surely has.
const ForeignColumns* known(const ForeignRelation& relation, const std::string& name) {
  for (const auto& column : relation.columns) {
    if (!column.is_star() && same_name(column.name, name)) return &column.from;
  }
  return nullptr;
}

// … or may have: through a table whose columns nobody knows.
std::optional<ForeignColumns> possible(const ForeignRelation& relation, const std::string& name) {
  if (!relation.is_open) return std::nullopt;
  if (!relation.table.empty()) return ForeignColumns{{.name = name, .table = relation.table}};
  ForeignColumns stars;
  for (const auto& column : relation.columns) {
    if (column.is_star()) stars.insert(column.from.begin(), column.from.end());
  }
  if (stars.empty()) return std::nullopt;
  if (stars.size() > 1) return ForeignColumns{{.name = name, .table = std::nullopt}};
  return ForeignColumns{{.name = name, .table = stars.begin()->table}};
}

bool is_called(const ForeignRelation& relation, std::span<const std::string> qualifier) {
  if (relation.names.size() >= qualifier.size() &&
      std::equal(qualifier.begin(), qualifier.end(),
                 relation.names.end() - static_cast<std::ptrdiff_t>(qualifier.size()), same_name)) {
    return true;
  }
  // Some tools let a table keep its own name beside an alias.
  return qualifier.size() == 1 && same_name(qualifier[0], relation.table);
}

// Words that are calls without brackets, unless a column is known by them.
bool is_value_function(std::string_view name) {
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
       "current_user", "localtime", "localtimestamp", "session_user", "sysdate", "systimestamp"});
  return std::ranges::any_of(kWords, [&](std::string_view word) { return same_name(word, name); });
}

ForeignOutputs all_of(const ForeignRelation& relation) {
  ForeignOutputs outputs = relation.columns;
  if (relation.is_open && !relation.table.empty())
    outputs.push_back({.name = "*", .from = {{.name = "*", .table = relation.table}}});
  return outputs;
}

bool has_stars(const ForeignOutputs& outputs) { return std::ranges::any_of(outputs, &ForeignOutput::is_star); }

// The columns of a set operation: by position, named by the first; stars meet stars.
void merge(ForeignOutputs& into, const ForeignOutputs& next, bool is_by_name) {
  const bool is_by_position = !is_by_name && !has_stars(into) && !has_stars(next);
  for (std::size_t i = 0; i < next.size(); ++i) {
    auto same =
        is_by_position && i < into.size()
            ? into.begin() + static_cast<std::ptrdiff_t>(i)
            : std::ranges::find_if(into, [&](const auto& output) { return same_name(output.name, next[i].name); });
    if (same == into.end()) {
      into.push_back(next[i]);
    } else {
      same->from.insert(next[i].from.begin(), next[i].from.end());
    }
  }
}

void rename(ForeignOutputs& outputs, const duckdb::vector<std::string>& names) {
  if (has_stars(outputs)) return;
  for (std::size_t i = 0; i < names.size() && i < outputs.size(); ++i) outputs[i].name = names[i];
}

ForeignRelation derived(std::string alias, ForeignOutputs outputs) {
  ForeignRelation relation{.names = {}, .table = {}, .columns = std::move(outputs), .is_open = false};
  if (!alias.empty()) relation.names.push_back(std::move(alias));
  relation.is_open = has_stars(relation.columns);
  return relation;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) { return text::iequals(a, b); }

ForeignRelation ForeignResolver::table(const std::string& full_name, std::vector<std::string> names) const {
  ForeignRelation relation{.names = std::move(names), .table = full_name, .columns = {}, .is_open = true};
  const auto found = catalog_.find(text::lower(full_name));
  if (found == catalog_.end()) return relation;
  relation.is_open = found->second.is_open;
  for (const auto& column : found->second.columns)
    relation.columns.push_back({.name = column, .from = {{.name = column, .table = full_name}}});
  return relation;
}

Result<> ForeignResolver::define(duckdb::CommonTableExpressionMap& ctes, const ForeignScope* outer) {
  for (auto& entry : ctes.map) {
    auto outputs = TRY(query(*entry.second->query->node, outer));
    rename(outputs, entry.second->aliases);
    ctes_.push_back({.name = entry.first, .outputs = std::move(outputs)});
  }
  return {};
}

Result<ForeignOutputs> ForeignResolver::query(duckdb::QueryNode& node, const ForeignScope* outer) {
  if (++depth_ > kDepthMax) return fail(ErrorKind::limit, "sql.too_deep", "the SQL nests too deep");
  const std::size_t visible = ctes_.size();
  TRY(define(node.cte_map, outer));
  auto outputs = TRY(body(node, outer));
  ctes_.resize(visible);
  --depth_;
  return outputs;
}

Result<ForeignOutputs> ForeignResolver::body(duckdb::QueryNode& node, const ForeignScope* outer) {
  if (node.type == duckdb::QueryNodeType::SELECT_NODE) return select(node.Cast<duckdb::SelectNode>(), outer);
  if (node.type == duckdb::QueryNodeType::SET_OPERATION_NODE) {
    auto& operation = node.Cast<duckdb::SetOperationNode>();
    ForeignOutputs outputs;
    for (std::size_t i = 0; i < operation.children.size(); ++i) {
      auto next = TRY(query(*operation.children[i], outer));
      if (i == 0) {
        outputs = std::move(next);
      } else {
        merge(outputs, next, operation.setop_type == duckdb::SetOperationType::UNION_BY_NAME);
      }
    }
    return outputs;
  }
  if (node.type != duckdb::QueryNodeType::RECURSIVE_CTE_NODE) return not_followed("this form of query");
  auto& recursive = node.Cast<duckdb::RecursiveCTENode>();
  auto outputs = TRY(query(*recursive.left, outer));
  rename(outputs, recursive.aliases);
  // A column can reach another in as many turns as there are columns; sources only grow.
  for (std::size_t turn = 0; turn <= outputs.size() && turn < 16; ++turn) {
    ctes_.push_back({.name = recursive.ctename, .outputs = outputs});
    auto next = TRY(query(*recursive.right, outer));
    ctes_.pop_back();
    merge(outputs, next, false);
  }
  return outputs;
}

Result<ForeignOutputs> ForeignResolver::select(duckdb::SelectNode& node, const ForeignScope* outer) {
  ForeignScope scope{.relations = {}, .merged = {}, .aliases = {}, .outer = outer};
  if (node.from_table) TRY(add(*node.from_table, scope));
  ForeignOutputs outputs;
  for (auto& item : node.select_list) {
    if (item->GetExpressionClass() == duckdb::ExpressionClass::STAR) {
      TRY(add_expanded(item->Cast<duckdb::StarExpression>(), scope, outputs));
      continue;
    }
    ForeignOutput output{.name = name_of(*item), .from = TRY(sources(*item, scope))};
    scope.aliases.push_back(output);
    outputs.push_back(std::move(output));
  }
  TRY(look_at_rest(node, scope));
  return outputs;
}

// For the tables that are read there.
Result<> ForeignResolver::look_at_rest(duckdb::SelectNode& node, ForeignScope& scope) {
  for (auto* expression : {&node.where_clause, &node.having, &node.qualify}) {
    if (*expression) TRY(sources(**expression, scope));
  }
  for (auto& expression : node.groups.group_expressions) TRY(sources(*expression, scope));
  Result<> outcome;
  duckdb::ParsedExpressionIterator::EnumerateQueryNodeModifiers(
      node, [&](duckdb::unique_ptr<duckdb::ParsedExpression>& expression) {
        if (!outcome || !expression) return;
        if (auto found = sources(*expression, scope); !found) outcome = std::unexpected(found.error());
      });
  return outcome;
}

Result<> ForeignResolver::add_expanded(duckdb::StarExpression& star, const ForeignScope& scope,
                                       ForeignOutputs& outputs) {
  if (star.expr) return not_followed("COLUMNS(…)");
  std::set<std::string> merged_seen;
  for (const auto& relation : scope.relations) {
    const std::string& name = star.relation_name;
    if (!name.empty() && !is_called(relation, std::span(&name, 1))) continue;
    for (auto output : all_of(relation)) {
      const std::string lower = text::lower(output.name);
      if (scope.merged.contains(lower) && name.empty()) {
        if (!merged_seen.insert(lower).second) continue;
        output.from = unqualified(output.name, scope);
      }
      if (star.exclude_list.contains(duckdb::QualifiedColumnName(output.name))) continue;
      if (auto replaced = star.replace_list.find(output.name); replaced != star.replace_list.end()) {
        output.from = TRY(sources(*replaced->second, scope));
      }
      if (auto renamed = star.rename_list.find(duckdb::QualifiedColumnName(output.name));
          renamed != star.rename_list.end())
        output.name = renamed->second;
      outputs.push_back(std::move(output));
    }
  }
  return {};
}

Result<ForeignColumns> ForeignResolver::sources(duckdb::ParsedExpression& expression, const ForeignScope& scope) {
  if (depth_ + 1 > kDepthMax) return fail(ErrorKind::limit, "sql.too_deep", "the SQL nests too deep");
  ForeignColumns all;
  switch (expression.GetExpressionClass()) {
    case duckdb::ExpressionClass::COLUMN_REF:
      return column(expression.Cast<duckdb::ColumnRefExpression>().column_names, scope);
    case duckdb::ExpressionClass::SUBQUERY: {
      for (auto& output : TRY(query(*expression.Cast<duckdb::SubqueryExpression>().subquery->node, &scope)))
        all.merge(output.from);
      break;
    }
    case duckdb::ExpressionClass::FUNCTION:
      if (expression.Cast<duckdb::FunctionExpression>().function_name == "count_star") {
        for (const auto& relation : scope.relations) {
          if (!relation.table.empty()) all.insert({.name = "*", .table = relation.table});
        }
      }
      break;
    default:
      break;
  }
  const std::size_t visible = parameters_.size();
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::LAMBDA) {
    const auto add_name = [&](const duckdb::ParsedExpression& left) {
      if (left.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
        parameters_.push_back(left.Cast<duckdb::ColumnRefExpression>().column_names[0]);
      }
    };
    auto& left = *expression.Cast<duckdb::LambdaExpression>().lhs;
    add_name(left);
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        left, [&](const duckdb::ParsedExpression& child) { add_name(child); });
  }
  Result<> outcome;
  ++depth_;
  duckdb::ParsedExpressionIterator::EnumerateChildren(expression, [&](duckdb::ParsedExpression& child) {
    if (!outcome) return;
    auto found = sources(child, scope);
    if (!found) {
      outcome = std::unexpected(found.error());
    } else {
      all.merge(*found);
    }
  });
  --depth_;
  parameters_.resize(visible);
  TRY(std::move(outcome));
  return all;
}

// The longest qualifier that names something in FROM; else a field of a column.
ForeignColumns ForeignResolver::column(const std::vector<std::string>& names, const ForeignScope& scope) const {
  for (std::size_t count = names.size() - 1; count >= 1; --count) {
    const std::span qualifier(names.data(), count);
    for (const ForeignScope* at = &scope; at != nullptr; at = at->outer) {
      for (const auto& relation : at->relations) {
        if (!is_called(relation, qualifier)) continue;
        if (const auto* from = known(relation, names[count])) return *from;
        if (auto guess = possible(relation, names[count])) return *guess;
        if (!relation.table.empty()) return {{.name = names[count], .table = relation.table}};
        return {};
      }
    }
  }
  if (std::ranges::find(parameters_, names[0]) != parameters_.end()) return {};
  return unqualified(names[0], scope);
}

ForeignColumns ForeignResolver::unqualified(const std::string& name, const ForeignScope& scope) const {
  std::vector<const ForeignColumns*> surely;
  std::vector<ForeignColumns> maybe;
  for (const auto& relation : scope.relations) {
    if (const auto* from = known(relation, name)) {
      surely.push_back(from);
    } else if (auto guess = possible(relation, name)) {
      maybe.push_back(std::move(*guess));
    }
  }
  if (scope.merged.contains(text::lower(name))) {
    ForeignColumns all;
    for (const auto* from : surely) all.insert(from->begin(), from->end());
    for (const auto& from : maybe) all.insert(from.begin(), from.end());
    return all;
  }
  if (surely.size() == 1) return *surely[0];
  if (surely.empty() && is_value_function(name)) return {};
  if (surely.size() > 1 || maybe.size() > 1) return {{.name = name, .table = std::nullopt}};
  if (maybe.size() == 1) return maybe[0];
  const auto alias =
      std::ranges::find_if(scope.aliases, [&](const auto& output) { return same_name(output.name, name); });
  if (alias != scope.aliases.end()) return alias->from;
  if (scope.outer != nullptr) return unqualified(name, *scope.outer);
  return {{.name = name, .table = std::nullopt}};
}

Result<> ForeignResolver::add(duckdb::TableRef& ref, ForeignScope& scope) {
  if (depth_ > kDepthMax) return fail(ErrorKind::limit, "sql.too_deep", "the SQL nests too deep");
  switch (ref.type) {
    case duckdb::TableReferenceType::EMPTY_FROM:
      return {};
    case duckdb::TableReferenceType::BASE_TABLE: {
      auto& base = ref.Cast<duckdb::BaseTableRef>();
      auto parts = parts_of(base);
      if (parts.size() == 1) {
        const auto cte =
            std::find_if(ctes_.rbegin(), ctes_.rend(), [&](const Cte& each) { return same_name(each.name, parts[0]); });
        if (cte != ctes_.rend()) {
          auto outputs = cte->outputs;
          rename(outputs, base.column_name_alias);
          scope.relations.push_back(derived(base.alias.empty() ? base.table_name : base.alias, std::move(outputs)));
          return {};
        }
      }
      const std::string full_name = text::join(parts, ".");
      reads_.insert(full_name);
      scope.relations.push_back(table(full_name, base.alias.empty() ? parts : std::vector<std::string>{base.alias}));
      return {};
    }
    case duckdb::TableReferenceType::SUBQUERY: {
      auto outputs = TRY(query(*ref.Cast<duckdb::SubqueryRef>().subquery->node, &scope));
      rename(outputs, ref.column_name_alias);
      scope.relations.push_back(derived(ref.alias, std::move(outputs)));
      return {};
    }
    case duckdb::TableReferenceType::JOIN: {
      auto& join = ref.Cast<duckdb::JoinRef>();
      ++depth_;
      TRY(add(*join.left, scope));
      TRY(add(*join.right, scope));
      --depth_;
      for (const auto& column : join.using_columns) scope.merged.insert(text::lower(column));
      if (join.condition) TRY(sources(*join.condition, scope));
      return {};
    }
    case duckdb::TableReferenceType::EXPRESSION_LIST: {
      ForeignOutputs outputs;
      for (auto& row : ref.Cast<duckdb::ExpressionListRef>().values) {
        outputs.resize(std::max(outputs.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) outputs[i].from.merge(TRY(sources(*row[i], scope)));
      }
      for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i].name = format("col{}", i);
      rename(outputs, ref.column_name_alias);
      scope.relations.push_back(derived(ref.alias, std::move(outputs)));
      return {};
    }
    case duckdb::TableReferenceType::TABLE_FUNCTION:
      return add_function(ref, scope);
    default:
      return not_followed("PIVOT, UNPIVOT, DESCRIBE and the like");
  }
}

// Each column of a table function is made of all its arguments.
Result<> ForeignResolver::add_function(duckdb::TableRef& ref, ForeignScope& scope) {
  auto& call = ref.Cast<duckdb::TableFunctionRef>();
  if (call.subquery) return not_followed("a table function over a query");
  const auto from = TRY(sources(*call.function, scope));
  ForeignOutputs outputs;
  for (const auto& name : ref.column_name_alias) outputs.push_back({.name = name, .from = from});
  std::string alias = ref.alias;
  if (alias.empty() && call.function->GetExpressionClass() == duckdb::ExpressionClass::FUNCTION) {
    alias = call.function->Cast<duckdb::FunctionExpression>().function_name;
  }
  if (outputs.empty()) outputs.push_back({.name = alias, .from = from});
  scope.relations.push_back(derived(alias, std::move(outputs)));
  return {};
}

}  // namespace weft::engine::worker
