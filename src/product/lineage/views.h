#pragma once

#include "product/lineage/recorded.h"

namespace weft::lineage {

// Records the lineage of views, which nobody runs: each view's SQL is bound once for each definition, against the
// columns that the mesh declares. At most `views_max` of those that changed; says how many it did.
struct ViewRun {
  std::vector<mesh::ProductName> products;  // Whose views were recorded.
  std::size_t left = 0;                     // Changed views beyond the limit.
};
Result<ViewRun> record_views(Recorded& lineage, engine::Engine& engine, const mesh::MeshState& mesh,
                             std::size_t views_max, std::stop_token stop);

}  // namespace weft::lineage
