#include "product/lineage/views.h"

#include <map>

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "product/lineage/facts.h"

namespace weft::lineage {
namespace {

constexpr int kViewsDeepMax = 32;
constexpr std::size_t kRelationsMax = 1'000;

std::string definition_of(const mesh::Port& port) {
  std::string text = port.view_sql;
  for (const auto& column : port.columns) text += "\n" + column.name + "\t" + json::write(column.type);
  return crypto::to_hex(crypto::sha256(text));
}

// The relations below a view, each port once.
class Relations {
 public:
  Relations(const mesh::MeshState& mesh, engine::Session& session) : mesh_(mesh), session_(session) {}

  Result<std::vector<int>> of(const std::string& sql, int depth) {
    if (depth > kViewsDeepMax)
      return fail(ErrorKind::limit, "sql.views_too_deep", "views stand deeper than {}", kViewsDeepMax);
    std::vector<int> indexes;
    const engine::Parsed parsed = TRY(session_.parse(sql));
    if (depth == 0) parameters = static_cast<std::size_t>(parsed.parameters);
    for (const auto& table : parsed.tables) {
      const mesh::Port* port = TRY(mesh_.resolve(table.parts));
      indexes.push_back(TRY(add(*port, depth)));
    }
    return indexes;
  }

  std::vector<engine::Relation> relations;
  std::vector<mesh::PortName> ports;
  std::size_t parameters = 0;  // Of the outermost text.

 private:
  Result<int> add(const mesh::Port& port, int depth) {
    const auto [at, is_new] = known_.try_emplace(port.name, static_cast<int>(relations.size()));
    if (!is_new) return at->second;
    if (relations.size() >= kRelationsMax)
      return fail(ErrorKind::limit, "sql.too_many_tables", "a view may read at most {} ports", kRelationsMax);
    const int index = at->second;
    engine::Relation relation;
    relation.name = mesh::to_string(port.name);
    relation.kind = port.type == mesh::PortType::view ? engine::RelationKind::view : engine::RelationKind::table;
    for (std::size_t i = 0; i < port.columns.size(); ++i) {
      relation.columns.push_back({.field_id = static_cast<int>(i) + 1,
                                  .name = port.columns[i].name,
                                  .type = port.columns[i].type,
                                  .mask_sql = {}});
    }
    relation.view_sql = port.view_sql;
    relations.push_back(std::move(relation));
    ports.push_back(port.name);
    if (port.type == mesh::PortType::view) {
      auto below = TRY(of(port.view_sql, depth + 1));
      relations[static_cast<std::size_t>(index)].view_relations = std::move(below);
    }
    return index;
  }

  const mesh::MeshState& mesh_;
  engine::Session& session_;
  std::map<mesh::PortName, int> known_;
};

Result<Fact> fact_of(const mesh::MeshState& mesh, const mesh::Port& port, engine::Session& session) {
  Declared declared = TRY(bind_declared(mesh, session, port.view_sql));
  return Fact{.source = "view",
              .name = mesh::to_string(port.name),
              .target = port.name,
              .plan = std::move(declared.plan),
              .relations = std::move(declared.relations)};
}

struct Changed {
  const mesh::Port* port;
  std::string definition;
};

Result<std::vector<Changed>> changed_views(store::Store& store, const mesh::MeshState& mesh) {
  std::map<std::string, std::string> known;
  TRY(store.read([&](store::Session& session) {
    return session.each("SELECT port, definition FROM lineage_view", {}, [&](const store::Row& row) -> Result<> {
      known[row.text(0)] = row.text(1);
      return {};
    });
  }));
  std::vector<Changed> changed;
  for (const auto& [name, product] : mesh.products) {
    for (const auto& port : product.ports) {
      if (port.type != mesh::PortType::view || port.view_sql.empty()) continue;
      auto definition = definition_of(port);
      const auto at = known.find(mesh::to_string(port.name));
      if (at == known.end() || at->second != definition)
        changed.push_back({.port = &port, .definition = std::move(definition)});
    }
  }
  return changed;
}

}  // namespace

Result<Declared> bind_declared(const mesh::MeshState& mesh, engine::Session& session, const std::string& sql) {
  Relations relations(mesh, session);
  engine::Query query{.sql = sql, .relations = TRY(relations.of(sql, 0)), .parameters = {}};
  query.parameters.resize(relations.parameters);  // Any value has a type; NULL fits all.
  return Declared{.plan = TRY(session.bind(query, std::move(relations.relations))), .relations = relations.ports};
}

Result<ViewRun> record_views(Recorded& lineage, engine::Engine& engine, const mesh::MeshState& mesh,
                             std::size_t views_max, std::stop_token stop) {
  ViewRun run;
  const auto changed = TRY(changed_views(lineage.store(), mesh));
  for (const auto& [port, definition] : changed) {
    if (run.products.size() >= views_max || stop.stop_requested()) {
      ++run.left;
      continue;
    }
    // A session each: a view that breaks its worker leaves the others alone.
    const auto session = TRY(engine.session(engine::WorkClass::batch, engine::Limits{}, stop));
    const auto fact = fact_of(mesh, *port, *session);
    const std::string problem = fact ? "" : fact.error().code + ": " + fact.error().message;
    if (!fact)
      log::event(log::Level::warning, "lineage.view", {{"view", mesh::to_string(port->name)}, {"problem", problem}});
    TRY(lineage.store().write([&, port = port, &definition = definition](store::Session& store) -> Result<> {
      if (fact) TRY(lineage.record(store, *fact));
      TRY(
          store.run("INSERT INTO lineage_view (port, definition, problem) VALUES (?1, ?2, ?3) "
                    "ON CONFLICT (port) DO UPDATE SET definition = excluded.definition, problem = excluded.problem",
                    {mesh::to_string(port->name), definition, problem}));
      return {};
    }));
    run.products.push_back({port->name.domain, port->name.product});
  }
  return run;
}

}  // namespace weft::lineage
