#pragma once

#include <vector>

#include "app/command.h"

namespace weft::pipelines {

// weft run, weft pipelines list|show.
std::vector<Command> commands();

}  // namespace weft::pipelines
