#include "platform/engine/worker/lineage_fixture.h"
#include "base/text.h"
#include "duckdb.hpp"
#include "duckdb/function/table_function.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "platform/engine/worker/lineage_uses.h"
#include "platform/engine/worker/rewrite_barrier.h"
#include "platform/engine/worker/statement.h"

namespace weft::engine::worker::testing {
namespace {

struct Table {
  duckdb::vector<duckdb::string> names;
  duckdb::vector<duckdb::LogicalType> types;
  std::vector<duckdb::vector<duckdb::Value>> rows;
};

struct Tables : duckdb::TableFunctionInfo {
  std::vector<Table> tables;
};

struct Bound : duckdb::TableFunctionData {
  const Table* table = nullptr;
};

struct Scanning : duckdb::GlobalTableFunctionState {
  std::size_t at = 0;
  duckdb::vector<duckdb::column_t> columns;
};

duckdb::unique_ptr<duckdb::FunctionData> bind(duckdb::ClientContext&, duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<duckdb::LogicalType>& types,
                                              duckdb::vector<duckdb::string>& names) {
  auto bound = duckdb::make_uniq<Bound>();
  bound->table = &input.info->Cast<Tables>().tables[static_cast<std::size_t>(input.inputs[0].GetValue<int>())];
  types = bound->table->types;
  names = bound->table->names;
  return bound;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> init(duckdb::ClientContext&,
                                                          duckdb::TableFunctionInitInput& input) {
  auto state = duckdb::make_uniq<Scanning>();
  state->columns = input.column_ids;
  return state;
}

void scan(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
  const auto& table = *input.bind_data->Cast<Bound>().table;
  auto& state = input.global_state->Cast<Scanning>();
  duckdb::idx_t count = 0;
  for (; state.at < table.rows.size() && count < STANDARD_VECTOR_SIZE; ++state.at, ++count) {
    for (duckdb::idx_t i = 0; i < state.columns.size(); ++i) {
      if (duckdb::IsVirtualColumn(state.columns[i])) continue;
      output.SetValue(i, count, table.rows[state.at][state.columns[i]]);
    }
  }
  output.SetCardinality(count);
}

struct Hook : duckdb::OptimizerExtensionInfo {
  const std::vector<Relation>* relations = nullptr;
  Plan plan;
  Result<> outcome;
};

int relation_of_scan(const duckdb::LogicalGet& get) {
  return get.function.name == "weft_scan" ? get.parameters[0].GetValue<int>() : -1;
}

void trace(duckdb::OptimizerExtensionInput& input, duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
  auto& hook = dynamic_cast<Hook&>(*input.info);
  hook.plan = {};
  if (hook.relations != nullptr) hook.outcome = trace_lineage(*plan, *hook.relations, hook.plan, relation_of_scan);
}

}  // namespace

struct Bench::State {
  duckdb::DuckDB database{nullptr};
  duckdb::Connection connection{database};
  duckdb::Connection maker{database};
  duckdb::shared_ptr<Tables> tables = duckdb::make_shared_ptr<Tables>();
  duckdb::shared_ptr<Hook> hook = duckdb::make_shared_ptr<Hook>();
};

Bench::Bench() : state_(std::make_unique<State>()) {
  duckdb::TableFunction function("weft_scan", {duckdb::LogicalType::INTEGER}, scan, bind, init);
  function.projection_pushdown = true;
  function.function_info = state_->tables;
  duckdb::ExtensionLoader(*state_->database.instance, "test").RegisterFunction(function);
  // Before the barriers are raised, as in the worker; the lineage is the same after.
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = trace;
  extension.optimizer_info = state_->hook;
  duckdb::OptimizerExtension::Register(duckdb::DBConfig::GetConfig(*state_->database.instance), extension);
  register_barrier(*state_->database.instance);
  state_->tables->tables.reserve(1'000);
}

Bench::~Bench() = default;

duckdb::ClientContext& Bench::context() { return *state_->connection.context; }

int Bench::table(const std::string& name, const std::string& columns, const std::string& rows) {
  const int index = static_cast<int>(relations_.size());
  auto made = state_->maker.Query("CREATE OR REPLACE TABLE made (" + columns + ")");
  if (made->HasError()) throw std::runtime_error(made->GetError());
  auto empty = state_->maker.Query("SELECT * FROM made");
  Relation relation{.name = name,
                    .kind = RelationKind::table,
                    .columns = {},
                    .row_filter_sql = {},
                    .row_count = 0,
                    .view_sql = {},
                    .view_relations = {}};
  int field_id = 0;
  for (const auto& column : empty->names)
    relation.columns.push_back({.field_id = ++field_id, .name = column, .type = {}, .mask_sql = {}});
  state_->tables->tables.resize(relations_.size() + 1);
  state_->tables->tables.back() = {.names = empty->names, .types = empty->types, .rows = {}};
  relations_.push_back(std::move(relation));
  if (!rows.empty()) replace_rows(index, rows);
  return index;
}

int Bench::view(const std::string& name, const std::string& columns, const std::string& sql) {
  const int index = table(name, columns);
  relations_.back().kind = RelationKind::view;
  relations_.back().view_sql = sql;
  auto parsed = parse_governed(*state_->connection.context, sql, Limits{});
  if (parsed) {
    if (auto resolved = resolve(parsed->parsed.tables)) relations_.back().view_relations = *resolved;
  }
  return index;
}

void Bench::replace_rows(int relation, const std::string& rows) {
  auto& table = state_->tables->tables[static_cast<std::size_t>(relation)];
  std::string columns;
  for (std::size_t i = 0; i < table.names.size(); ++i) {
    columns += (i ? ", " : "") + text::quote_identifier(table.names[i]) + " " + table.types[i].ToString();
  }
  for (const auto& sql : {"CREATE OR REPLACE TABLE made (" + columns + ")", "INSERT INTO made VALUES " + rows}) {
    auto made = state_->maker.Query(sql);
    if (made->HasError()) throw std::runtime_error(made->GetError());
  }
  auto result = state_->maker.Query("SELECT * FROM made");
  table.rows.clear();
  for (duckdb::idx_t row = 0; row < result->RowCount(); ++row) {
    duckdb::vector<duckdb::Value> values;
    for (duckdb::idx_t column = 0; column < result->ColumnCount(); ++column)
      values.push_back(result->GetValue(column, row));
    table.rows.push_back(std::move(values));
  }
}

Result<std::vector<int>> Bench::resolve(const std::vector<TableName>& tables) {
  std::vector<int> answer;
  for (const auto& table : tables) {
    const std::string name = text::join(table.parts, ".");
    const auto found = std::ranges::find_if(relations_, [&](const Relation& relation) {
      return relation.name == name || relation.name.starts_with(name + ".");
    });
    if (found == relations_.end()) return fail(ErrorKind::not_found, "product.unknown", "no {}", name);
    answer.push_back(static_cast<int>(found - relations_.begin()));
  }
  return answer;
}

Result<Query> Bench::query(const std::string& sql) {
  auto parsed = TRY(parse_governed(*state_->connection.context, sql, Limits{}));
  return Query{.sql = sql, .relations = TRY(resolve(parsed.parsed.tables)), .parameters = {}};
}

Result<Plan> Bench::plan(const std::string& sql) {
  auto statement = TRY(rewrite(*state_->connection.context, TRY(query(sql)), relations_, Limits{}));
  state_->hook->relations = &relations_;
  auto prepared = state_->connection.Prepare(duckdb::unique_ptr<duckdb::SQLStatement>(statement.release()));
  if (prepared->HasError()) return fail(ErrorKind::invalid, "sql.bind", "{}", prepared->GetError());
  TRY(state_->hook->outcome);
  for (std::size_t i = 0; i < state_->hook->plan.columns.size(); ++i)
    state_->hook->plan.columns[i].name = prepared->GetNames()[i];
  return state_->hook->plan;
}

Result<std::vector<Row>> Bench::rows(const std::string& sql) {
  auto statement = TRY(rewrite(*state_->connection.context, TRY(query(sql)), relations_, Limits{}));
  state_->hook->relations = nullptr;
  auto result = state_->connection.Query(duckdb::unique_ptr<duckdb::SQLStatement>(statement.release()));
  if (result->HasError()) return fail(ErrorKind::invalid, "sql.run", "{}", result->GetError());
  std::vector<Row> rows;
  for (const auto& row : *result) {
    Row values;
    for (duckdb::idx_t i = 0; i < result->ColumnCount(); ++i)
      values.push_back(row.GetValue<duckdb::Value>(i).ToString());
    rows.push_back(std::move(values));
  }
  return rows;
}

Result<std::string> Bench::explain(const std::string& sql) {
  auto all = TRY(rows("EXPLAIN " + sql));
  std::string answer;
  for (const auto& row : all) answer += row.back();
  return answer;
}

std::string Bench::text(const std::vector<ColumnUse>& uses) const {
  std::vector<std::string> all;
  for (const auto& use : uses) {
    const auto& relation = relations_[static_cast<std::size_t>(use.relation)];
    std::string_view name = relation.name;
    name = name.substr(name.rfind('.') + 1);
    static constexpr std::string_view kUses[] = {"", "filter:", "join:", "group:", "order:", "window:"};
    all.push_back(format("{}{}.{}", kUses[static_cast<int>(use.use)], name, use.column));
  }
  std::ranges::sort(all);
  return text::join(all, " ");
}

}  // namespace weft::engine::worker::testing
