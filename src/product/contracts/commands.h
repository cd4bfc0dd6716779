#pragma once

#include <vector>

#include "app/command.h"

namespace weft::contracts {

std::vector<Command> commands();

}  // namespace weft::contracts
