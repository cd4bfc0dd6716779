#pragma once

#include "platform/engine/worker/statement_walk.h"

namespace weft::engine::worker {

// Gives each table name its alias (its last part, or the whole dotted name where two share the last part) and leads
// column names that are qualified by the table's full name to that alias: `domain.product.column` → `product.column`.
Result<> lead_names(duckdb::SelectStatement& statement);

}  // namespace weft::engine::worker
