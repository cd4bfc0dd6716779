#include "platform/engine/worker/statement.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "duckdb/common/enums/statement_type.hpp"
#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "platform/engine/worker/allow_list.h"
#include "platform/engine/worker/statement_scan.h"

namespace weft::engine::worker {
namespace {

constexpr std::size_t kTablesMax = 1'000;
constexpr std::size_t kNamePartsMax = 16;  // `a.b.c…` binds one level deeper for each part.
constexpr std::size_t kParametersMax = 1'000;
constexpr std::size_t kParserDepthMax = 1'000;

duckdb::ParserOptions parser_options() {
  duckdb::ParserOptions options;  // No extensions: their parsers would see what ours did not understand.
  options.max_expression_depth = kParserDepthMax;
  return options;
}

// The constant of `AT (VERSION => 5)` or `AT (TIMESTAMP => '2024-01-01')`, casts included.
const duckdb::Value* constant_of(const duckdb::ParsedExpression& expression) {
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::CONSTANT) {
    return &expression.Cast<duckdb::ConstantExpression>().value;
  }
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::CAST) {
    return constant_of(*expression.Cast<duckdb::CastExpression>().child);
  }
  return nullptr;
}

Result<At> at_of(duckdb::BaseTableRef& ref) {
  const auto* value = constant_of(*ref.at_clause->ExpressionMutable());
  if (value == nullptr || value->IsNull()) {
    return not_allowed(
        ref.query_location,
        format("AT of {} takes a constant: AT (VERSION => 123) or AT (TIMESTAMP => '2026-01-31T12:00:00Z')",
               ref.table_name));
  }
  At at;
  if (text::iequals(ref.at_clause->Unit(), "version")) {
    at.version = text::parse_integer(value->ToString());
    if (!at.version)
      return not_allowed(ref.query_location,
                         format("AT (VERSION => …) of {} takes a snapshot's number", ref.table_name));
  } else {
    at.timestamp = value->ToString();
  }
  return at;
}

Result<TableName> name_of(duckdb::BaseTableRef& ref) {
  TableName name;
  for (const auto& part : {ref.catalog_name, ref.schema_name, ref.table_name}) {
    if (!part.empty()) name.parts.push_back(part);
  }
  if (ref.at_clause) name.at = TRY(at_of(ref));
  name.offset = ref.query_location.IsValid() ? static_cast<int>(ref.query_location.GetIndex()) : -1;
  return name;
}

class TableFinder : public TreeWalk {
 public:
  std::vector<TablePlace> places;

 protected:
  Result<> on_table(TableSlot& slot, duckdb::BaseTableRef& ref) override {
    if (places.size() == kTablesMax) {
      return fail(ErrorKind::limit, "sql.too_many_tables", "a query may name at most {} tables; split it", kTablesMax);
    }
    places.push_back({.slot = &slot, .ref = &ref, .name = TRY(name_of(ref)), .order = places.size()});
    return {};
  }
  Result<> on_show(duckdb::ShowRef&) override { return {}; }
};

// Holds a tree to the allow-list.
class Gate : public TreeWalk {
 public:
  explicit Gate(const duckdb::ShowRef* allowed_show) : allowed_show_(allowed_show) {}
  std::int64_t parameters = 0;

 protected:
  Result<> on_show(duckdb::ShowRef& show) override {
    if (&show != allowed_show_) return TreeWalk::on_show(show);
    if (show.query) return {};
    return not_allowed(
        show.query_location,
        "SHOW of tables, databases or variables is not allowed; list products with `SELECT * FROM mesh.products`");
  }

  Result<> on_table_function(duckdb::TableFunctionRef& ref) override {
    if (ref.function->GetExpressionClass() != duckdb::ExpressionClass::FUNCTION) {
      return not_allowed(ref.query_location, "this form of FROM is not allowed");
    }
    const auto& call = ref.function->Cast<duckdb::FunctionExpression>();
    if (verdict_on_table_function(call.function_name) == Verdict::allowed && call.schema.empty() &&
        call.catalog.empty())
      return {};
    return not_allowed(ref.query_location,
                       format("the table function {}() is not allowed{}", call.function_name, table_function_advice()));
  }

