#include "platform/engine/worker/analysis.h"
#include "platform/engine/worker/lineage_uses.h"

namespace weft::engine::worker {

Result<> trace_lineage(duckdb::LogicalOperator& bound, const std::vector<Relation>& relations, Plan& plan) {
  return trace_lineage(bound, relations, plan, relation_of);
}

}  // namespace weft::engine::worker
