#pragma once

#include <vector>

#include "app/command.h"

namespace weft::query {

// weft query, weft queries …
std::vector<Command> commands();

}  // namespace weft::query
