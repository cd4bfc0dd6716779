#include "platform/engine/worker/publish.h"

#include "platform/engine/worker/publish_plan.h"
#include "platform/engine/worker/publish_write.h"

namespace weft::engine::worker {

Result<PublishOutcome> publish(PublishContext& context, const PublishJob& job) {
  PublishOutcome outcome;
  auto input = open_input(context, job);
  if (!input) {
    // What is wrong with the file is an answer, what is wrong with us is an error.
    if (input.error().kind != ErrorKind::invalid && input.error().kind != ErrorKind::unsupported &&
        input.error().kind != ErrorKind::limit)
      return fail(input.error());
    outcome.problems.push_back({.code = input.error().code,
                                .message = input.error().message,
                                .column = {},
                                .failures = 0,
                                .sample_rows = {},
                                .sample_values = {}});
    return outcome;
  }
  PublishPlan plan = TRY(plan_publish(context, job, *input, outcome.problems));
  if (!outcome.problems.empty()) return outcome;
  TRY(run_checks(context, job, plan, outcome));
  if (plan.bad_rows > 0) {
    const bool may_set_aside =
        job.dead_letters_max_share_ppm > 0 && plan.bad_rows > 0 &&
        plan.bad_rows * 1'000'000 <= job.dead_letters_max_share_ppm * std::max<std::uint64_t>(1, outcome.rows_in);
    if (!may_set_aside) return outcome;
    outcome.rows_dead = plan.bad_rows;
    if (job.is_dry) return outcome;
    TRY(set_aside(context, job, plan, outcome));
  }
  if (!plan.is_written && !job.is_dry) TRY(write_files(context, job, plan, outcome));
  return outcome;
}

Result<PublishOutcome> compact(PublishContext& context, const PublishJob& job) {
  PublishOutcome outcome;
  PublishPlan plan;
  plan.from = TRY(existing_rows(context, job));
  for (const TargetColumn& column : job.columns) plan.columns.push_back(column.name);
  TRY(write_files(context, job, plan, outcome));
  return outcome;
}

}  // namespace weft::engine::worker
