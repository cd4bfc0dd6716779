#include "platform/engine/worker/plan_hooks.h"

#include "duckdb/common/exception.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "platform/engine/worker/allow_list.h"
#include "platform/engine/worker/analysis.h"
#include "platform/engine/worker/scan.h"

namespace weft::engine::worker {
namespace {

struct HooksInfo final : duckdb::OptimizerExtensionInfo {
  explicit HooksInfo(PlanHooks& hooks) : hooks(hooks) {}
  PlanHooks& hooks;
};

PlanHooks& hooks_of(duckdb::OptimizerExtensionInput& input) { return static_cast<HooksInfo&>(*input.info).hooks; }

// The second fence behind the parse tree: whatever was bound, a plan scans nothing that control did not decide.
void refuse_foreign_scans(duckdb::LogicalOperator& op) {
  if (op.type == duckdb::LogicalOperatorType::LOGICAL_GET) {
    const auto& get = op.Cast<duckdb::LogicalGet>();
    if (relation_of(get) < 0 && verdict_on_table_function(get.function.name) != Verdict::allowed && !is_put_in_by_the_binder(get.function.name)) {
      throw duckdb::PermissionException("%s() is not allowed", get.function.name);
    }
  }
  for (auto& child : op.children) refuse_foreign_scans(*child);
}

void before_optimizer(duckdb::OptimizerExtensionInput& input, duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
  PlanHooks& hooks = hooks_of(input);
  if (!hooks.is_on) return;
  refuse_foreign_scans(*plan);
  hooks.plan.relations.assign(hooks.relations.size(), {});
  const auto traced = trace_lineage(*plan, hooks.relations, hooks.plan);
  if (!traced) {
    hooks.failure = traced.error();
    throw duckdb::PermissionException("%s", traced.error().message);
  }
}

void after_optimizer(duckdb::OptimizerExtensionInput& input, duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
  PlanHooks& hooks = hooks_of(input);
  if (!hooks.is_on) return;
  read_predicates(*plan, hooks.plan.relations);
  hooks.plan.rows_estimated = static_cast<double>(plan->estimated_cardinality);
}

}  // namespace

void add_plan_hooks(duckdb::DBConfig& config, PlanHooks& hooks) {
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = before_optimizer;
  extension.optimize_function = after_optimizer;
  extension.optimizer_info = duckdb::make_shared_ptr<HooksInfo>(hooks);
  duckdb::OptimizerExtension::Register(config, std::move(extension));
}

}  // namespace weft::engine::worker
