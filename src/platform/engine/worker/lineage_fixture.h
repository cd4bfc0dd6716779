#pragma once

#include <memory>
#include <string>
#include <vector>

#include "platform/engine/worker/analysis.h"

namespace duckdb {
class ClientContext;
}  // namespace duckdb

namespace weft::engine::worker::testing {

using Row = std::vector<std::string>;  // "NULL" or the value as text.

// An engine with a `weft_scan` of its own that gives rows from memory, for tests of what the worker understands.
class Bench {
 public:
  Bench();
  ~Bench();

  // columns: "a BIGINT, b VARCHAR"; rows: SQL values, "(1, 'x'), (2, NULL)". Returns the relation's index.
  int table(const std::string& name, const std::string& columns, const std::string& rows = "");
  int view(const std::string& name, const std::string& columns, const std::string& sql);
  void replace_rows(int relation, const std::string& rows);
  Relation& relation(int index) { return relations_[static_cast<std::size_t>(index)]; }
  std::vector<Relation>& relations() { return relations_; }

  Result<Plan> plan(const std::string& sql);
  Result<std::vector<Row>> rows(const std::string& sql);
  // The plan after the optimizer, as text.
  Result<std::string> explain(const std::string& sql);
  // "flights.a" for each use in this way, sorted, joined by blanks; "filter:flights.a" for the other uses.
  std::string text(const std::vector<ColumnUse>& uses) const;

  duckdb::ClientContext& context();

 private:
  struct State;
  Result<Query> query(const std::string& sql);
  Result<std::vector<int>> resolve(const std::vector<TableName>& tables);

  std::vector<Relation> relations_;
  std::unique_ptr<State> state_;
};

}  // namespace weft::engine::worker::testing
