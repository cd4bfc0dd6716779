#include "product/query/facts.h"

#include "base/json.h"
#include "base/text.h"
#include "product/governance/governance.h"

namespace weft::query {
namespace {

constexpr store::Migration kAll[] = {{1, R"sql(
CREATE TABLE queries (
  id TEXT PRIMARY KEY, started INTEGER NOT NULL, principal TEXT NOT NULL, request_id TEXT NOT NULL, sql TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'unknown', code TEXT, rows INTEGER, bytes INTEGER, cpu_micros INTEGER, wall_micros INTEGER,
  memory_peak INTEGER, finished INTEGER) WITHOUT ROWID;
CREATE INDEX queries_by_principal ON queries (principal, id);
CREATE TABLE query_accesses (
  query_id TEXT NOT NULL, position INTEGER NOT NULL, time INTEGER NOT NULL, principal TEXT NOT NULL, reader TEXT NOT NULL,
  name TEXT NOT NULL, domain TEXT NOT NULL, columns TEXT NOT NULL, snapshot_id INTEGER, why TEXT NOT NULL,
  PRIMARY KEY (query_id, position)) WITHOUT ROWID;
CREATE INDEX query_accesses_by_name ON query_accesses (name, time);
)sql"}};

constexpr std::string_view kInsertQuery =
    "INSERT INTO queries (id, started, principal, request_id, sql) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr std::string_view kInsertAccess =
    "INSERT INTO query_accesses (query_id, position, time, principal, reader, name, domain, columns, snapshot_id, why) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
constexpr std::string_view kUpdateOutcome =
    "UPDATE queries SET status = ?2, code = ?3, rows = ?4, bytes = ?5, cpu_micros = ?6, wall_micros = ?7, memory_peak "
    "= ?8, "
    "finished = ?9 WHERE id = ?1";
constexpr std::string_view kColumns =
    "id, started, principal, request_id, sql, status, code, rows, bytes, cpu_micros, wall_micros, memory_peak, "
    "finished";

json::Value optional_integer(const store::Row& row, int column) {
  return row.is_null(column) ? json::Value() : json::Value(row.integer(column));
}

json::Object query_of(const store::Row& row) {
  return {{"query_id", row.text(0)},
          {"started", to_rfc3339(time_of(row.integer(1)))},
          {"principal", row.text(2)},
          {"request_id", row.text(3)},
          {"sql", row.text(4)},
          {"status", row.text(5)},
          {"code", row.is_null(6) ? json::Value() : json::Value(row.text(6))},
          {"rows", optional_integer(row, 7)},
          {"bytes", optional_integer(row, 8)},
          {"cpu_micros", optional_integer(row, 9)},
          {"wall_micros", optional_integer(row, 10)},
          {"memory_peak", optional_integer(row, 11)},
          {"finished", row.is_null(12) ? json::Value() : json::Value(to_rfc3339(time_of(row.integer(12))))}};
}

std::string_view clipped(std::string_view sql) { return sql.substr(0, kSqlRecordedMax); }

std::vector<SystemTable::Column> query_columns() {
  return {{"query_id", "string", "Returned as Weft-Query-Id."},
          {"started", "timestamptz", "When it was admitted."},
          {"principal", "string", "Who asked."},
          {"request_id", "string", "The request that brought it."},
          {"sql", "string", "Its text."},
          {"status", "string", "finished, failed, cancelled or unknown."},
          {"code", "string", "Why it failed."},
          {"rows", "long", "Rows of the answer."},
          {"bytes", "long", "Bytes of the answer."},
          {"cpu_micros", "long", "Processor time of its worker."},
          {"wall_micros", "long", "From start to end."},
          {"memory_peak", "long", "Bytes."},
          {"finished", "timestamptz", "When its outcome was recorded."}};
}

std::vector<SystemTable::Column> access_columns() {
  return {{"query_id", "string", "The query."},
          {"time", "timestamptz", "When it was admitted."},
          {"principal", "string", "Who asked."},
          {"reader", "string", "As whom it was read: the asker, or the domain of a view."},
          {"name", "string", "The port or system table."},
          {"domain", "string", "Its domain."},
          {"columns", "string", "The columns that were read, separated by commas."},
          {"snapshot_id", "long", "The table's snapshot."},
          {"why", "string", "Why it was allowed."}};
}

bool may_see_of(const mesh::MeshState& mesh, const Principal& asker, std::string_view domain, Time now) {
  return !domain.empty() && governance::decide_domain(mesh, asker, governance::Action::declare, domain, now).is_allowed;
}

}  // namespace

const std::span<const store::Migration> kMigrations{kAll};

Result<> record_access(store::Session& session, const Prepared& prepared, audit::Audit& audit,
                       lineage::Lineage& lineage, Time now) {
  const Ask& ask = prepared.ask;
  TRY(session.run(kInsertQuery,
                  {prepared.query_id, micros(now), ask.principal.name, ask.request_id, clipped(ask.sql)}));
  json::Array read;
  lineage::Fact fact{
      .source = "query", .name = prepared.query_id, .target = {}, .plan = prepared.plan, .relations = {}};
  for (std::size_t i = 0; i < prepared.sources.size(); ++i) {
    const Source& source = prepared.sources[i];
    const auto& used = prepared.plan.relations[i].columns;
    std::optional<std::int64_t> snapshot;
    if (source.table) snapshot = source.table->snapshot_id;
    TRY(session.run(kInsertAccess,
                    {prepared.query_id, static_cast<std::int64_t>(i), micros(now), ask.principal.name, source.reader,
                     source.name, source.port.domain, text::join(used, ","), store::param(snapshot), source.why}));
    json::Array columns;
    for (const std::string& column : used) columns.push_back(column);
    json::Object entry{{"name", source.name}, {"reader", source.reader}, {"why", source.why}};
    entry.set("columns", std::move(columns));
    if (snapshot) entry.set("snapshot_id", *snapshot);
    read.push_back(std::move(entry));
    fact.relations.push_back(source.port);
  }
  TRY(lineage.record(session, fact));
  json::Object details;
  details.set("read", std::move(read));
  return audit.append(session, {.actor = ask.principal.name,
                                .action = "query.access",
                                .subject = prepared.query_id,
                                .outcome = "allowed",
                                .request_id = ask.request_id,
                                .details = std::move(details)});
}

Result<> record_outcome(store::Session& session, const Prepared& prepared, const Result<engine::Outcome>& outcome,
                        Time now) {
  if (!outcome) {
    const std::string_view status = outcome.error().kind == ErrorKind::cancelled ? "cancelled" : "failed";
    TRY(session.run(kUpdateOutcome, {prepared.query_id, status, outcome.error().code, nullptr, nullptr, nullptr,
                                     nullptr, nullptr, micros(now)}));
    return {};
  }
  auto integer = [](auto value) { return static_cast<std::int64_t>(value); };
  TRY(session.run(kUpdateOutcome,
                  {prepared.query_id, "finished", nullptr, integer(outcome->rows), integer(outcome->bytes),
                   outcome->cpu_micros, outcome->wall_micros, integer(outcome->memory_peak), micros(now)}));
  return {};
}

void add_system_tables(App& app, const catalog::Catalog& catalog) {
  store::Store& store = app.store();
  app.system_table(
      {.name = "queries",
       .summary = "Queries and their outcomes.",
       .columns = query_columns(),
       .rows = [&store](const Principal& asker, const std::vector<std::string>&, const auto& row) -> Result<> {
         const std::string sql = format("SELECT {} FROM queries WHERE ?1 OR principal = ?2", kColumns);
         return store.read([&](store::Session& session) {
           return session.each(sql, {std::int64_t{asker.is_administrator}, asker.name},
                               [&](const store::Row& each) { return row(query_of(each)); });
         });
       }});
  app.system_table(
      {.name = "accesses",
       .summary = "What queries read, and why they were allowed.",
       .columns = access_columns(),
       .rows = [&store, &catalog, &clock = app.clock()](const Principal& asker, const std::vector<std::string>&,
                                                        const auto& row) -> Result<> {
         const auto mesh = catalog.current();
         return store.read([&](store::Session& session) {
           return session.each(
               "SELECT query_id, time, principal, reader, name, domain, columns, snapshot_id, why FROM query_accesses",
               {}, [&](const store::Row& each) -> Result<> {
                 if (!asker.is_administrator && each.view(2) != asker.name &&
                     !may_see_of(*mesh, asker, each.view(5), clock.now()))
                   return {};
                 return row({{"query_id", each.text(0)},
                             {"time", to_rfc3339(time_of(each.integer(1)))},
                             {"principal", each.text(2)},
                             {"reader", each.text(3)},
                             {"name", each.text(4)},
                             {"domain", each.text(5)},
                             {"columns", each.text(6)},
                             {"snapshot_id", optional_integer(each, 7)},
                             {"why", each.text(8)}});
               });
         });
       }});
}

Result<json::Value> query_fact(store::Store& store, std::string_view id, const Principal& principal) {
  const std::string sql = format("SELECT {} FROM queries WHERE id = ?1 AND (?2 OR principal = ?3)", kColumns);
  std::optional<json::Object> fact;
  TRY(store.read([&](store::Session& session) -> Result<> {
    fact = TRY(session.first(sql, {id, std::int64_t{principal.is_administrator}, principal.name}, query_of));
    if (!fact) return {};
    json::Array read;
    TRY(session.each(
        "SELECT name, reader, columns, snapshot_id, why FROM query_accesses WHERE query_id = ?1 ORDER BY position",
        {id}, [&](const store::Row& row) -> Result<> {
          read.push_back(json::Object{{"name", row.text(0)},
                                      {"reader", row.text(1)},
                                      {"columns", row.text(2)},
                                      {"snapshot_id", optional_integer(row, 3)},
                                      {"why", row.text(4)}});
          return {};
        }));
    fact->set("accesses", std::move(read));
    return {};
  }));
  if (!fact) return fail(ErrorKind::not_found, "query.unknown", "there is no query {} of yours", id);
  return json::Value(std::move(*fact));
}

Result<json::Value> query_facts(store::Store& store, const Page& page, const Principal& principal) {
  const std::string sql =
      format("SELECT {} FROM queries WHERE (?1 OR principal = ?2) AND (?3 = '' OR id < ?3) ORDER BY id DESC LIMIT ?4",
             kColumns);
  json::Array items;
  std::string last;
  TRY(store.read([&](store::Session& session) {
    return session.each(
        sql, {std::int64_t{principal.is_administrator}, principal.name, page.after, std::int64_t{page.limit}},
        [&](const store::Row& row) -> Result<> {
          last = row.text(0);
          items.push_back(query_of(row));
          return {};
        });
  }));
  const bool is_full = items.size() == static_cast<std::size_t>(page.limit);
  return page_answer(std::move(items), is_full ? std::optional(last) : std::nullopt);
}

}  // namespace weft::query
