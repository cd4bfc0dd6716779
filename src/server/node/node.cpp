#include "server/node/node.h"

#include "app/module.h"
#include "base/log.h"
#include "product/audit/audit.h"
#include "product/catalog/catalog.h"
#include "product/governance/governance.h"
#include "product/identity/identity.h"
#include "server/node/jobs.h"

namespace weft::server {

struct Node::State {
  SystemClock clock;
  metrics::Registry metrics;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<objects::Objects> objects;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<App> app;
  std::unique_ptr<Router> router;
  std::unique_ptr<Jobs> jobs;
};

namespace {

std::vector<store::ModuleMigrations> all_migrations() {
  std::vector<store::ModuleMigrations> all;
  for (const Module* module : modules()) all.push_back({.module = module->name, .migrations = module->migrations});
  return all;
}

std::vector<std::string> teams_of(const mesh::MeshState& mesh, std::string_view name) {
  std::vector<std::string> teams;
  for (const auto& [team, document] : mesh.teams) {
    if (std::find(document.members.begin(), document.members.end(), name) != document.members.end())
      teams.push_back(team);
  }
  return teams;
}

void audit_denials(Router& router, audit::Audit& audit) {
  router.on_denied([&audit](const Request& request, const Error& error) {
    // Failed sign-ins are identity's to record: it samples them, so that an attack cannot flood the chain.
    if (error.kind == ErrorKind::unauthenticated) return;
    const auto recorded = audit.append(
        {.actor = request.principal.is_anonymous ? "anonymous" : request.principal.name,
         .action = "access.deny",
         .subject = std::string(error.details.contains("subject") ? error.details.find("subject")->text_or(request.path)
                                                                  : request.path),
         .outcome = "denied",
         .request_id = request.request_id,
         .details = {
             {"code", error.code}, {"method", request.method}, {"path", request.path}, {"why", error.message}}});
    if (!recorded) LOG(error, "{}: a denial was not recorded: {}", request.request_id, recorded.error().message);
  });
}

}  // namespace

Node::Node(std::unique_ptr<State> state) : state_(std::move(state)) {}

Node::~Node() {
  if (state_->jobs) state_->jobs->stop();
  state_->router.reset();
  state_->app.reset();
}

Result<std::unique_ptr<Node>> Node::open(const NodeOptions& options) {
  auto state = std::make_unique<State>();
  const Settings& settings = options.settings;
  const auto migrations = all_migrations();
  state->store = TRY(store::Store::open({.folder = settings.data, .migrations = migrations}));
  state->objects = TRY(objects::Objects::open(settings.data));
  state->engine = TRY(engine::Engine::open({.program = options.engine_program,
                                            .workers_max = settings.workers,
                                            .memory_bytes = settings.memory_bytes,
                                            .spill_folder = settings.data / "spill"},
                                           state->metrics));
  state->app = std::make_unique<App>(App::Parts{.settings = settings,
                                                .clock = state->clock,
                                                .store = *state->store,
                                                .objects = *state->objects,
                                                .engine = *state->engine,
                                                .metrics = state->metrics});
  for (const Module* module : modules()) {
    if (module->install != nullptr) TRY(module->install(*state->app));
  }
  auto& identity = state->app->use<identity::Identity>();
  auto& catalog = state->app->use<catalog::Catalog>();
  identity.on_teams([&catalog](std::string_view name) { return teams_of(*catalog.current(), name); });
  state->router = std::make_unique<Router>(*state->app, identity);
  audit_denials(*state->router, state->app->use<audit::Audit>());
  state->jobs = std::make_unique<Jobs>(state->app->jobs(), state->metrics);
  return std::unique_ptr<Node>(new Node(std::move(state)));
}

const Router& Node::router() const { return *state_->router; }
App& Node::app() { return *state_->app; }
metrics::Registry& Node::metrics() { return state_->metrics; }
Clock& Node::clock() { return state_->clock; }
store::Store& Node::store() { return *state_->store; }

void Node::start_jobs() { state_->jobs->start(); }

void Node::drain() {
  for (const auto& callback : state_->app->drain_callbacks()) callback();
  state_->jobs->stop();
}

Result<std::optional<std::string>> Node::first_run_token() {
  return state_->app->use<identity::Identity>().first_run_token();
}

Principal Node::principal_named(std::string_view name) const {
  constexpr std::string_view kDomain = "domain:";
  if (name.starts_with(kDomain)) return governance::domain_principal(name.substr(kDomain.size()));
  Principal principal;
  principal.name = name;
  principal.teams = teams_of(*state_->app->use<catalog::Catalog>().current(), name);
  principal.is_anonymous = false;
  return principal;
}

Principal local_administrator() {
  Principal principal;
  principal.kind = PrincipalKind::system;
  principal.name = "local:administrator";
  principal.is_administrator = true;
  principal.is_anonymous = false;
  return principal;
}

}  // namespace weft::server
