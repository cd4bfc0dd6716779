#pragma once

#include <string>
#include <vector>

#include "platform/engine/engine.h"

namespace weft::engine::worker {

// A set of column uses: sorted and unique. Copies share what they hold until one changes.
class Uses {
 public:
  Uses() = default;
  static Uses column(ColumnUse use);
  // Whether that made it larger.
  bool add(const Uses& other);
  // All of it, used in this way.
  Uses as(Use use) const;
  const std::vector<ColumnUse>& list() const;

 private:
  std::shared_ptr<const std::vector<ColumnUse>> uses_;
};

// The name of the CTE that rewriting makes of a view.
std::string view_cte(int relation);

}  // namespace weft::engine::worker
