#include "app/module.h"

#include "product/ingest/commands.h"
#include "product/ingest/state.h"

namespace weft::ingest {
namespace {

using std::chrono_literals::operator""s;

Result<> forget_keys(store::Store& store, Time before) {
  return store.write([&](store::Session& session) -> Result<> {
    TRY(session.run("DELETE FROM publish_keys WHERE time < ?1", {micros(before)}));
    return {};
  });
}

// What an earlier process left when it was killed: nobody refers to staged bodies any more.
void clear_staging(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
}

// The gate's evidence that the contract holds for real data.
void add_evidence(App& app) {
  store::Store& store = app.store();
  app.use<catalog::Catalog>().add_evidence(
      {.name = "published",
       .needed_from = mesh::Stage::product,
       .missing = [&store](const mesh::MeshState&, const mesh::Product& product) -> std::optional<std::string> {
         for (const mesh::Port& port : product.ports) {
           if (port.type != mesh::PortType::table) continue;
           const auto found = store.read_value<bool>([&](store::Session& session) -> Result<bool> {
             return TRY(session.first("SELECT 1 FROM publishes WHERE port = ?1 AND status = 'committed' LIMIT 1",
                                      {to_string(port.name)}, [](const store::Row&) { return true; }))
                 .value_or(false);
           });
           if (!found || !*found)
             return format("publish {} once, so that its contract is seen to hold", to_string(port.name));
         }
         return std::nullopt;
       }});
}

Result<> install(App& app) {
  clear_staging(app.settings().data / "staging");
  Ingest& ingest = app.emplace<Ingest>(app);
  add_routes(app, ingest);
  add_facts(app);
  add_evidence(app);
  app.every({.name = "ingest.forget_keys",
             .every = 3600s,
             .run = [&store = app.store(), &clock = app.clock()](std::stop_token) {
               return forget_keys(store, clock.now() - kKeyKept);
             }});
  return {};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "ingest", .migrations = kMigrations, .install = install, .commands = commands};

}  // namespace weft::ingest