  Result<> on_expression(ExpressionSlot& slot) override {
    const auto position = slot->GetQueryLocation();
    switch (slot->GetExpressionClass()) {
      case duckdb::ExpressionClass::FUNCTION: {
        return check_function(slot->Cast<duckdb::FunctionExpression>().function_name, position);
      }
      case duckdb::ExpressionClass::WINDOW:
        return check_function(slot->Cast<duckdb::WindowExpression>().function_name, position);
      case duckdb::ExpressionClass::COLUMN_REF:
        return check_column(slot->Cast<duckdb::ColumnRefExpression>().column_names, position);
      case duckdb::ExpressionClass::PARAMETER:
        return check_parameter(slot->Cast<duckdb::ParameterExpression>().identifier, position);
      default:
        return {};
    }
  }

 private:
  static Result<> check_function(const std::string& name, duckdb::optional_idx position) {
    switch (verdict_on_function(name)) {
      case Verdict::allowed:
        return {};
      case Verdict::refused:
        return not_allowed(position,
                           format("the function {}() is not allowed: it reaches beyond the data of the query", name));
      case Verdict::unknown:
        break;
    }
    return not_allowed(position, format("there is no allowed function {}(){}", name, function_advice(name)));
  }

  // Reserved words that the binder turns into calls when no column has their name.
  static Result<> check_column(const duckdb::vector<std::string>& names, duckdb::optional_idx position) {
    if (names.size() > kNamePartsMax) {
      return fail(ErrorKind::limit, "sql.too_deep", "a name may have at most {} parts", kNamePartsMax);
    }
    if (names.size() != 1) return {};
    for (const auto* word : {"current_user", "session_user", "current_role"}) {
      if (text::iequals(names[0], word)) {
        return not_allowed(position, format("{} is the engine's user, not yours, and is not allowed", word));
      }
    }
    return {};
  }

  Result<> check_parameter(const std::string& identifier, duckdb::optional_idx position) {
    const auto number = text::parse_integer(identifier);
    if (!number || *number < 1 || *number > static_cast<std::int64_t>(kParametersMax)) {
      return not_allowed(position, format("the parameter ${} is not allowed; parameters are $1 to ${} or ?", identifier,
                                          kParametersMax));
    }
    parameters = std::max(parameters, *number);
    return {};
  }

  const duckdb::ShowRef* allowed_show_;
};

Result<std::vector<std::unique_ptr<duckdb::SQLStatement>>> parse_all(const std::string& sql) {
  std::vector<std::unique_ptr<duckdb::SQLStatement>> statements;
  try {
    duckdb::Parser parser(parser_options());
    parser.ParseQuery(sql);
    for (auto& statement : parser.statements) statements.emplace_back(statement.release());
  } catch (const std::exception& exception) {
    return fail(error_from(exception));
  }
  return statements;
}

Result<> check_text(std::string_view sql, const Limits& limits) {
  if (sql.size() > limits.sql_bytes_max) {
    return fail(ErrorKind::limit, "sql.too_long",
                "the SQL has {} and may have {}; move data into a data product instead of the text",
                text::human_bytes(sql.size()), text::human_bytes(limits.sql_bytes_max));
  }
  if (!text::is_valid_utf8(sql) || sql.contains('\0')) {
    return fail(ErrorKind::invalid, "sql.syntax", "the SQL is not valid UTF-8 text without NUL");
  }
  return check_nesting(sql);
}

// The one DESCRIBE or SUMMARIZE that a statement may be: the whole of it.
duckdb::ShowRef* show_of(duckdb::SelectStatement& statement) {
  if (statement.node->type != duckdb::QueryNodeType::SELECT_NODE) return nullptr;
  auto& from = statement.node->Cast<duckdb::SelectNode>().from_table;
  if (!from || from->type != duckdb::TableReferenceType::SHOW_REF) return nullptr;
  return &from->Cast<duckdb::ShowRef>();
}

std::unexpected<Error> refused_statement(const duckdb::SQLStatement& statement) {
  if (statement.type == duckdb::StatementType::MULTI_STATEMENT) {
    return not_allowed({}, "PIVOT needs its values written out: ON column IN (value, …)");
  }
  std::string kind = duckdb::StatementTypeToString(statement.type);
  return not_allowed(
      {}, format("{} is not allowed here; SELECT, EXPLAIN, DESCRIBE and SUMMARIZE are. Data comes in by `weft publish`",
                 kind));
}

