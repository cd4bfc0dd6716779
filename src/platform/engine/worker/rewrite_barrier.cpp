#include "platform/engine/worker/rewrite_barrier.h"

#include <algorithm>
#include <string>

#include "duckdb/common/exception.hpp"
#include "duckdb/common/serializer/deserializer.hpp"
#include "duckdb/execution/column_binding_resolver.hpp"
#include "duckdb/execution/expression_executor_state.hpp"
#include "duckdb/execution/physical_plan_generator.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/main/database.hpp"
#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "duckdb/planner/operator/logical_extension_operator.hpp"
#include "duckdb/planner/operator/logical_filter.hpp"
#include "duckdb/planner/operator_extension.hpp"

namespace weft::engine::worker {
namespace {

class Barrier final : public duckdb::LogicalExtensionOperator {
 public:
  duckdb::string GetName() const override { return "WEFT_BARRIER"; }
  std::string GetExtensionName() const override { return std::string(kBarrier); }
  duckdb::vector<duckdb::ColumnBinding> GetColumnBindings() override { return children[0]->GetColumnBindings(); }
  duckdb::idx_t EstimateCardinality(duckdb::ClientContext& context) override {
    return children[0]->EstimateCardinality(context);
  }

  duckdb::PhysicalOperator& CreatePlan(duckdb::ClientContext&, duckdb::PhysicalPlanGenerator& planner) override {
    return planner.CreatePlan(*children[0]);
  }
  void ResolveColumnBindings(duckdb::ColumnBindingResolver& resolver,
                             duckdb::vector<duckdb::ColumnBinding>& bindings) override {
    resolver.VisitOperator(*children[0]);
    bindings = GetColumnBindings();
  }

 protected:
  void ResolveTypes() override { types = children[0]->types; }
};

// Copies of a plan (CTE inlining) go through serialization.
class BarrierCopies final : public duckdb::OperatorExtension {
 public:
  BarrierCopies() {
    Bind = [](duckdb::ClientContext&, duckdb::Binder&, duckdb::OperatorExtensionInfo*,
              duckdb::SQLStatement&) -> duckdb::BoundStatement { return {}; };
  }
  std::string GetName() override { return std::string(kBarrier); }
  duckdb::unique_ptr<duckdb::LogicalExtensionOperator> Deserialize(duckdb::Deserializer&) override {
    return duckdb::make_uniq<Barrier>();
  }
};

bool is_mark(const duckdb::unique_ptr<duckdb::Expression>& expression) {
  return expression->GetExpressionClass() == duckdb::ExpressionClass::BOUND_FUNCTION &&
         expression->Cast<duckdb::BoundFunctionExpression>().function.name == kBarrier;
}

void raise_barriers(duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
  for (auto& child : plan->children) raise_barriers(child);
  if (plan->type != duckdb::LogicalOperatorType::LOGICAL_FILTER) return;
  auto& filter = plan->Cast<duckdb::LogicalFilter>();
  duckdb::LogicalFilter::SplitPredicates(filter.expressions);
  auto& expressions = filter.expressions;
  const auto rest = std::remove_if(expressions.begin(), expressions.end(), is_mark);
  if (rest == expressions.end()) return;
  expressions.erase(rest, expressions.end());
  auto barrier = duckdb::make_uniq<Barrier>();
  barrier->children.push_back(expressions.empty() ? std::move(plan->children[0]) : std::move(plan));
  plan = std::move(barrier);
}

void refuse_to_run(duckdb::DataChunk&, duckdb::ExpressionState&, duckdb::Vector&) {
  throw duckdb::PermissionException("a row filter lost its barrier; the query is not run");
}

}  // namespace

void register_barrier(duckdb::DatabaseInstance& database) {
  duckdb::ScalarFunction mark{std::string(kBarrier), {}, duckdb::LogicalType::BOOLEAN, refuse_to_run};
  mark.SetVolatile();
  mark.SetFallible();
  duckdb::ExtensionLoader(database, "weft").RegisterFunction(std::move(mark));
  auto& config = duckdb::DBConfig::GetConfig(database);
  duckdb::OperatorExtension::Register(config, duckdb::make_shared_ptr<BarrierCopies>());
  duckdb::OptimizerExtension pass;
  pass.pre_optimize_function = [](duckdb::OptimizerExtensionInput&, duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
    raise_barriers(plan);
  };
  duckdb::OptimizerExtension::Register(config, std::move(pass));
}

}  // namespace weft::engine::worker
