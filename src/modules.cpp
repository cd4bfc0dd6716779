#include "app/module.h"

// Every capability, in dependency order: a folder may use the public headers of those above it.
namespace weft {

namespace audit {
extern const Module kModule;
}
namespace identity {
extern const Module kModule;
}
namespace governance {
extern const Module kModule;
}
namespace catalog {
extern const Module kModule;
}
namespace contracts {
extern const Module kModule;
}
namespace lake {
extern const Module kModule;
}
namespace lineage {
extern const Module kModule;
}
namespace registry {
extern const Module kModule;
}
namespace quality {
extern const Module kModule;
}
namespace ingest {
extern const Module kModule;
}
namespace query {
extern const Module kModule;
}
namespace impact {
extern const Module kModule;
}
namespace pipelines {
extern const Module kModule;
}
namespace backup {
extern const Module kModule;
}
namespace doctor {
extern const Module kModule;
}

std::span<const Module* const> modules() {
  static constexpr const Module* kAll[] = {
      &audit::kModule, &identity::kModule, &governance::kModule, &catalog::kModule, &contracts::kModule,
      &lake::kModule,  &lineage::kModule,  &registry::kModule,   &quality::kModule, &ingest::kModule,
      &query::kModule, &impact::kModule,   &pipelines::kModule,  &backup::kModule,  &doctor::kModule,
  };
  return kAll;
}

}  // namespace weft
