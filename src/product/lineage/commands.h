#pragma once

#include <vector>

#include "app/command.h"

namespace weft::lineage {

// weft lineage, weft sql lineage.
std::vector<Command> commands();

}  // namespace weft::lineage
