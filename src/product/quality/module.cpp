#include "app/module.h"

namespace weft::quality {

// Pure: ingest runs what is compiled here.
extern const Module kModule;
const Module kModule{.name = "quality", .migrations = {}, .install = nullptr, .commands = nullptr};

}  // namespace weft::quality
