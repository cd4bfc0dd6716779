#pragma once

#include <vector>

#include "app/command.h"

namespace weft::ingest {

// weft publish, weft publishes list|show.
std::vector<Command> commands();

}  // namespace weft::ingest