Result<Statement> statement_kind(const duckdb::SQLStatement& statement) {
  if (statement.type == duckdb::StatementType::SELECT_STATEMENT) return Statement::select;
  if (statement.type != duckdb::StatementType::EXPLAIN_STATEMENT) return refused_statement(statement);
  const auto& explain = statement.Cast<duckdb::ExplainStatement>();
  if (explain.explain_type != duckdb::ExplainType::EXPLAIN_STANDARD) {
    return not_allowed({}, "EXPLAIN ANALYZE runs the query and is not allowed; use EXPLAIN");
  }
  if (explain.stmt->type != duckdb::StatementType::SELECT_STATEMENT) return refused_statement(*explain.stmt);
  return Statement::explain;
}

}  // namespace

duckdb::SelectStatement& select_of(duckdb::SQLStatement& statement) {
  if (statement.type == duckdb::StatementType::EXPLAIN_STATEMENT)
    return select_of(*statement.Cast<duckdb::ExplainStatement>().stmt);
  CHECK(statement.type == duckdb::StatementType::SELECT_STATEMENT);
  return statement.Cast<duckdb::SelectStatement>();
}

Result<std::vector<TablePlace>> table_places(duckdb::SelectStatement& statement) {
  TableFinder finder;
  TRY(finder.walk(statement));
  std::ranges::sort(finder.places, {},
                    [](const TablePlace& place) { return std::pair(place.name.offset, place.order); });
  return std::move(finder.places);
}

Result<ParsedSql> parse_governed(duckdb::ClientContext&, std::string_view sql, const Limits& limits) {
  TRY(check_text(sql, limits));
  auto statements = TRY(parse_all(std::string(sql)));
  if (statements.empty()) return fail(ErrorKind::invalid, "sql.syntax", "the SQL has no statement");
  if (statements.size() > 1) return not_allowed({}, "one statement at a time is allowed; send them one by one");
  ParsedSql answer{.statement = std::move(statements[0]), .parsed = {}};
  answer.parsed.statement = TRY(statement_kind(*answer.statement));
  auto& select = select_of(*answer.statement);
  const auto* show = show_of(select);
  if (show != nullptr && answer.parsed.statement == Statement::explain)
    return not_allowed({}, "EXPLAIN takes a SELECT");
  if (show != nullptr && show->show_type == duckdb::ShowType::DESCRIBE) answer.parsed.statement = Statement::describe;
  Gate gate(show);
  TRY(gate.walk(select));
  answer.parsed.parameters = static_cast<int>(gate.parameters);
  for (auto& place : TRY(table_places(select))) answer.parsed.tables.push_back(std::move(place.name));
  return answer;
}

Result<ExpressionSlot> parse_policy_expression(std::string_view sql) {
  TRY(check_text(sql, Limits{}));
  duckdb::vector<ExpressionSlot> expressions;
  try {
    expressions = duckdb::Parser::ParseExpressionList(std::string(sql), parser_options());
  } catch (const std::exception& exception) {
    return fail(error_from(exception));
  }
  if (expressions.size() != 1)
    return fail(ErrorKind::invalid, "sql.syntax", "a policy's expression is one expression: {}", sql);
  struct PolicyGate : Gate {
    PolicyGate() : Gate(nullptr) {}
    Result<> check(ExpressionSlot& slot) { return walk_expression(slot); }
    Result<> on_expression(ExpressionSlot& slot) override {
      const auto kind = slot->GetExpressionClass();
      if (kind == duckdb::ExpressionClass::SUBQUERY || kind == duckdb::ExpressionClass::PARAMETER ||
          kind == duckdb::ExpressionClass::STAR || kind == duckdb::ExpressionClass::WINDOW) {
        return not_allowed(slot->GetQueryLocation(),
                           "a policy's expression has no subqueries, parameters, windows or *");
      }
      return Gate::on_expression(slot);
    }
  };
  TRY(PolicyGate().check(expressions[0]));
  return std::move(expressions[0]);
}

}  // namespace weft::engine::worker
