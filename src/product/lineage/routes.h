#pragma once

#include "product/catalog/catalog.h"
#include "product/lineage/recorded.h"

namespace weft::lineage {

// GET /v1/lineage and GET /v1/lineage/coverage.
Answer answer_lineage(const Recorded& lineage, const catalog::Catalog& catalog, const Request& request);
Answer answer_coverage(const Recorded& lineage, const catalog::Catalog& catalog, const Request& request);

// mesh.lineage_columns.
SystemTable lineage_columns_table(const Recorded& lineage, const catalog::Catalog& catalog);

}  // namespace weft::lineage
