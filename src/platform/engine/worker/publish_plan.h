#pragma once

#include "platform/engine/worker/publish_input.h"

namespace weft::engine::worker {

// One thing that a single row can be wrong about.
struct RowRule {
  std::string id;  // A check's id, or "cast.<column>".
  std::string column;
  std::string failing;  // SQL over `from`: true for a bad row, else false.
  std::string flag;     // The same, where NULL may stand for false: cheaper where that does not matter.
  std::string shown;    // SQL of the value to show as a sample.
  bool is_cast = false;
  bool is_blocking = true;  // Of severity error: a row that breaks it may not enter the table.
  std::size_t check = 0;    // Index into job.checks, unless is_cast.
};

// How the input becomes rows of the table. `from` gives the target's columns by their names, `weft_row`, and for casts
// that can lose a value `weft_bad_<n>` and `weft_raw_<n>`.
struct PublishPlan {
  std::string from;
  std::vector<std::string> columns;
  std::vector<RowRule> rules;
  std::uint64_t bad_rows = 0;  // Rows that broke at least one rule.
  bool is_written = false;     // All rows, in the pass that checked them.
};

// Matches columns and casts; what does not fit goes to `problems`.
Result<PublishPlan> plan_publish(PublishContext& context, const PublishJob& job, const Input& input,
                                 std::vector<InputProblem>& problems);

// All checks in as few passes as possible; results with samples go to the outcome, lossy casts to its problems.
Result<> run_checks(PublishContext& context, const PublishJob& job, PublishPlan& plan, PublishOutcome& outcome);

// Writes the bad rows to dead letters and leaves the good ones in the plan.
Result<> set_aside(PublishContext& context, const PublishJob& job, PublishPlan& plan, PublishOutcome& outcome);

// SQL of the table's current rows under the target's names and types.
Result<std::string> existing_rows(PublishContext& context, const PublishJob& job);

}  // namespace weft::engine::worker
