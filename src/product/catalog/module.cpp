#include "app/module.h"

#include "product/catalog/commands.h"
#include "product/catalog/routes.h"

namespace weft::catalog {
namespace {

constexpr store::Migration kMigrations[] = {{1, R"sql(
CREATE TABLE mesh_revisions (revision INTEGER PRIMARY KEY, time INTEGER NOT NULL, principal TEXT NOT NULL, source TEXT NOT NULL, request_id TEXT NOT NULL,
  created INTEGER NOT NULL, changed INTEGER NOT NULL, deleted INTEGER NOT NULL);
CREATE TABLE mesh_documents (key TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, domain TEXT NOT NULL, source TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL,
  text TEXT NOT NULL, value TEXT NOT NULL, from_revision INTEGER NOT NULL, to_revision INTEGER, PRIMARY KEY (key, from_revision)) WITHOUT ROWID;
CREATE INDEX mesh_documents_by_end ON mesh_documents (to_revision);
CREATE TABLE product_stages (product TEXT PRIMARY KEY, stage TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
)sql"}};

std::optional<std::string> when(bool is_missing, std::string how) {
  return is_missing ? std::optional(std::move(how)) : std::nullopt;
}

// The first of the gate's predicates; quality and lineage add theirs.
void add_basic_evidence(Service& catalog) {
  catalog.add_evidence({.name = "contract",
                        .needed_from = mesh::Stage::staging,
                        .missing = [](const mesh::MeshState&, const mesh::Product& product) {
                          const bool has_none =
                              product.ports.empty() ||
                              std::any_of(product.ports.begin(), product.ports.end(),
                                          [](const mesh::Port& port) { return port.contract_id.empty(); });
                          return when(has_none, "every output port needs a contract: give it a contractId");
                        }});
  catalog.add_evidence({.name = "owner",
                        .needed_from = mesh::Stage::staging,
                        .missing = [](const mesh::MeshState& mesh, const mesh::Product& product) {
                          const mesh::Domain* domain = mesh.domain(product.name.domain);
                          const auto team = domain == nullptr ? mesh.teams.end() : mesh.teams.find(domain->owner);
                          return when(team == mesh.teams.end() || team->second.members.empty(),
                                      "the domain's owner team needs members");
                        }});
  catalog.add_evidence({.name = "on_call",
                        .needed_from = mesh::Stage::product,
                        .missing = [](const mesh::MeshState& mesh, const mesh::Product& product) {
                          const mesh::Domain* domain = mesh.domain(product.name.domain);
                          const auto team = domain == nullptr ? mesh.teams.end() : mesh.teams.find(domain->on_call);
                          return when(team == mesh.teams.end() || team->second.members.empty(),
                                      "the domain's on-call team needs members");
                        }});
  catalog.add_evidence({.name = "description",
                        .needed_from = mesh::Stage::product,
                        .missing = [](const mesh::MeshState&, const mesh::Product& product) {
                          return when(product.description.empty(), "the product needs description: {purpose: …}");
                        }});
}

Result<> install(App& app) {
  Catalog& base = app.adopt<Catalog>(TRY(Catalog::open(app, app.use<audit::Audit>())));
  auto& catalog = static_cast<Service&>(base);
  add_basic_evidence(catalog);
  add_routes(app, catalog);
  add_system_tables(app, catalog);
  return {};
}

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::open(App& app, audit::Audit& audit) {
  return std::unique_ptr<Catalog>(TRY(Service::load(app, audit)));
}

extern const Module kModule;
const Module kModule{.name = "catalog", .migrations = kMigrations, .install = install, .commands = commands};

}  // namespace weft::catalog
