#include "app/module.h"

#include "base/text.h"
#include "product/query/commands.h"
#include "product/query/facts.h"
#include "product/query/road.h"

namespace weft::query {
namespace {

constexpr std::size_t kQueryBodyMax = 12 << 20;  // SQL has its own, smaller limit with a better word.

constexpr std::string_view kQueryRequest = R"json({
  "type": "object", "required": ["sql"], "additionalProperties": false,
  "properties": {
    "sql": {"type": "string", "minLength": 1, "description": "One SELECT, EXPLAIN or DESCRIBE over domain.product[.port] and mesh.*."},
    "parameters": {"type": "array", "description": "Values of $1, $2, …"},
    "format": {"enum": ["json", "ndjson", "csv", "parquet", "arrow"], "description": "Wins over Accept; default json."},
    "purpose": {"type": "string", "description": "What the data is wanted for, where a grant asks."},
    "timeout_ms": {"type": "integer", "minimum": 1, "maximum": 86400000}}})json";

constexpr std::string_view kQueryAnswer = R"json({
  "type": "object", "required": ["columns", "rows", "row_count"],
  "properties": {
    "columns": {"type": "array", "items": {"type": "object", "required": ["name", "type"],
      "properties": {"name": {"type": "string"}, "type": {"type": "string"}}}},
    "rows": {"type": "array", "items": {"type": "array"}},
    "row_count": {"type": "integer"}}})json";

Result<engine::Format> wanted_format(const Request& request, const json::Value& body) {
  if (const json::Value& named = body["format"]; named.is_text()) return engine::format_of(named.text());
  const auto accept = request.headers.get("accept");
  if (!accept || accept->empty()) return engine::Format::json;
  bool takes_anything = false;
  for (const std::string_view item : text::split(*accept, ',')) {
    const auto media_type = text::trim(item.substr(0, item.find(';')));
    if (media_type == "*/*" || media_type == "application/*") {
      takes_anything = true;
    } else if (auto format = engine::format_of(media_type)) {
      return format;
    }
  }
  if (takes_anything) return engine::Format::json;
  return fail(ErrorKind::unsupported, "request.not_acceptable",
              "Accept: {} names no format of answers; ask for application/json, application/x-ndjson, text/csv, "
              "application/vnd.apache.parquet or application/vnd.apache.arrow.stream",
              *accept);
}

Result<Ask> ask_of(const Request& request, const json::Value& body) {
  if (!body.is_object())
    return fail(ErrorKind::invalid, "query.body", "the body is no JSON object; send {{\"sql\": \"SELECT …\"}}");
  for (const auto& member : body.object()) {
    const std::vector<std::string> known{"sql", "parameters", "format", "purpose", "timeout_ms"};
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      return fail(ErrorKind::invalid, "query.body", "the body has the unknown key {}{}", member.key,
                  text::did_you_mean(member.key, known));
    }
  }
  if (!body["sql"].is_text()) return fail(ErrorKind::invalid, "query.body", "`sql` is missing or no text");
  Ask ask;
  ask.sql = body["sql"].text();
  if (const json::Value& parameters = body["parameters"]; parameters.is_array()) ask.parameters = parameters.array();
  ask.principal = request.principal;
  ask.principal.purpose = body["purpose"].text_or(request.principal.purpose);
  ask.request_id = request.request_id;
  if (const auto timeout = body["timeout_ms"].integer_or(0); timeout > 0)
    ask.limits.time_max = std::chrono::milliseconds(timeout);
  ask.cancelled = request.cancelled;
  return ask;
}

Answer answer_query(Road& road, Request& request) {
  const json::Value body = TRY(request.json(kQueryBodyMax));
  const engine::Format format = TRY(wanted_format(request, body));
  Ask ask = TRY(ask_of(request, body));
  std::shared_ptr<Prepared> prepared = TRY(road.prepare(std::move(ask)));
  const std::string id = prepared->query_id;
  auto stream = [&road, prepared, format](ByteSink& out) -> Result<> {
    TRY(road.run(*prepared, format, out));
    return {};
  };
  return Response::stream(std::move(stream), engine::media_type(format)).with("Weft-Query-Id", id);
}

Result<> install(App& app) {
  Road& road = app.emplace<Road>(app);
  store::Store& store = app.store();
  app.route({.method = "POST",
             .path = "/v1/query",
             .access = Access::signed_in,
             .summary = "Run a query and stream its answer",
             .handler = [&](Request& request) { return answer_query(road, request); },
             .lane = Lane::heavy,
             .request_schema = std::string(kQueryRequest),
             .response_schema = std::string(kQueryAnswer),
             .other_media_types = {"application/x-ndjson", "text/csv", "application/vnd.apache.parquet",
                                   "application/vnd.apache.arrow.stream"}});
  app.route({.method = "GET",
             .path = "/v1/queries",
             .access = Access::signed_in,
             .summary = "List your queries, newest first",
             .handler = [&](Request& request) -> Answer {
               const Page page = TRY(page_of(request));
               return Response::json(TRY(query_facts(store, page, request.principal)));
             },
             .lane = Lane::control,
             .query_parameters = {kLimit, kCursor}});
  app.route({.method = "GET",
             .path = "/v1/queries/{query}",
             .access = Access::signed_in,
             .summary = "One query with what it read and its outcome",
             .handler = [&](Request& request) -> Answer {
               return Response::json(TRY(query_fact(store, request.param("query"), request.principal)));
             },
             .lane = Lane::control});
  app.route({.method = "POST",
             .path = "/v1/queries/{query}:cancel",
             .access = Access::signed_in,
             .summary = "Cancel a running query",
             .handler = [&](Request& request) -> Answer {
               TRY(road.cancel(request.param("query"), request.principal));
               return Response::json(json::Object{{"query_id", request.param("query")}, {"status", "cancelled"}});
             },
             .lane = Lane::control});
  add_system_tables(app, app.use<catalog::Catalog>());
  return {};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "query", .migrations = kMigrations, .install = install, .commands = commands};

}  // namespace weft::query
