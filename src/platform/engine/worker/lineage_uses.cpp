#include "platform/engine/worker/lineage_uses.h"

#include <algorithm>
#include <iterator>

namespace weft::engine::worker {

Uses Uses::column(ColumnUse use) {
  Uses uses;
  uses.uses_ = std::make_shared<const std::vector<ColumnUse>>(1, std::move(use));
  return uses;
}

bool Uses::add(const Uses& other) {
  if (!other.uses_ || other.uses_ == uses_) return false;
  if (!uses_) {
    uses_ = other.uses_;
    return !uses_->empty();
  }
  if (std::ranges::includes(*uses_, *other.uses_)) return false;
  std::vector<ColumnUse> merged;
  merged.reserve(uses_->size() + other.uses_->size());
  std::ranges::set_union(*uses_, *other.uses_, std::back_inserter(merged));
  uses_ = std::make_shared<const std::vector<ColumnUse>>(std::move(merged));
  return true;
}

Uses Uses::as(Use use) const {
  std::vector<ColumnUse> changed = list();
  for (auto& column : changed) column.use = use;
  std::ranges::sort(changed);
  const auto [first, last] = std::ranges::unique(changed);
  changed.erase(first, last);
  Uses answer;
  if (!changed.empty()) answer.uses_ = std::make_shared<const std::vector<ColumnUse>>(std::move(changed));
  return answer;
}

const std::vector<ColumnUse>& Uses::list() const {
  static const std::vector<ColumnUse> none;
  return uses_ ? *uses_ : none;
}

}  // namespace weft::engine::worker
