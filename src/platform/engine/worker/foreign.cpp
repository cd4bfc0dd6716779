#include <algorithm>
#include <array>

#include "base/text.h"
#include "duckdb/parser/expression/list.hpp"
#include "duckdb/parser/parsed_data/alter_table_info.hpp"
#include "duckdb/parser/parsed_data/copy_info.hpp"
#include "duckdb/parser/parsed_data/create_table_info.hpp"
#include "duckdb/parser/parsed_data/create_view_info.hpp"
#include "duckdb/parser/parsed_data/drop_info.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/query_node/select_node.hpp"
#include "duckdb/parser/statement/list.hpp"
#include "duckdb/parser/tableref/list.hpp"
#include "platform/engine/worker/analysis.h"
#include "platform/engine/worker/foreign_graph.h"
#include "platform/engine/worker/foreign_scope.h"
#include "platform/engine/worker/foreign_text.h"
#include "platform/engine/worker/statement.h"
#include "platform/engine/worker/statement_scan.h"

namespace weft::engine::worker {
namespace {

constexpr std::size_t kStatementsMax = 1'000;
constexpr std::size_t kSqlMax = 1 << 20;
constexpr std::size_t kMetadataColumnsMax = 100'000;

using Statement = duckdb::unique_ptr<duckdb::SQLStatement>;

std::string full_name(const std::string& catalog, const std::string& schema, const std::string& name) {
  std::string answer;
  for (const auto& part : {catalog, schema, name}) {
    if (!part.empty()) answer += (answer.empty() ? "" : ".") + part;
  }
  return answer;
}

std::string full_name(const duckdb::TableRef& ref) {
  if (ref.type != duckdb::TableReferenceType::BASE_TABLE) return {};
  const auto& base = ref.Cast<duckdb::BaseTableRef>();
  return full_name(base.catalog_name, base.schema_name, base.table_name);
}

std::vector<std::string> names_of(const duckdb::TableRef& ref) {
  const auto& base = ref.Cast<duckdb::BaseTableRef>();
  if (!base.alias.empty()) return {base.alias};
  std::vector<std::string> names;
  for (const auto& part : {base.catalog_name, base.schema_name, base.table_name}) {
    if (!part.empty()) names.push_back(part);
  }
  return names;
}

// One script: its statements in order, each seeing the tables that the ones before it made.
class Script {
 public:
  explicit Script(ForeignCatalog catalog) : catalog_(std::move(catalog)) {}

  Result<> take(duckdb::SQLStatement& statement);
  json::Value answer() const { return graph_.answer(); }

 private:
  Result<> take_select(duckdb::SelectStatement& select);
  Result<> take_insert(duckdb::InsertStatement& insert);
  Result<> take_create(duckdb::CreateStatement& create);
  Result<> take_update(duckdb::UpdateStatement& update);
  Result<> take_merge(duckdb::MergeIntoStatement& merge);
  Result<> take_copy(duckdb::CopyStatement& copy);
  void take_alter(duckdb::AlterStatement& alter);
  Result<> made(const std::string& target, duckdb::SelectStatement& query, const duckdb::vector<std::string>& names);
  Result<> set(const std::string& target, duckdb::UpdateSetInfo& info, const ForeignScope& scope,
               ForeignResolver& resolver);
  void flow(const std::string& target, const ForeignOutputs& outputs, const std::vector<std::string>& names);
  std::vector<std::string> columns_of(const std::string& table) const;

