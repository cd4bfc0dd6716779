#pragma once

#include <vector>

#include "app/command.h"

namespace weft::identity {

// whoami, token create|list|revoke, user set|list|remove.
std::vector<Command> commands();

}  // namespace weft::identity
