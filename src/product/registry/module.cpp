#include "app/module.h"

#include "product/catalog/catalog.h"
#include "product/governance/governance.h"
#include "product/registry/errors.h"
#include "product/registry/registry.h"
#include "product/registry/routes.h"

namespace weft::registry {
namespace {

constexpr store::Migration kMigrations[] = {{1, R"sql(
CREATE TABLE registry_schemas (context TEXT NOT NULL, id INTEGER NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL, refs TEXT NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (context, id)) WITHOUT ROWID;
CREATE INDEX registry_schemas_by_digest ON registry_schemas (context, digest, id);
CREATE TABLE registry_versions (context TEXT NOT NULL, subject TEXT NOT NULL, version INTEGER NOT NULL, id INTEGER NOT NULL, metadata TEXT NOT NULL, rules TEXT NOT NULL,
  deleted INTEGER NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (context, subject, version)) WITHOUT ROWID;
CREATE INDEX registry_versions_by_id ON registry_versions (context, id);
CREATE TABLE registry_places (context TEXT NOT NULL, subject TEXT NOT NULL, config TEXT, mode TEXT, PRIMARY KEY (context, subject)) WITHOUT ROWID;
CREATE TABLE registry_ids (context TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
)sql"}};

// A context per domain: whoever publishes for the domain registers there. What belongs to no domain is the
// administrator's.
WriteCheck write_check(catalog::Catalog& catalog, Clock& clock) {
  return [&catalog, &clock](const Request& request, std::string_view context) -> Result<> {
    if (request.principal.is_administrator) return {};
    const std::string_view domain = domain_of(context);
    if (domain.empty()) {
      return fail(ErrorKind::denied, "access.denied",
                  "{} may not change subjects of context {}: it belongs to no domain, so the platform administrator "
                  "keeps it; register in your domain's context, as in `:.aviation:subject`",
                  request.principal.name, context);
    }
    const auto mesh = catalog.current();
    const auto action = governance::Action::publish;
    const auto decision = governance::decide_domain(*mesh, request.principal, action, domain, clock.now());
    return governance::require(decision, request.principal, action, domain);
  };
}

Result<> install(App& app) {
  Registry& registry = app.adopt<Registry>(TRY(Registry::open(app.store(), app.use<audit::Audit>(), app.clock())));
  app.door({.prefix = std::string(kPrefix), .problem = registry_problem, .route_path = route_path});
  const WriteCheck may_write = write_check(app.use<catalog::Catalog>(), app.clock());
  add_schema_routes(app, registry);
  add_subject_routes(app, registry, may_write);
  add_place_routes(app, registry, may_write);
  return {};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "registry", .migrations = kMigrations, .install = install, .commands = nullptr};

}  // namespace weft::registry