  ForeignCatalog catalog_;
  ForeignGraph graph_;
};

std::vector<std::string> Script::columns_of(const std::string& table) const {
  const auto found = catalog_.find(text::lower(table));
  return found == catalog_.end() || found->second.is_open ? std::vector<std::string>() : found->second.columns;
}

// Outputs into a table's columns: by position where the names are given or known, else by their own names.
void Script::flow(const std::string& target, const ForeignOutputs& outputs, const std::vector<std::string>& names) {
  const bool is_by_position = names.size() >= outputs.size() && std::ranges::none_of(outputs, &ForeignOutput::is_star);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (const auto& source : outputs[i].from) {
      graph_.edge(source, {.name = is_by_position ? names[i] : outputs[i].name, .table = target});
    }
  }
}

Result<> Script::take_select(duckdb::SelectStatement& select) {
  ForeignResolver resolver(catalog_);
  const auto outputs = TRY(resolver.query(*select.node, nullptr));
  for (const auto& output : outputs) {
    for (const auto& source : output.from) graph_.edge(source, {.name = output.name, .table = std::nullopt});
  }
  for (const auto& table : resolver.reads()) graph_.read(table);
  return {};
}

Result<> Script::take_insert(duckdb::InsertStatement& insert) {
  const std::string target = full_name(insert.catalog, insert.schema, insert.table);
  ForeignResolver resolver(catalog_);
  TRY(resolver.define(insert.cte_map, nullptr));
  if (insert.select_statement) {
    const auto outputs = TRY(resolver.query(*insert.select_statement->node, nullptr));
    std::vector<std::string> names(insert.columns.begin(), insert.columns.end());
    if (names.empty() && insert.column_order == duckdb::InsertColumnOrder::INSERT_BY_POSITION)
      names = columns_of(target);
    if (!insert.GetValuesList() || !names.empty()) flow(target, outputs, names);
  }
  graph_.write(target, resolver.reads());
  return {};
}

Result<> Script::made(const std::string& target, duckdb::SelectStatement& query,
                      const duckdb::vector<std::string>& names) {
  ForeignResolver resolver(catalog_);
  const auto outputs = TRY(resolver.query(*query.node, nullptr));
  flow(target, outputs, {names.begin(), names.end()});
  graph_.write(target, resolver.reads());
  ForeignTable table{.columns = {}, .is_open = std::ranges::any_of(outputs, &ForeignOutput::is_star)};
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].is_star()) table.columns.push_back(i < names.size() && !table.is_open ? names[i] : outputs[i].name);
  }
  catalog_[text::lower(target)] = std::move(table);
  return {};
}

Result<> Script::take_create(duckdb::CreateStatement& create) {
  if (create.info->type == duckdb::CatalogType::VIEW_ENTRY) {
    auto& view = create.info->Cast<duckdb::CreateViewInfo>();
    return made(full_name(view.catalog, view.schema, view.view_name), *view.query, view.aliases);
  }
  if (create.info->type != duckdb::CatalogType::TABLE_ENTRY) return {};
  auto& table = create.info->Cast<duckdb::CreateTableInfo>();
  const std::string target = full_name(table.catalog, table.schema, table.table);
  duckdb::vector<std::string> names = table.columns.GetColumnNames();
  if (table.query) return made(target, *table.query, names);
  graph_.write(target, {});
  catalog_[text::lower(target)] = {.columns = {names.begin(), names.end()}, .is_open = false};
  return {};
}

Result<> Script::set(const std::string& target, duckdb::UpdateSetInfo& info, const ForeignScope& scope,
                     ForeignResolver& resolver) {
  for (std::size_t i = 0; i < info.columns.size() && i < info.expressions.size(); ++i) {
    for (const auto& source : TRY(resolver.sources(*info.expressions[i], scope)))
      graph_.edge(source, {.name = info.columns[i], .table = target});
  }
  if (info.condition) TRY(resolver.sources(*info.condition, scope));
  return {};
}

Result<> Script::take_update(duckdb::UpdateStatement& update) {
  std::string target = full_name(*update.table);
  if (target.empty()) return fail(ErrorKind::unsupported, "sql.unsupported", "UPDATE of something else than a table");
  ForeignResolver resolver(catalog_);
  TRY(resolver.define(update.cte_map, nullptr));
  ForeignScope scope;
  if (update.from_table) TRY(resolver.add(*update.from_table, scope));
  // UPDATE t … FROM tab1 t: some tools name the target by its alias in FROM.
  const auto aliased = std::ranges::find_if(scope.relations, [&](const ForeignRelation& relation) {
    return !relation.table.empty() && relation.names.size() == 1 && same_name(relation.names[0], target);
  });
  std::set<std::string> reads = resolver.reads();
  if (aliased != scope.relations.end() && !same_name(aliased->table, target)) {
    target = aliased->table;
    reads.erase(target);
  } else {
    scope.relations.insert(scope.relations.begin(), resolver.table(target, names_of(*update.table)));
  }
  if (update.set_info) {
    TRY(set(target, *update.set_info, scope, resolver));
    for (const auto& table : resolver.reads()) {
      if (table != target) reads.insert(table);
    }
  }
  graph_.write(target, reads);
  return {};
}

