#pragma once

#include <vector>

#include "app/command.h"

namespace weft::catalog {

// init, validate, plan, apply, history, products, domains, contract, search.
std::vector<Command> commands();

}  // namespace weft::catalog
