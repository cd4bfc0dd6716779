#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/engine/engine.h"

namespace weft::engine::worker {

// A check as SQL over the staged rows, whose columns have the target's names and types.
struct CheckSql {
  std::string failing;  // By row: true for a row that fails.
  std::string value;    // By table: an aggregate whose value is compared; e.g. a count.
};

// invalid "check.spec" when the spec does not fit. The kinds are listed in product/quality/README.md. Checks of kind
// `unique` and `sql` have no such form: nothing.
Result<std::optional<CheckSql>> check_sql(const Check& check, const std::vector<TargetColumn>& columns);

}  // namespace weft::engine::worker
