#pragma once

#include <map>
#include <memory>
#include <vector>

#include "platform/engine/engine.h"

namespace duckdb {
class ClientContext;
class DatabaseInstance;
class LogicalGet;
class LogicalOperator;
}  // namespace duckdb

// `weft_scan(<relation>)`: the engine's own Parquet reader over the files that control passes, with the schema that
// control says. It binds without a file: the list comes once the plan is known and control has pruned.
namespace weft::engine::worker {

// What the scans of one session read. Filled between planning and running; afterwards only read.
class ScanFiles {
 public:
  void set_relations(std::vector<Relation> relations);
  void set_files(int relation, std::vector<std::string> paths);
  void clear();
  const Relation* relation(int index) const;
  const std::vector<std::string>& files(int relation) const;

 private:
  std::vector<Relation> relations_;
  std::map<int, std::vector<std::string>> files_;
};

// Registers the function once per database. `files` outlives it.
void register_scan(duckdb::DatabaseInstance& database, ScanFiles& files);

// What the optimised plan tells of its scans: predicates that hold for all scans of a relation, the rows that they read
// together, and whether it is a look-up of single rows.
void read_scans(duckdb::ClientContext& context, duckdb::LogicalOperator& optimized, Plan& plan);

}  // namespace weft::engine::worker
