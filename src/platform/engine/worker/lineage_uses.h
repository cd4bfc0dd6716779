#pragma once

#include <string>
#include <vector>

#include "platform/engine/engine.h"

namespace duckdb {
class LogicalGet;
class LogicalOperator;
}  // namespace duckdb

namespace weft::engine::worker {

// A set of column uses: sorted and unique. Copies share what they hold until one changes.
class Uses {
 public:
  Uses() = default;
  static Uses column(ColumnUse use);
  // Whether that made it larger.
  bool add(const Uses& other);
  // All of it, used in this way.
  Uses as(Use use) const;
  const std::vector<ColumnUse>& list() const;

 private:
  std::shared_ptr<const std::vector<ColumnUse>> uses_;
};

// trace_lineage of analysis.h with another way to tell scans: for tests without files.
using RelationOf = int (*)(const duckdb::LogicalGet&);
Result<> trace_lineage(duckdb::LogicalOperator& bound, const std::vector<Relation>& relations, Plan& plan,
                       RelationOf relation_of_scan);

// The name of the CTE that rewriting makes of a view.
std::string view_cte(int relation);

}  // namespace weft::engine::worker
