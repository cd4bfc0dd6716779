#include "app/module.h"

#include "base/text.h"
#include "product/audit/audit.h"
#include "product/governance/governance.h"
#include "product/lake/commands.h"
#include "product/lake/service.h"

namespace weft::lake {
namespace {

using std::chrono_literals::operator""s;

constexpr store::Migration kMigrations[] = {{1, R"sql(
CREATE TABLE lake_tables (port TEXT PRIMARY KEY, prefix TEXT NOT NULL, location TEXT NOT NULL, snapshot_id INTEGER) WITHOUT ROWID;
CREATE TABLE lake_leases (publish_id TEXT PRIMARY KEY, port TEXT NOT NULL, prefix TEXT NOT NULL, principal TEXT NOT NULL,
  expires INTEGER NOT NULL) WITHOUT ROWID;
)sql"}};

struct Routes {
  Service& lake;
  catalog::Catalog& catalog;
  audit::Audit& audit;
  Clock& clock;

  Result<const mesh::Port*> port_of(const mesh::MeshState& mesh, const Request& request) const {
    return mesh.resolve({std::string(request.param("domain")), std::string(request.param("product")),
                         std::string(request.param("port"))});
  }

  Answer describe(Request& request) const {
    const auto mesh = catalog.current();
    const mesh::Port* port = TRY(port_of(*mesh, request));
    TRY(governance::require(
        governance::decide(*mesh, request.principal, governance::Action::discover, port->name, clock.now()),
        request.principal, governance::Action::discover, to_string(port->name)));
    json::Array columns;
    for (const mesh::Column& column : port->columns) {
      json::Array tags;
      for (const std::string& tag : column.tags) tags.emplace_back(tag);
      json::Object object{{"name", column.name},
                          {"type", column.type},
                          {"required", column.is_required},
                          {"unique", column.is_unique},
                          {"primary_key_position", column.primary_key_position},
                          {"partition_position", column.partition_position},
                          {"classification", column.classification},
                          {"description", column.description}};
      object.set("tags", json::Value(std::move(tags)));
      columns.push_back(std::move(object));
    }
    json::Object answer{{"port", to_string(port->name)},
                        {"type", to_string(port->type)},
                        {"version", port->version},
                        {"contract_id", port->contract_id}};
    answer.set("columns", json::Value(std::move(columns)));
    if (port->type == mesh::PortType::view) answer.set("view_sql", port->view_sql);
    if (port->type == mesh::PortType::table && !port->columns.empty()) {
      const TablePointer table = TRY(lake.table(port->name));
      json::Value partition = json::Array{};
      partition.array() = table->metadata.spec().fields;
      json::Object facts{{"metadata_location", table->metadata_location},
                         {"location", table->metadata.location},
                         {"table_uuid", table->metadata.table_uuid},
                         {"snapshot_id", table->snapshot_id},
                         {"rows", table->row_count},
                         {"bytes", table->byte_count},
                         {"files", table->file_count}};
      facts.set("partition_spec", std::move(partition));
      answer.set("table", std::move(facts));
    }
    return Response::json(answer);
  }

  Answer snapshots(Request& request) const {
    const auto mesh = catalog.current();
    const mesh::Port* port = TRY(port_of(*mesh, request));
    const TablePointer table = TRY(lake.table(port->name));
    json::Array items;
    for (auto snapshot = table->metadata.snapshots.rbegin(); snapshot != table->metadata.snapshots.rend(); ++snapshot) {
      json::Object summary;
      for (const auto& [key, value] : snapshot->summary) summary.set(key, value);
      items.push_back(
          json::Object{{"snapshot_id", snapshot->snapshot_id},
                       {"parent_snapshot_id", snapshot->parent_id},
                       {"time", to_rfc3339(time_of(snapshot->timestamp_ms * 1000))},
                       {"operation", summary.find("operation") == nullptr ? json::Value() : *summary.find("operation")},
                       {"is_current", table->snapshot_id == snapshot->snapshot_id},
                       {"summary", summary}});
    }
    return Response::json(page_answer(std::move(items), {}));
  }

  Answer roll_back(Request& request) const {
    const auto mesh = catalog.current();
    const mesh::Port* port = TRY(port_of(*mesh, request));
    TRY(governance::require(
        governance::decide(*mesh, request.principal, governance::Action::declare, port->name, clock.now()),
        request.principal, governance::Action::declare, to_string(port->name)));
    const json::Value body = TRY(request.json());
    if (!body["snapshot_id"].is_integer())
      return fail(ErrorKind::invalid, "lake.snapshot_id", "`snapshot_id` is missing or no whole number");
    const std::int64_t id = body["snapshot_id"].integer();
    const Committed done = TRY(lake.roll_back(port->name, id, [&](store::Session& session) {
      return audit.append(session, {.actor = request.principal.name,
                                    .action = "table.rollback",
                                    .subject = to_string(port->name),
                                    .outcome = "committed",
                                    .request_id = request.request_id,
                                    .details = {{"snapshot_id", id}}});
    }));
    return Response::json(
        json::Object{{"port", to_string(port->name)}, {"snapshot_id", done.snapshot_id}, {"rows", done.row_count}});
  }
};

void add_routes(App& app, Service& lake) {
  const auto routes =
      std::make_shared<Routes>(Routes{lake, app.use<catalog::Catalog>(), app.use<audit::Audit>(), app.clock()});
  constexpr const char* kPort = "/v1/products/{domain}/{product}/ports/{port}";
  app.route({.method = "GET",
             .path = kPort,
             .access = Access::signed_in,
             .summary = "A port: its columns and its table",
             .handler = [routes](Request& request) { return routes->describe(request); }});
  app.route({.method = "GET",
             .path = std::string(kPort) + "/snapshots",
             .access = Access::signed_in,
             .summary = "The snapshots of a port's table, newest first",
             .handler = [routes](Request& request) { return routes->snapshots(request); }});
  app.route(
      {.method = "POST",
       .path = std::string(kPort) + ":rollback",
       .access = Access::signed_in,
       .summary = "Make an older snapshot current again",
       .handler = [routes](Request& request) { return routes->roll_back(request); },
       .request_schema =
           R"({"type":"object","required":["snapshot_id"],"additionalProperties":false,"properties":{"snapshot_id":{"type":"integer"}}})"});
}

Result<> install(App& app) {
  // Served as what later modules know: the interface.
  Lake& base = app.adopt<Lake>(std::make_unique<Service>(app));
  auto& lake = static_cast<Service&>(base);
  app.use<catalog::Catalog>().add_participant({.check =
                                                   [&lake](const mesh::MeshState& before, const mesh::MeshState& after,
                                                           std::vector<catalog::Problem>& problems) {
                                                     for (auto& problem : lake.check(before, after))
                                                       problems.push_back(std::move(problem));
                                                   },
                                               .commit = {}});
  add_routes(app, lake);
  app.every(
      {.name = "lake.expire", .every = 3600s, .run = [&lake](std::stop_token stop) { return lake.expire(stop); }});
  app.every(
      {.name = "lake.collect", .every = 900s, .run = [&lake](std::stop_token stop) { return lake.collect(stop); }});
  app.every(
      {.name = "lake.compact", .every = 600s, .run = [&lake](std::stop_token stop) { return lake.compact(stop); }});
  return {};
}

}  // namespace

Result<std::unique_ptr<Lake>> Lake::open(App& app) { return std::unique_ptr<Lake>(std::make_unique<Service>(app)); }

extern const Module kModule;
const Module kModule{.name = "lake", .migrations = kMigrations, .install = install, .commands = commands};

}  // namespace weft::lake