Result<> Script::take_merge(duckdb::MergeIntoStatement& merge) {
  const std::string target = full_name(*merge.target);
  if (target.empty()) return fail(ErrorKind::unsupported, "sql.unsupported", "MERGE into something else than a table");
  ForeignResolver resolver(catalog_);
  TRY(resolver.define(merge.cte_map, nullptr));
  ForeignScope both, source_only;
  TRY(resolver.add(*merge.source, source_only));
  both.relations = source_only.relations;
  both.relations.push_back(resolver.table(target, names_of(*merge.target)));
  if (merge.join_condition) TRY(resolver.sources(*merge.join_condition, both));
  for (auto& [when, actions] : merge.actions) {
    const auto& scope = when == duckdb::MergeActionCondition::WHEN_NOT_MATCHED_BY_TARGET ? source_only : both;
    for (auto& action : actions) {
      if (action->condition) TRY(resolver.sources(*action->condition, both));
      if (action->update_info) TRY(set(target, *action->update_info, scope, resolver));
      std::vector<std::string> names(action->insert_columns.begin(), action->insert_columns.end());
      if (names.empty()) names = columns_of(target);
      for (std::size_t i = 0; i < action->expressions.size(); ++i) {
        const auto sources = TRY(resolver.sources(*action->expressions[i], scope));
        if (i >= names.size()) continue;
        for (const auto& source : sources) graph_.edge(source, {.name = names[i], .table = target});
      }
    }
  }
  graph_.write(target, resolver.reads());
  return {};
}

Result<> Script::take_copy(duckdb::CopyStatement& copy) {
  const auto& info = *copy.info;
  const std::string table = full_name(info.catalog, info.schema, info.table);
  ForeignResolver resolver(catalog_);
  std::set<std::string> reads;
  if (info.select_statement) {
    TRY(resolver.query(*info.select_statement, nullptr));
    reads = resolver.reads();
  } else if (!info.is_from) {
    reads.insert(table);
  }
  if (info.is_from) {
    graph_.write(table, {info.file_path});
  } else {
    graph_.write(info.file_path, reads);
  }
  return {};
}

void Script::take_alter(duckdb::AlterStatement& alter) {
  if (alter.info->type != duckdb::AlterType::ALTER_TABLE) return;
  const auto& change = alter.info->Cast<duckdb::AlterTableInfo>();
  if (change.alter_table_type != duckdb::AlterTableType::RENAME_TABLE) return;
  const std::string from = full_name(change.catalog, change.schema, change.name);
  const std::string to =
      full_name(change.catalog, change.schema, change.Cast<duckdb::RenameTableInfo>().new_table_name);
  graph_.rename(from, to);
  if (auto known = catalog_.extract(text::lower(from))) {
    known.key() = text::lower(to);
    catalog_.insert(std::move(known));
  }
}

Result<> Script::take(duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case duckdb::StatementType::SELECT_STATEMENT:
      return take_select(statement.Cast<duckdb::SelectStatement>());
    case duckdb::StatementType::INSERT_STATEMENT:
      return take_insert(statement.Cast<duckdb::InsertStatement>());
    case duckdb::StatementType::CREATE_STATEMENT:
      return take_create(statement.Cast<duckdb::CreateStatement>());
    case duckdb::StatementType::UPDATE_STATEMENT:
      return take_update(statement.Cast<duckdb::UpdateStatement>());
    case duckdb::StatementType::MERGE_INTO_STATEMENT:
      return take_merge(statement.Cast<duckdb::MergeIntoStatement>());
    case duckdb::StatementType::COPY_STATEMENT:
      return take_copy(statement.Cast<duckdb::CopyStatement>());
    case duckdb::StatementType::ALTER_STATEMENT:
      take_alter(statement.Cast<duckdb::AlterStatement>());
      return {};
    case duckdb::StatementType::DROP_STATEMENT: {
      const auto& info = *statement.Cast<duckdb::DropStatement>().info;
      graph_.drop(full_name(info.catalog, info.schema, info.name));
      catalog_.erase(text::lower(full_name(info.catalog, info.schema, info.name)));
      return {};
    }
    case duckdb::StatementType::MULTI_STATEMENT:
      return fail(ErrorKind::unsupported, "sql.unsupported", "PIVOT over values that only the data knows");
    default:
      return {};  // DELETE, SET, USE, ANALYZE …: no column goes anywhere.
  }
}

