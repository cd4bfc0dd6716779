#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace duckdb {
class CommonTableExpressionMap;
class ParsedExpression;
class QueryNode;
class SelectNode;
class StarExpression;
class TableRef;
}  // namespace duckdb

// Lineage of SQL whose tables nobody knows: names are resolved on the parse tree, by what the text itself says.
namespace weft::engine::worker {

// A column of a table; no table when it could be more than one.
struct ForeignColumn {
  std::string name;
  std::optional<std::string> table;
  friend auto operator<=>(const ForeignColumn&, const ForeignColumn&) = default;
};
using ForeignColumns = std::set<ForeignColumn>;

// One column that a query gives. "*": all columns of tables whose columns nobody knows.
struct ForeignOutput {
  std::string name;
  ForeignColumns from;
  bool is_star() const { return name == "*"; }
};
using ForeignOutputs = std::vector<ForeignOutput>;

// What is known of tables: from metadata, or from earlier statements of the script.
struct ForeignTable {
  std::vector<std::string> columns;
  bool is_open = true;  // May have more columns than these.
};
using ForeignCatalog = std::map<std::string, ForeignTable>;

// Something in FROM.
struct ForeignRelation {
  std::vector<std::string> names;  // The parts it may be called by: alias, or the table's name.
  std::string table;               // A table's full name; empty: a subquery, CTE or function.
  ForeignOutputs columns;
  bool is_open = false;
};

struct ForeignScope {
  std::vector<ForeignRelation> relations;
  std::set<std::string> merged;  // Columns of USING.
  ForeignOutputs aliases;        // Of the SELECT list so far.
  const ForeignScope* outer = nullptr;
};

// Resolves the queries of one statement. Errors are unsupported "sql.unsupported": forms that it does not follow.
class ForeignResolver {
 public:
  explicit ForeignResolver(const ForeignCatalog& catalog) : catalog_(catalog) {}

  Result<ForeignOutputs> query(duckdb::QueryNode& node, const ForeignScope* outer);
  // Everything an expression is made of.
  Result<ForeignColumns> sources(duckdb::ParsedExpression& expression, const ForeignScope& scope);
  Result<> add(duckdb::TableRef& ref, ForeignScope& scope);
  // CTEs of a statement that is no SELECT; they stay until the resolver ends.
  Result<> define(duckdb::CommonTableExpressionMap& ctes, const ForeignScope* outer);
  ForeignRelation table(const std::string& full_name, std::vector<std::string> names) const;

  // Tables that were read anywhere.
  const std::set<std::string>& reads() const { return reads_; }

 private:
  struct Cte {
    std::string name;
    ForeignOutputs outputs;
  };
  Result<ForeignOutputs> body(duckdb::QueryNode& node, const ForeignScope* outer);
  Result<ForeignOutputs> select(duckdb::SelectNode& node, const ForeignScope* outer);
  Result<> look_at_rest(duckdb::SelectNode& node, ForeignScope& scope);
  Result<> add_expanded(duckdb::StarExpression& star, const ForeignScope& scope, ForeignOutputs& outputs);
  Result<> add_function(duckdb::TableRef& ref, ForeignScope& scope);
  ForeignColumns column(const std::vector<std::string>& names, const ForeignScope& scope) const;
  ForeignColumns unqualified(const std::string& name, const ForeignScope& scope) const;

  const ForeignCatalog& catalog_;
  std::vector<Cte> ctes_;
  std::vector<std::string> parameters_;  // Of lambdas around.
  std::set<std::string> reads_;
  int depth_ = 0;
};

bool same_name(std::string_view a, std::string_view b);

}  // namespace weft::engine::worker
