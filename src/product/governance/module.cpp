#include "app/module.h"

namespace weft::governance {

// Decisions are pure functions: governance has nothing to install until policies bring documents of their own.
extern const Module kModule;
const Module kModule{.name = "governance", .migrations = {}, .install = nullptr, .commands = nullptr};

}  // namespace weft::governance
