#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/engine/engine.h"

namespace duckdb {
struct DBConfig;
}

namespace weft::engine::worker {

// What is read from a plan on its way through the engine: lineage before the optimizer, predicates after it. One query at a time.
struct PlanHooks {
  bool is_on = false;
  std::vector<Relation> relations;
  Plan plan;
  std::optional<Error> failure;
};

// Registers the two hooks. They refuse (by throwing) a plan that reads anything but our scans and allowed table functions.
void add_plan_hooks(duckdb::DBConfig& config, PlanHooks& hooks);

}  // namespace weft::engine::worker
