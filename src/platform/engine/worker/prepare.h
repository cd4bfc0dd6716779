#pragma once

#include <memory>
#include <vector>

#include "platform/engine/engine.h"

namespace duckdb {
class Connection;
class PreparedStatement;
class SQLStatement;
}  // namespace duckdb

namespace weft::engine::worker {

// Binds a rewritten statement once, and on the way reads from it what control wants to know: columns and lineage from
// the bound plan, predicates and sizes from the optimised one. What it returns runs as often as wanted. Refuses, while
// it binds and again on the plan, whatever reads anything but our scans and the allowed functions: denied
// "sql.not_allowed".
struct Prepared {
  std::unique_ptr<duckdb::PreparedStatement> statement;
  Plan plan;
};
Result<Prepared> prepare(duckdb::Connection& connection, std::unique_ptr<duckdb::SQLStatement> statement,
                         const std::vector<Relation>& relations);

// From the parse tree alone, before anything is bound: may it be a look-up of single rows? A guess that saves binding
// twice.
bool looks_like_point(const duckdb::SQLStatement& statement);

}  // namespace weft::engine::worker
