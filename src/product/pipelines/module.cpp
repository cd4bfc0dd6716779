#include "app/module.h"

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "product/governance/governance.h"
#include "product/ingest/ingest.h"
#include "product/pipelines/commands.h"
#include "product/query/road.h"

namespace weft::pipelines {
namespace {

constexpr store::Migration kMigrations[] = {{1, R"sql(
CREATE TABLE pipeline_runs (id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, started INTEGER NOT NULL, finished INTEGER, principal TEXT NOT NULL, status TEXT NOT NULL, code TEXT, publish_id TEXT, query_id TEXT) WITHOUT ROWID;
CREATE INDEX pipeline_runs_by_name ON pipeline_runs (pipeline, id);
)sql"}};

struct Pipelines {
  store::Store& store;
  Clock& clock;
  catalog::Catalog& catalog;
  query::Road& road;
  ingest::Ingest& ingest;

  static json::Value to_json(const mesh::Pipeline& pipeline) {
    return json::Object{
        {"name", pipeline.name}, {"domain", pipeline.domain},           {"output", to_string(pipeline.output)},
        {"mode", pipeline.mode}, {"description", pipeline.description}, {"sql", pipeline.sql}};
  }

  Result<const mesh::Pipeline*> find(const mesh::MeshState& mesh, std::string_view name) const {
    const auto found = mesh.pipelines.find(name);
    if (found != mesh.pipelines.end()) return &found->second;
    std::vector<std::string> names;
    for (const auto& [each, pipeline] : mesh.pipelines) names.push_back(each);
    return fail(ErrorKind::not_found, "pipeline.unknown", "there is no pipeline {}{}", name,
                text::did_you_mean(name, names));
  }

  // One job: the governed SELECT's rows go straight into the publish, as the domain.
  Result<json::Value> execute(const mesh::Pipeline& pipeline, const Request& request, std::string& query_id) const {
    query::Ask ask;
    ask.sql = pipeline.sql;
    ask.principal = governance::domain_principal(pipeline.domain);
    ask.request_id = request.request_id;
    ask.work = engine::WorkClass::batch;
    ask.cancelled = request.cancelled;
    auto prepared = TRY(road.prepare(std::move(ask)));
    query_id = prepared->query_id;
    ingest::Wish wish{.port = pipeline.output,
                      .mode = pipeline.mode,
                      .format = {},
                      .options = {},
                      .key = {},
                      .principal = prepared->ask.principal,
                      .request_id = request.request_id,
                      .cancelled = request.cancelled};
    lineage::Fact fact{.source = "pipeline",
                       .name = pipeline.name,
                       .target = pipeline.output,
                       .plan = prepared->plan,
                       .relations = {}};
    for (const query::Source& source : prepared->sources) fact.relations.push_back(source.port);
    auto published = [&]() -> Result<json::Value> {
      auto data = TRY(road.admit(*prepared));
      return ingest.publish(wish, {.session = *prepared->session, .data = std::move(data), .lineage = std::move(fact)});
    }();
    if (published) {
      road.finish(*prepared, engine::Outcome{.rows = static_cast<std::uint64_t>((*published)["rows"].integer_or(0))});
    } else {
      road.finish(*prepared, std::unexpected(published.error()));
    }
    return published;
  }

  Answer run(Request& request) const {
    const mesh::MeshPointer mesh = catalog.current();
    const mesh::Pipeline* pipeline = TRY(find(*mesh, request.param("pipeline")));
    const Time started = clock.now();
    TRY(governance::require(
        governance::decide(*mesh, request.principal, governance::Action::run, pipeline->output, started),
        request.principal, governance::Action::run, "pipeline " + pipeline->name));
    const std::string id = new_id("run", micros(started) / 1000);
    TRY(store.write([&](store::Session& session) -> Result<> {
      TRY(session.run(
          "INSERT INTO pipeline_runs (id, pipeline, started, principal, status) VALUES (?1, ?2, ?3, ?4, 'running')",
          {id, pipeline->name, micros(started), request.principal.name}));
      return {};
    }));
    std::string query_id;
    auto answer = execute(*pipeline, request, query_id);
    const std::string_view status = answer                                     ? "committed"
                                    : answer.error().code == "publish.refused" ? "refused"
                                                                               : "failed";
    TRY(store.write([&](store::Session& session) -> Result<> {
      std::optional<std::string_view> code, publish;
      if (!answer) code = answer.error().code;
      if (answer) publish = (*answer)["publish_id"].text_or("");
      TRY(
          session.run("UPDATE pipeline_runs SET finished = ?2, status = ?3, code = ?4, publish_id = ?5, query_id = ?6 "
                      "WHERE id = ?1",
                      {id, micros(clock.now()), status, store::param(code), store::param(publish), query_id}));
      return {};
    }));
    if (!answer) return std::unexpected(std::move(answer).error());
    answer->object().set("run_id", id);
    answer->object().set("pipeline", pipeline->name);
    answer->object().set("query_id", query_id);
    return Response::json(*answer, 201);
  }

  Answer runs(Request& request) const {
    const Page page = TRY(page_of(request));
    json::Array items;
    std::string last;
    TRY(store.read([&](store::Session& session) {
      return session.each(
          "SELECT id, pipeline, started, finished, principal, status, code, publish_id FROM pipeline_runs WHERE "
          "pipeline = ?1 AND (?2 = '' OR id < ?2) ORDER BY id DESC LIMIT ?3",
          {request.param("pipeline"), page.after, std::int64_t{page.limit}}, [&](const store::Row& row) -> Result<> {
            auto time = [&](int column) {
              return row.is_null(column) ? json::Value() : json::Value(to_rfc3339(time_of(row.integer(column))));
            };
            last = row.text(0);
            items.push_back(json::Object{{"run_id", last},
                                         {"pipeline", row.text(1)},
                                         {"started", time(2)},
                                         {"finished", time(3)},
                                         {"principal", row.text(4)},
                                         {"status", row.text(5)},
                                         {"code", row.is_null(6) ? json::Value() : json::Value(row.text(6))},
                                         {"publish_id", row.is_null(7) ? json::Value() : json::Value(row.text(7))}});
            return {};
          });
    }));
    const bool is_full = items.size() == static_cast<std::size_t>(page.limit);
    return Response::json(page_answer(std::move(items), is_full ? std::optional(last) : std::nullopt));
  }
};

Result<> install(App& app) {
  const auto pipelines = std::make_shared<Pipelines>(Pipelines{app.store(), app.clock(), app.use<catalog::Catalog>(),
                                                               app.use<query::Road>(), app.use<ingest::Ingest>()});
  app.route({.method = "GET",
             .path = "/v1/pipelines",
             .access = Access::signed_in,
             .summary = "List pipelines",
             .handler = [pipelines](Request&) -> Answer {
               json::Array items;
               const mesh::MeshPointer mesh = pipelines->catalog.current();
               for (const auto& [name, pipeline] : mesh->pipelines) items.push_back(Pipelines::to_json(pipeline));
               return Response::json(page_answer(std::move(items), {}));
             }});
  app.route({.method = "GET",
             .path = "/v1/pipelines/{pipeline}",
             .access = Access::signed_in,
             .summary = "One pipeline",
             .handler = [pipelines](Request& request) -> Answer {
               const mesh::MeshPointer mesh = pipelines->catalog.current();
               return Response::json(Pipelines::to_json(*TRY(pipelines->find(*mesh, request.param("pipeline")))));
             }});
  app.route({.method = "POST",
             .path = "/v1/pipelines/{pipeline}/runs",
             .access = Access::signed_in,
             .summary = "Run a pipeline as its domain: one publish whose source is its query",
             .handler = [pipelines](Request& request) { return pipelines->run(request); },
             .lane = Lane::heavy,
             .status = 201});
  app.route({.method = "GET",
             .path = "/v1/pipelines/{pipeline}/runs",
             .access = Access::signed_in,
             .summary = "Runs of a pipeline, newest first",
             .handler = [pipelines](Request& request) { return pipelines->runs(request); },
             .query_parameters = {kLimit, kCursor}});
  return {};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "pipelines", .migrations = kMigrations, .install = install, .commands = commands};

}  // namespace weft::pipelines
