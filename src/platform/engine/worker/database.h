#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace duckdb {
class DuckDB;
}

namespace weft::engine::worker {

class Descriptors;
class ScanFiles;

struct DatabaseOptions {
  std::uint64_t memory_bytes = 1ULL << 30;
  int threads = 1;
  std::string spill_folder;  // For the engine's temporary files; empty: none are written.
};

// The engine as every worker has it: no extension beyond those built in, no path but our own descriptors, UTC, binary
// collation. Opened with one thread, because a scheduler thread made before the fences would stand outside them;
// lock_down() makes the rest and locks the configuration. All arguments outlive the database.
Result<std::unique_ptr<duckdb::DuckDB>> open_database(const DatabaseOptions& options, Descriptors& descriptors,
                                                      ScanFiles& scans);
Result<> lock_down(duckdb::DuckDB& database, const DatabaseOptions& options);

}  // namespace weft::engine::worker
