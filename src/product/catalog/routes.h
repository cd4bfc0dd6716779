#pragma once

#include "product/catalog/service.h"

namespace weft::catalog {

void add_routes(App& app, Service& catalog);
void add_system_tables(App& app, Service& catalog);

// A product as the API tells of it.
json::Value describe(const Service& catalog, const mesh::MeshState& mesh, const mesh::Product& product);

}  // namespace weft::catalog
