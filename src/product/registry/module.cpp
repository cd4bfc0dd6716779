#include "app/module.h"

#include "product/catalog/catalog.h"
#include "product/governance/governance.h"
#include "product/registry/commands.h"
#include "product/registry/errors.h"
#include "product/registry/gate.h"
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

bool has_changed(const mesh::Port* before, const mesh::Port& after) {
  if (before == nullptr || before->subjects != after.subjects || before->columns.size() != after.columns.size())
    return true;
  for (std::size_t i = 0; i < after.columns.size(); ++i) {
    const mesh::Column &was = before->columns[i], &is = after.columns[i];
    if (was.name != is.name || !(was.type == is.type) || was.is_required != is.is_required) return true;
  }
  return false;
}

// A contract may not leave the schema behind that is registered under its port's subject.
void check_subjects(const Registry& registry, const mesh::MeshState& before, const mesh::MeshState& after,
                    std::vector<catalog::Problem>& problems) {
  for (const auto& [name, product] : after.products) {
    for (const mesh::Port& port : product.ports) {
      if (!has_changed(before.port(port.name), port)) continue;
      for (const std::string& text : port.subjects) {
        const auto subject = parse_subject(text);
        if (!subject) continue;
        const auto latest = registry.read([&](const State& state) -> std::optional<Version> {
          const Version* version = state.latest(*subject);
          return version == nullptr ? std::nullopt : std::optional(*version);
        });
        if (!latest) continue;
        const auto schema = registry.parsed(subject->context, *latest->schema);
        if (!schema) continue;  // It was registered before its references went; nobody can write with it.
        for (const std::string& reason : disagreements(*schema, {.port = &port, .is_key = text.ends_with("-key")})) {
          problems.push_back({.file = product.origin.file,
                              .line = product.origin.line,
                              .column = 1,
                              .code = "contract.subject",
                              .message = format("{} owns subject {}, whose version {} would no longer fit: {}",
                                                mesh::to_string(port.name), text, latest->number, reason)});
        }
      }
    }
  }
}

Result<> install(App& app) {
  Registry& registry = app.adopt<Registry>(TRY(Registry::open(app.store(), app.use<audit::Audit>(), app.clock())));
  app.door({.prefix = std::string(kPrefix), .problem = registry_problem, .route_path = route_path});
  auto& catalog = app.use<catalog::Catalog>();
  registry.set_gate([&catalog](const Subject& subject, const Parsed& schema) -> std::vector<std::string> {
    const auto mesh = catalog.current();
    const auto owner = owner_of(*mesh, subject);
    return owner ? disagreements(schema, *owner) : std::vector<std::string>();
  });
  catalog.add_participant(
      {.check = [&registry](const mesh::MeshState& was, const mesh::MeshState& is,
                            std::vector<catalog::Problem>& problems) { check_subjects(registry, was, is, problems); },
       .commit = {}});
  const WriteCheck may_write = write_check(app.use<catalog::Catalog>(), app.clock());
  add_schema_routes(app, registry);
  add_subject_routes(app, registry, may_write);
  add_place_routes(app, registry, may_write);
  return {};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "registry", .migrations = kMigrations, .install = install, .commands = commands};

}  // namespace weft::registry
