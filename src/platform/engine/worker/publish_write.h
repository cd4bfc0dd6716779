#pragma once

#include "platform/engine/worker/publish_plan.h"

namespace weft::engine::worker {

// Writes the plan's rows as Parquet files of the table, one or more a partition, with what Iceberg wants to know of
// each.
Result<> write_files(PublishContext& context, const PublishJob& job, const PublishPlan& plan, PublishOutcome& outcome);

}  // namespace weft::engine::worker
