#pragma once

#include <string_view>

namespace duckdb {
class DatabaseInstance;
}

namespace weft::engine::worker {

// The mark that rewriting puts beside a row filter: `WHERE weft_barrier() AND (filter)`.
inline constexpr std::string_view kBarrier = "weft_barrier";

// Registers the mark and the optimizer pass that turns a filter with the mark into a plan node which no expression of
// the query passes: the optimizer knows nothing about the node, so it neither pushes filters below it nor pulls the row
// filter above it. Costs nothing when the query runs. Fails closed: a mark that is left over raises when it is
// executed. Once for each database, before the configuration is locked.
void register_barrier(duckdb::DatabaseInstance& database);

}  // namespace weft::engine::worker
