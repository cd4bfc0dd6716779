#pragma once

#include <vector>

#include "app/command.h"

namespace weft::registry {

std::vector<Command> commands();

}  // namespace weft::registry
