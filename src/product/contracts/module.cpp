#include "app/module.h"

#include "product/contracts/commands.h"

namespace weft::contracts {
namespace {

Result<> install(App&) { return {}; }

}  // namespace

extern const Module kModule;
const Module kModule{.name = "contracts", .migrations = {}, .install = install, .commands = commands};

}  // namespace weft::contracts
