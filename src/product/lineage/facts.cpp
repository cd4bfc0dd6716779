#include "product/lineage/facts.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/crypto.h"
#include "base/json.h"

namespace weft::lineage {
namespace {

constexpr store::Migration kAll[] = {{1, R"sql(
CREATE TABLE lineage_column (id INTEGER PRIMARY KEY, port TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (port, name));
CREATE TABLE lineage_fact (
  id INTEGER PRIMARY KEY, shape TEXT NOT NULL UNIQUE, source TEXT NOT NULL, name TEXT NOT NULL, target TEXT NOT NULL,
  recorded INTEGER NOT NULL, is_current INTEGER NOT NULL, columns TEXT NOT NULL, edges BLOB NOT NULL);
CREATE INDEX lineage_fact_by_name ON lineage_fact (source, name);
CREATE INDEX lineage_fact_by_target ON lineage_fact (target) WHERE target <> '' AND is_current = 1;
CREATE TABLE lineage_state (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL);
INSERT INTO lineage_state (id, revision) VALUES (1, 1);
CREATE TABLE lineage_view (port TEXT PRIMARY KEY, definition TEXT NOT NULL, problem TEXT NOT NULL) WITHOUT ROWID;
)sql"}};

constexpr std::string_view kFactColumns = "id, source, name, target, recorded, columns, edges";
constexpr std::size_t kEdgeBytes = 9;

std::string port_text(const mesh::PortName& port) {
  return port.domain.empty() ? std::string() : mesh::to_string(port);
}

// Facts of queries are told apart by what they do, not by which query it was: a dashboard's query is stored once.
std::string shape_of(const Fact& fact, std::span<const NamedEdge> edges) {
  std::string text =
      fact.source + "\n" + (fact.source == "query" ? "" : fact.name) + "\n" + port_text(fact.target) + "\n";
  for (const auto& column : fact.plan.columns) text += column.name + "\t";
  for (const auto& edge : edges) {
    text += format("\n{}\t{}\t{}\t{}", edge.from.port, edge.from.name, edge.to.name, engine::to_string(edge.use));
  }
  return crypto::to_hex(crypto::sha256(text));
}

Result<std::uint32_t> id_of(store::Session& session, const ColumnName& column) {
  const auto find = [&] {
    return session.first("SELECT id FROM lineage_column WHERE port = ?1 AND name = ?2", {column.port, column.name},
                         [](const store::Row& row) { return static_cast<std::uint32_t>(row.integer(0)); });
  };
  if (const auto id = TRY(find())) return *id;
  TRY(session.run("INSERT INTO lineage_column (port, name) VALUES (?1, ?2)", {column.port, column.name}));
  return *TRY(find());
}

Result<> bump(store::Session& session) {
  TRY(session.run("UPDATE lineage_state SET revision = revision + 1"));
  return {};
}

std::string columns_text(const Fact& fact) {
  json::Array columns;
  for (const auto& column : fact.plan.columns) columns.emplace_back(column.name);
  return json::write(std::move(columns));
}

StoredFact fact_of(const store::Row& row) {
  StoredFact fact{.id = row.integer(0),
                  .source = row.text(1),
                  .name = row.text(2),
                  .target = row.text(3),
                  .recorded = row.integer(4),
                  .columns = {},
                  .edges = decode(row.view(6))};
  if (const auto columns = json::parse(row.view(5)); columns && columns->is_array()) {
    for (const auto& column : columns->array()) fact.columns.emplace_back(column.text_or(""));
  }
  return fact;
}

}  // namespace

const std::span<const store::Migration> kMigrations{kAll};

std::vector<NamedEdge> edges_of(const Fact& fact) {
  const std::string target = port_text(fact.target);
  std::vector<NamedEdge> edges;
  const auto add = [&](const engine::ColumnUse& use, const std::string& column) {
    const auto relation = static_cast<std::size_t>(use.relation);
    if (relation >= fact.relations.size() || fact.relations[relation].domain.empty())
      return;  // mesh.*: the mesh about itself.
    edges.push_back({.from = {.port = mesh::to_string(fact.relations[relation]), .name = use.column},
                     .to = {.port = target, .name = column},
                     .use = use.use});
  };
  for (const auto& column : fact.plan.columns) {
    for (const auto& use : column.from) add(use, column.name);
  }
  for (const auto& use : fact.plan.rows_from) add(use, "");
  std::ranges::sort(edges);
  const auto [first, last] = std::ranges::unique(edges);
  edges.erase(first, last);
  return edges;
}

std::string encode(std::span<const StoredEdge> edges) {
  std::string bytes(edges.size() * kEdgeBytes, '\0');
  char* at = bytes.data();
  for (const auto& edge : edges) {
    std::memcpy(at, &edge.from, 4);
    std::memcpy(at + 4, &edge.to, 4);
    at[8] = static_cast<char>(edge.use);
    at += kEdgeBytes;
  }
  return bytes;
}

std::vector<StoredEdge> decode(std::string_view bytes) {
  std::vector<StoredEdge> edges(bytes.size() / kEdgeBytes);
  const char* at = bytes.data();
  for (auto& edge : edges) {
    std::memcpy(&edge.from, at, 4);
    std::memcpy(&edge.to, at + 4, 4);
    edge.use = static_cast<std::uint8_t>(at[8]);
    at += kEdgeBytes;
  }
  return edges;
}

Result<> store_fact(store::Session& session, const Fact& fact, Time now) {
  const auto named = edges_of(fact);
  const std::string shape = shape_of(fact, named);
  const auto known = TRY(session.first("SELECT is_current FROM lineage_fact WHERE shape = ?1", {shape},
                                       [](const store::Row& row) { return row.integer(0) != 0; }));
  if (known && *known) return {};
  if (!known) {
    std::map<ColumnName, std::uint32_t> ids;
    std::vector<StoredEdge> edges;
    for (const auto& edge : named) {
      for (const auto* column : {&edge.from, &edge.to}) {
        if (!ids.contains(*column)) ids[*column] = TRY(id_of(session, *column));
      }
      edges.push_back({.from = ids[edge.from], .to = ids[edge.to], .use = static_cast<std::uint8_t>(edge.use)});
    }
    TRY(
        session.run("INSERT INTO lineage_fact (shape, source, name, target, recorded, is_current, columns, edges) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)",
                    {shape, fact.source, fact.name, port_text(fact.target), micros(now), columns_text(fact),
                     store::Blob{encode(edges)}}));
  }
  if (fact.source == "query") {
    TRY(session.run("UPDATE lineage_fact SET is_current = 1 WHERE shape = ?1", {shape}));
    return {};
  }
  TRY(
      session.run("UPDATE lineage_fact SET is_current = (shape = ?3) WHERE source = ?1 AND name = ?2 AND is_current <> "
                  "(shape = ?3)",
                  {fact.source, fact.name, shape}));
  return bump(session);
}

Result<> each_current(store::Session& session, const std::function<Result<>(StoredFact)>& take) {
  static const std::string sql =
      format("SELECT {} FROM lineage_fact WHERE target <> '' AND is_current = 1 ORDER BY id", kFactColumns);
  return session.each(sql, {}, [&](const store::Row& row) { return take(fact_of(row)); });
}

Result<> each_query(store::Session& session, std::int64_t limit, const std::function<Result<>(StoredFact)>& take) {
  static const std::string sql =
      format("SELECT {} FROM lineage_fact WHERE source = 'query' ORDER BY id DESC LIMIT ?1", kFactColumns);
  return session.each(sql, {limit}, [&](const store::Row& row) { return take(fact_of(row)); });
}

Result<std::int64_t> revision(store::Session& session) {
  return TRY(session.first("SELECT revision FROM lineage_state", {},
                           [](const store::Row& row) { return row.integer(0); }))
      .value_or(0);
}

Result<> forget(store::Session& session, Time before) {
  TRY(session.run("DELETE FROM lineage_fact WHERE source = 'query' AND recorded < ?1", {micros(before)}));
  return {};
}

}  // namespace weft::lineage
