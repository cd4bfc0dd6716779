#pragma once

#include "product/catalog/documents.h"

namespace weft::catalog {

// The keys of each weft/v1 kind; reference pages and checks come from here. False when the kind is not known.
bool check_own(const Declared& document, std::vector<odcs::Problem>& problems);
const std::vector<std::string>& own_kinds();

}  // namespace weft::catalog
