#pragma once

#include "platform/engine/worker/publish_plan.h"

namespace duckdb {
class DatabaseInstance;
}  // namespace duckdb

namespace weft::engine::worker {

// `weft_tally(flag, …)` counts on its way past how often each flag is true, and is itself always true: checks are
// counted in the pass that writes. Users' SQL does not know the function. One publish at a time.
void register_tally(duckdb::DatabaseInstance& database);

// Writes the plan's rows as one file while it counts the flags (SQL conditions over the plan's rows); the counts in
// their order.
Result<std::vector<std::uint64_t>> write_tallied(PublishContext& context, const PublishJob& job,
                                                 const PublishPlan& plan, const std::vector<std::string>& flags,
                                                 PublishOutcome& outcome);

}  // namespace weft::engine::worker
