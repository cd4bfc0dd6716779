#include "app/module.h"

#include "base/log.h"
#include "product/catalog/catalog.h"
#include "product/lineage/commands.h"
#include "product/lineage/facts.h"
#include "product/lineage/lines.h"
#include "product/lineage/routes.h"
#include "product/lineage/views.h"

namespace weft::lineage {
namespace {

constexpr std::size_t kViewsAtOnce = 20;  // With an apply; the job does the others.
constexpr std::size_t kViewsByJob = 500;
constexpr std::chrono::hours kQueryFactsKept{24 * 90};

constexpr std::string_view kLineageRequest = R"json({
  "type": "object", "required": ["sql"], "additionalProperties": false,
  "properties": {
    "sql": {"type": "string", "description": "One statement or a script."},
    "dialect": {"type": "string", "description": "ansi, duckdb, postgres, …; what does not parse is answered {\"unsupported\":true}."},
    "metadata": {"type": ["object", "null"], "additionalProperties": {"type": "array", "items": {"type": "string"}}, "description": "Known tables: {\"schema.table\": [\"column\", …]}."}}})json";

constexpr std::string_view kLineageAnswer = R"json({
  "type": "object",
  "properties": {
    "columns": {"type": "array", "description": "[[source column, source table or null], [target column, target table or null]] each."},
    "sources": {"type": "array", "items": {"type": "string"}},
    "targets": {"type": "array", "items": {"type": "string"}},
    "unsupported": {"type": "boolean"}}})json";

constexpr std::string_view kClosureAnswer = R"json({
  "type": "object", "required": ["column", "direction", "nodes", "edges"],
  "properties": {
    "column": {"type": "string"}, "direction": {"enum": ["upstream", "downstream"]}, "hidden": {"type": "integer"}, "is_truncated": {"type": "boolean"},
    "nodes": {"type": "array", "items": {"type": "object"}}, "edges": {"type": "array", "items": {"type": "object"}}}})json";

// A view's lineage may be the last evidence that its product waits for.
Result<> look_at_views(Recorded& lineage, App& app, const mesh::MeshState& mesh, std::size_t views_max,
                       std::stop_token stop) {
  const auto run = TRY(record_views(lineage, app.engine(), mesh, views_max, stop));
  for (const auto& product : run.products) TRY(app.use<catalog::Catalog>().reconsider(product));
  return {};
}

void add_routes(App& app, Recorded& lineage, catalog::Catalog& catalog) {
  app.route({.method = "GET",
             .path = "/v1/lineage",
             .access = Access::signed_in,
             .summary = "What feeds a column, or what it feeds",
             .handler = [&](Request& request) { return answer_lineage(lineage, catalog, request); },
             .response_schema = std::string(kClosureAnswer),
             .query_parameters = {{"column", R"({"type":"string","description":"domain.product[.port].column"})", true},
                                  {"direction", R"({"enum":["upstream","downstream"]})"},
                                  {"depth", R"({"type":"integer","minimum":1})"},
                                  "format"}});
  app.route({.method = "GET",
             .path = "/v1/lineage/coverage",
             .access = Access::signed_in,
             .summary = "How many columns of derived ports have lineage, by product (M7)",
             .handler = [&](Request& request) { return answer_coverage(lineage, catalog, request); },
             .query_parameters = {kLimit, kCursor}});
  app.route({.method = "POST",
             .path = "/v1/sql:lineage",
             .access = Access::signed_in,
             .summary = "Lineage of SQL given as text; one request, or a line each as application/x-ndjson",
             .handler = [&](Request& request) { return answer_sql_lineage(app.engine(), request); },
             .lane = Lane::heavy,
             .request_schema = std::string(kLineageRequest),
             .response_schema = std::string(kLineageAnswer)});
}

Result<> install(App& app) {
  auto& catalog = app.use<catalog::Catalog>();
  auto& lineage = static_cast<Recorded&>(app.adopt<Lineage>(TRY(Lineage::open(app))));
  add_routes(app, lineage, catalog);
  app.system_table(lineage_columns_table(lineage, catalog));
  catalog.add_evidence(
      {.name = "lineage",
       .needed_from = mesh::Stage::product,
       .missing = [&](const mesh::MeshState& mesh, const mesh::Product& product) -> std::optional<std::string> {
         if (lineage.is_covered(mesh, product)) return std::nullopt;
         return "columns without lineage: run the pipeline that fills it (weft run), so that its plan is recorded; "
                "`weft lineage --coverage` lists them";
       }});
  app.on<catalog::MeshChanged>([&](const catalog::MeshChanged& change) {
    const auto looked = look_at_views(lineage, app, *change.after, kViewsAtOnce, {});
    if (!looked)
      log::event(log::Level::warning, "lineage.views",
                 {{"code", looked.error().code}, {"message", looked.error().message}});
  });
  app.every({.name = "lineage.views", .every = std::chrono::seconds(60), .run = [&](std::stop_token stop) {
               return look_at_views(lineage, app, *catalog.current(), kViewsByJob, stop);
             }});
  app.every({.name = "lineage.forget", .every = std::chrono::hours(6), .run = [&](std::stop_token) {
               return app.store().write(
                   [&](store::Session& session) { return forget(session, app.clock().now() - kQueryFactsKept); });
             }});
  return {};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "lineage", .migrations = kMigrations, .install = install, .commands = commands};

}  // namespace weft::lineage
