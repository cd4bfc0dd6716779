#include "platform/store/migrate.h"

#include "base/check.h"

namespace weft::store {
namespace {

constexpr std::string_view kVersions = "SELECT module, version FROM schema_versions";
constexpr std::string_view kTable =
    "CREATE TABLE IF NOT EXISTS schema_versions (module TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID";

std::unexpected<Error> newer(std::string_view module, std::int64_t there, std::int64_t known) {
  return fail(ErrorKind::conflict, "store.newer_schema",
              "this folder was written by a newer Weft: its {} tables have version {}, this program knows {}; use "
              "the newer program, or restore a backup",
              module, there, known);
}

Result<> migrate_module(Connection& connection, const ModuleMigrations& module) {
  const auto stored = TRY(connection.first("SELECT version FROM schema_versions WHERE module = ?1", {module.module},
                                           [](const Row& row) { return row.integer(0); }));
  const std::int64_t at = stored.value_or(0);
  const std::int64_t newest = module.migrations.empty() ? 0 : module.migrations.back().version;
  if (at > newest) return newer(module.module, at, newest);
  std::int64_t expected = 1;
  for (const Migration& migration : module.migrations) {
    CHECK(migration.version == expected++);
    if (migration.version > at) TRY(connection.script(migration.sql));
  }
  if (newest > at)
    TRY(connection.run("INSERT OR REPLACE INTO schema_versions VALUES (?1, ?2)", {module.module, newest}));
  return {};
}

// Tables of a capability that this program does not have would fall behind what they tell of.
Result<> refuse_unknown_modules(Connection& connection, std::span<const ModuleMigrations> modules) {
  return connection.each(kVersions, {}, [&](const Row& row) -> Result<> {
    const std::string module = row.text(0);
    const bool is_known = std::any_of(modules.begin(), modules.end(),
                                      [&](const ModuleMigrations& known) { return known.module == module; });
    if (!is_known) return newer(module, row.integer(1), 0);
    return {};
  });
}

Result<> migrate_all(Connection& connection, std::span<const ModuleMigrations> modules) {
  TRY(connection.script(kTable));
  TRY(refuse_unknown_modules(connection, modules));
  for (const ModuleMigrations& module : modules) TRY(migrate_module(connection, module));
  return {};
}

}  // namespace

Result<> migrate(Connection& connection, std::span<const ModuleMigrations> modules) {
  TRY(connection.script("BEGIN IMMEDIATE"));
  auto done = migrate_all(connection, modules);
  if (done) done = connection.script("COMMIT");
  if (!done) (void)connection.script("ROLLBACK");
  return done;
}

}  // namespace weft::store
