#pragma once

#include "app/command.h"

namespace weft::cli {

// Opens the node and the HTTP door, and waits for the stop signal.
Result<int> serve(Invocation& call);

}  // namespace weft::cli
