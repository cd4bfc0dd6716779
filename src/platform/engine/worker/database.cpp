#include "platform/engine/worker/database.h"

#include "duckdb.hpp"
#include "duckdb/main/config.hpp"
#include "platform/engine/worker/files.h"
#include "platform/engine/worker/pattern_function.h"
#include "platform/engine/worker/publish_tally.h"
#include "platform/engine/worker/rewrite_barrier.h"
#include "platform/engine/worker/scan.h"
#include "platform/engine/worker/statement.h"

namespace weft::engine::worker {
namespace {

constexpr const char* kSourceId = "d8cdaa33fd";  // DuckDB 1.5.5: what the headers were made for.

constexpr std::uint64_t kSpillTimes = 16;  // Of its memory, a worker's temporary files.
constexpr double kCountedShare = 0.8;  // Of its memory, what the engine's own accounting may fill; it does not see all.

Result<> run(duckdb::Connection& connection, const std::string& sql) {
  auto result = connection.Query(sql);
  if (result->HasError()) return fail(ErrorKind::internal, "engine.setting", "{}: {}", sql, result->GetError());
  return {};
}

// What does not change once a database is open.
void configure(duckdb::DBConfig& config, const DatabaseOptions& options) {
  config.SetOptionByName("threads", duckdb::Value::BIGINT(1));
  config.SetOptionByName(
      "memory_limit", duckdb::Value(format("{}B", static_cast<std::uint64_t>(static_cast<double>(options.memory_bytes) *
                                                                             kCountedShare))));
  config.SetOptionByName("temp_directory", duckdb::Value(options.spill_folder));
  config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("allow_community_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("allow_persistent_secrets", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("pin_threads", duckdb::Value("off"));
  // What one query read stays in no memory that the next one can reach; the kernel's page cache serves as well.
  config.SetOptionByName("enable_external_file_cache", duckdb::Value::BOOLEAN(false));
}

}  // namespace

Result<std::unique_ptr<duckdb::DuckDB>> open_database(const DatabaseOptions& options, Descriptors& descriptors,
                                                      ScanFiles& scans) {
  if (std::string_view(duckdb::DuckDB::SourceID()) != kSourceId) {
    return fail(ErrorKind::unavailable, "engine.library", "libduckdb is of the build {}, weft-engine was made for {}",
                duckdb::DuckDB::SourceID(), kSourceId);
  }
  try {
    duckdb::DBConfig config;
    configure(config, options);
    auto database = std::make_unique<duckdb::DuckDB>(":memory:", &config);
    database->GetFileSystem().RegisterSubSystem(duckdb::make_uniq<DescriptorFileSystem>(descriptors));
    register_scan(*database->instance, scans);
    register_barrier(*database->instance);
    register_matches(*database->instance);
    register_tally(*database->instance);
    duckdb::Connection connection(*database);
    TRY(run(connection, "SET GLOBAL TimeZone = 'UTC'"));
    // Files never change under a name (files.h), so their footers are read once.
    TRY(run(connection, "SET GLOBAL parquet_metadata_cache = true"));
    TRY(run(connection, "SET GLOBAL max_expression_depth = 1000"));
    return database;
  } catch (const std::exception& exception) {
    return fail(error_from(exception));
  }
}

Result<> lock_down(duckdb::DuckDB& database, const DatabaseOptions& options) {
  try {
    duckdb::Connection connection(database);
    if (options.spill_folder.empty()) TRY(run(connection, "SET GLOBAL temp_directory = ''"));
    if (!options.spill_folder.empty())
      TRY(run(connection, format("SET GLOBAL max_temp_directory_size = '{}B'", options.memory_bytes * kSpillTimes)));
    TRY(run(connection, format("SET GLOBAL threads = {}", options.threads)));
    TRY(run(connection, "SET GLOBAL allowed_directories = ['weft://']"));
    TRY(run(connection, "SET GLOBAL enable_external_access = false"));
    TRY(run(connection, "SET GLOBAL lock_configuration = true"));
    return {};
  } catch (const std::exception& exception) {
    return fail(error_from(exception));
  }
}

}  // namespace weft::engine::worker
