#include "product/lineage/lineage.h"

#include "product/lineage/recorded.h"

namespace weft::lineage {

Result<std::unique_ptr<Lineage>> Lineage::open(App& app) {
  return std::make_unique<Recorded>(app.store(), app.clock());
}

}  // namespace weft::lineage