Result<std::vector<Statement>> parse(const std::string& sql) {
  duckdb::ParserOptions options;
  options.preserve_identifier_case = false;  // Unquoted names in lower case, as they compare.
  std::vector<Statement> statements;
  try {
    duckdb::Parser parser(options);
    parser.ParseQuery(sql);
    for (auto& statement : parser.statements) statements.push_back(std::move(statement));
  } catch (const std::exception& exception) {
    return fail(error_from(exception));
  }
  return statements;
}

// Our own spellings are tried first; then what other tools write; the names of items are a nicety that may not fit.
Result<std::vector<Statement>> parse_any(const std::string& sql) {
  const std::string ours = in_our_dialect(sql);
  for (const auto& text : {name_select_items(sql), name_select_items(ours), sql, ours}) {
    if (auto parsed = parse(text)) return parsed;
  }
  return parse(sql);
}

Result<ForeignCatalog> catalog_of(const json::Value& metadata) {
  ForeignCatalog catalog;
  if (metadata.is_null()) return catalog;
  if (!metadata.is_object())
    return fail(ErrorKind::invalid, "sql.lineage_request",
                "metadata is an object of table names with lists of column names");
  std::size_t count = 0;
  for (const auto& [table, columns] : metadata.object()) {
    if (!columns.is_array())
      return fail(ErrorKind::invalid, "sql.lineage_request", "metadata of {} is a list of column names", table);
    ForeignTable known{.columns = {}, .is_open = false};
    for (const auto& column : columns.array()) {
      if (!column.is_text())
        return fail(ErrorKind::invalid, "sql.lineage_request", "metadata of {} is a list of column names", table);
      if (++count > kMetadataColumnsMax) {
        return fail(ErrorKind::limit, "sql.lineage_request", "metadata may have at most {} columns",
                    kMetadataColumnsMax);
      }
      known.columns.push_back(column.text());
    }
    catalog[text::lower(table)] = std::move(known);
  }
  return catalog;
}

json::Value unsupported() { return json::Object{{"unsupported", true}}; }

// Dialects of which what parses means what it means here. Not T-SQL (`SELECT name = value` is an alias there) and
// Teradata.
bool is_known(std::string_view dialect) {
  static constexpr auto kDialects = std::to_array<std::string_view>(
      {"",       "ansi",      "duckdb",  "postgres", "postgresql",    "redshift",  "greenplum",  "materialize",
       "sqlite", "snowflake", "trino",   "presto",   "athena",        "bigquery",  "databricks", "sparksql",
       "spark",  "hive",      "impala",  "mysql",    "mariadb",       "starrocks", "doris",      "clickhouse",
       "oracle", "db2",       "vertica", "exasol",   "non-validating"});
  return std::ranges::find(kDialects, dialect) != kDialects.end();
}

}  // namespace

Result<json::Value> foreign_lineage(const json::Value& request) {
  const auto& sql = request["sql"];
  if (!sql.is_text())
    return fail(ErrorKind::invalid, "sql.lineage_request", "a lineage request is an object with the text \"sql\"");
  if (sql.text().size() > kSqlMax) {
    return fail(ErrorKind::limit, "sql.too_long", "the SQL has {} and may have {}",
                text::human_bytes(sql.text().size()), text::human_bytes(kSqlMax));
  }
  if (!is_known(text::lower(request["dialect"].text_or("")))) return unsupported();
  if (!text::is_valid_utf8(sql.text()) || sql.text().contains('\0')) return unsupported();
  Script script(TRY(catalog_of(request["metadata"])));
  const auto statements = split_statements(sql.text());
  if (statements.size() > kStatementsMax) {
    return fail(ErrorKind::limit, "sql.too_many_statements", "a script may have at most {} statements", kStatementsMax);
  }
  for (const auto& statement : statements) {
    TRY(check_nesting(statement));
    auto parsed = parse_any(statement);
    if (!parsed) return unsupported();
    for (auto& each : *parsed) {
      auto taken = script.take(*each);
      if (!taken && taken.error().kind == ErrorKind::unsupported) return unsupported();
      TRY(std::move(taken));
    }
  }
  return script.answer();
}

}  // namespace weft::engine::worker
