#pragma once

#include <string>
#include <vector>

#include "product/catalog/catalog.h"

namespace weft::catalog {

// SARIF 2.1.0 of the problems.
std::string sarif_of(const std::vector<Problem>& problems);

}  // namespace weft::catalog
