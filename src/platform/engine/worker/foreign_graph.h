#pragma once

#include <map>
#include <set>
#include <string>

#include "base/json_value.h"
#include "platform/engine/worker/foreign_scope.h"

namespace weft::engine::worker {

// What the statements of a script add up to. Tables in between are seen through: a column's lineage goes from where
// data enters the script to where it ends up.
class ForeignGraph {
 public:
  void edge(const ForeignColumn& source, const ForeignColumn& target) { into_[target].insert(source); }
  void read(const std::string& table) { read_.insert(table); }
  void write(const std::string& target, const std::set<std::string>& sources);
  void drop(const std::string& table);
  void rename(const std::string& from, const std::string& to);

  // {"columns":[[[column, table|null],[column, table|null]],…],"sources":[…],"targets":[…]}, all sorted.
  json::Value answer() const;

 private:
  using Edges = std::set<std::pair<ForeignColumn, ForeignColumn>>;
  Edges ends() const;
  void origins(const ForeignColumn& column, std::set<ForeignColumn>& seen, ForeignColumns& found) const;
  const ForeignColumns* sources_of(const ForeignColumn& column) const;

  std::map<ForeignColumn, ForeignColumns> into_;
  std::map<std::string, std::set<std::string>> written_;  // Target → the tables it was written from.
  std::set<std::string> read_;                            // By statements that write nothing.
};

}  // namespace weft::engine::worker
