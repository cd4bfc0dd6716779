#pragma once

#include <vector>

#include "app/command.h"

namespace weft::audit {

// weft audit verify|tail|search.
std::vector<Command> commands();

}  // namespace weft::audit
