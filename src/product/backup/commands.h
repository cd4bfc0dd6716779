#pragma once

#include <vector>

#include "app/command.h"

namespace weft::backup {

std::vector<Command> commands();

}  // namespace weft::backup
