#include "platform/engine/worker/rewrite_names.h"

#include <algorithm>

#include "base/text.h"
#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/tableref/list.hpp"

namespace weft::engine::worker {
namespace {

struct Named {
  duckdb::BaseTableRef* ref;
  std::vector<std::string> parts;
};
using Scope = std::vector<Named>;

std::vector<std::string> parts_of(const duckdb::BaseTableRef& ref) {
  std::vector<std::string> parts;
  for (const auto& part : {ref.catalog_name, ref.schema_name, ref.table_name}) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

bool equal(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::equal(a, b, text::iequals);
}

class NameLeader : public TreeWalk {
 protected:
  Result<> enter_select(duckdb::SelectNode& node) override {
    Scope scope;
    if (node.from_table) gather(*node.from_table, scope);
    for (std::size_t i = 0; i < scope.size(); ++i) {
      const bool is_shared = std::ranges::any_of(scope, [&](const Named& other) {
        return text::iequals(other.parts.back(), scope[i].parts.back()) && !equal(other.parts, scope[i].parts);
      });
      scope[i].ref->alias = is_shared ? text::join(scope[i].parts, ".") : scope[i].parts.back();
    }
    scopes_.push_back(std::move(scope));
    return {};
  }

  void leave_select(duckdb::SelectNode&) override { scopes_.pop_back(); }

  Result<> on_expression(ExpressionSlot& slot) override {
    if (slot->GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
      lead(slot->Cast<duckdb::ColumnRefExpression>().column_names);
    } else if (slot->GetExpressionClass() == duckdb::ExpressionClass::STAR) {
      lead(slot->Cast<duckdb::StarExpression>());
    }
    return {};
  }

 private:
  // Tables with an alias of their own are known by that alone.
  void gather(duckdb::TableRef& ref, Scope& scope) const {
    if (ref.type == duckdb::TableReferenceType::BASE_TABLE) {
      auto& base = ref.Cast<duckdb::BaseTableRef>();
      if (base.alias.empty() && !is_cte(base)) scope.push_back({.ref = &base, .parts = parts_of(base)});
    } else if (ref.type == duckdb::TableReferenceType::JOIN) {
      gather(*ref.Cast<duckdb::JoinRef>().left, scope);
      gather(*ref.Cast<duckdb::JoinRef>().right, scope);
    } else if (ref.type == duckdb::TableReferenceType::PIVOT) {
      gather(*ref.Cast<duckdb::PivotRef>().source, scope);
    }
  }

  // How many leading names are the last parts of a table's name: at least two, one name less than there are.
  static std::size_t matched(const std::vector<std::string>& parts, const duckdb::vector<std::string>& names) {
    for (std::size_t count = std::min(parts.size(), names.size() - 1); count >= 2; --count) {
      if (std::equal(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count),
                     parts.end() - static_cast<std::ptrdiff_t>(count), text::iequals)) {
        return count;
      }
    }
    return 0;
  }

  // Innermost scope first, as names bind.
  bool lead(duckdb::vector<std::string>& names) const {
    if (names.size() < 3) return false;
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      for (const auto& named : *scope) {
        const auto count = matched(named.parts, names);
        if (count == 0) continue;
        names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count));
        names.insert(names.begin(), named.ref->alias);
        return true;
      }
    }
    return false;
  }

  duckdb::QualifiedColumnName led(const duckdb::QualifiedColumnName& name) const {
    duckdb::vector<std::string> names;
    for (const auto& part : {name.catalog, name.schema, name.table, name.column}) {
      if (!part.empty()) names.push_back(part);
    }
    if (!lead(names)) return name;
    duckdb::QualifiedColumnName answer;
    answer.table = names[0];
    answer.column = names[1];
    return answer;
  }

  // EXCLUDE and RENAME lists take qualified names too.
  void lead(duckdb::StarExpression& star) const {
    duckdb::qualified_column_set_t exclude;
    for (const auto& name : star.exclude_list) exclude.insert(led(name));
    star.exclude_list = std::move(exclude);
    duckdb::qualified_column_map_t<std::string> rename;
    for (auto& [name, to] : star.rename_list) rename.emplace(led(name), to);
    star.rename_list = std::move(rename);
  }

  std::vector<Scope> scopes_;
};

}  // namespace

Result<> lead_names(duckdb::SelectStatement& statement) {
  struct Leader : NameLeader {
    Result<> on_show(duckdb::ShowRef&) override { return {}; }
  };
  return Leader().walk(statement);
}

}  // namespace weft::engine::worker
