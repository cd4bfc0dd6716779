#pragma once

#include <vector>

#include "app/command.h"

namespace weft::impact {

std::vector<Command> commands();

}  // namespace weft::impact
