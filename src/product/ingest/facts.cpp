#include "base/json.h"
#include "product/governance/governance.h"
#include "product/ingest/state.h"

namespace weft::ingest {
namespace {

constexpr store::Migration kAll[] = {{1, R"sql(
CREATE TABLE publishes (id TEXT PRIMARY KEY, port TEXT NOT NULL, time INTEGER NOT NULL, principal TEXT NOT NULL, mode TEXT NOT NULL, status TEXT NOT NULL, snapshot_id INTEGER,
  rows INTEGER NOT NULL, bytes INTEGER NOT NULL, dead_letters INTEGER NOT NULL, contract_version TEXT NOT NULL, sha256 TEXT NOT NULL, request_id TEXT NOT NULL, answer TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX publishes_by_port ON publishes (port, id);
CREATE TABLE publish_checks (publish_id TEXT NOT NULL, position INTEGER NOT NULL, port TEXT NOT NULL, check_id TEXT NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL, status TEXT NOT NULL,
  value TEXT NOT NULL, failures INTEGER NOT NULL, PRIMARY KEY (publish_id, position)) WITHOUT ROWID;
CREATE TABLE publish_keys (principal TEXT NOT NULL, port TEXT NOT NULL, key TEXT NOT NULL, time INTEGER NOT NULL, sha256 TEXT NOT NULL, contract_version TEXT NOT NULL, status TEXT NOT NULL,
  answer TEXT NOT NULL, PRIMARY KEY (principal, port, key)) WITHOUT ROWID;
CREATE INDEX publish_keys_by_time ON publish_keys (time);
)sql"}};

using Row = std::function<Result<>(json::Object)>;
using Wanted = std::vector<std::string>;

json::Value optional_integer(const store::Row& row, int column) {
  return row.is_null(column) ? json::Value() : json::Value(row.integer(column));
}

json::Object publish_row(const store::Row& row) {
  return {{"publish_id", row.text(0)},
          {"port", row.text(1)},
          {"published", to_rfc3339(time_of(row.integer(2)))},
          {"principal", row.text(3)},
          {"mode", row.text(4)},
          {"status", row.text(5)},
          {"snapshot_id", optional_integer(row, 6)},
          {"rows", row.integer(7)},
          {"bytes", row.integer(8)},
          {"dead_letters", row.integer(9)},
          {"contract_version", row.text(10)}};
}

}  // namespace

const std::span<const store::Migration> kMigrations{kAll};

void add_facts(App& app) {
  store::Store& store = app.store();
  const std::vector<SystemTable::Column> columns = {{"publish_id", "string", ""},
                                                    {"port", "string", ""},
                                                    {"published", "timestamptz", ""},
                                                    {"principal", "string", ""},
                                                    {"mode", "string", ""},
                                                    {"status", "string", "committed or refused."},
                                                    {"snapshot_id", "long", ""},
                                                    {"rows", "long", ""},
                                                    {"bytes", "long", ""},
                                                    {"dead_letters", "long", ""},
                                                    {"contract_version", "string", ""}};
  // Publishes are public like the products they belong to; values are not in them.
  auto publishes = [&store](std::string_view where) {
    return [&store, sql = format("SELECT id, port, time, principal, mode, status, snapshot_id, rows, bytes, "
                                 "dead_letters, contract_version FROM publishes {}",
                                 where)](const Principal&, const Wanted&, const Row& row) -> Result<> {
      return store.read([&](store::Session& session) {
        return session.each(sql, {}, [&](const store::Row& each) { return row(publish_row(each)); });
      });
    };
  };
  app.system_table(
      {.name = "publishes", .summary = "Publishes, committed and refused.", .columns = columns, .rows = publishes("")});
  app.system_table({.name = "dead_letters",
                    .summary = "Publishes that set rows aside.",
                    .columns = columns,
                    .rows = publishes("WHERE dead_letters > 0")});
  app.system_table(
      {.name = "checks",
       .summary = "What each publish's checks found.",
       .columns = {{"publish_id", "string", ""},
                   {"port", "string", ""},
                   {"check_id", "string", ""},
                   {"kind", "string", ""},
                   {"severity", "string", ""},
                   {"status", "string", "passed, failed, warned, unchecked."},
                   {"value", "string", "JSON."},
                   {"failures", "long", ""}},
       .rows = [&store](const Principal&, const Wanted&, const Row& row) -> Result<> {
         return store.read([&](store::Session& session) {
           return session.each(
               "SELECT publish_id, port, check_id, kind, severity, status, value, failures FROM publish_checks", {},
               [&](const store::Row& each) {
                 return row({{"publish_id", each.text(0)},
                             {"port", each.text(1)},
                             {"check_id", each.text(2)},
                             {"kind", each.text(3)},
                             {"severity", each.text(4)},
                             {"status", each.text(5)},
                             {"value", each.text(6)},
                             {"failures", each.integer(7)}});
               });
         });
       }});
}

}  // namespace weft::ingest
