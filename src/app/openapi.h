#pragma once

#include <string>
#include <vector>

#include "app/app.h"

namespace weft {

// OpenAPI 3.1 of the routes, as JSON text. CHECKs that their schemas are JSON.
std::string openapi_of(const std::vector<Route>& routes);

}  // namespace weft
