#include "base/json.h"
#include "base/text.h"
#include "product/ingest/state.h"

namespace weft::ingest {
namespace {

// Query parameters of a publish: how to read CSV.
constexpr const char* kCsvOptions[] = {"delim", "quote", "escape", "nullstr"};

Result<Wish> wish_of(const mesh::MeshState& mesh, const Request& request) {
  const mesh::Port* port =
      TRY(mesh.resolve({std::string(request.param("domain")), std::string(request.param("product")),
                        std::string(request.param("port"))}));
  Wish wish{.port = port->name,
            .mode = std::string(request.query_or("mode", "")),
            .format = std::string(request.query_or("format", "")),
            .options = {},
            .key = std::string(request.headers.get("idempotency-key").value_or("")),
            .principal = request.principal,
            .request_id = request.request_id,
            .cancelled = request.cancelled};
  for (const char* option : kCsvOptions) {
    if (const auto value = request.query_or(option, ""); !value.empty()) wish.options.set(option, value);
  }
  if (request.query_or("header", "") == "false") wish.options.set("header", false);
  if (wish.key.size() > 255)
    return fail(ErrorKind::limit, "publish.key", "an idempotency key has at most 255 characters");
  return wish;
}

Answer list_publishes(store::Store& store, Request& request) {
  const Page page = TRY(page_of(request));
  json::Array items;
  std::string last;
  TRY(store.read([&](store::Session& session) {
    return session.each(
        "SELECT id, port, time, principal, mode, status, snapshot_id, rows, bytes, dead_letters FROM publishes WHERE "
        "(?1 = '' OR id < ?1) AND (?2 = '' OR port = ?2) AND (?3 = '' OR status = ?3) "
        "ORDER BY id DESC LIMIT ?4",
        {page.after, request.query_or("port", ""), request.query_or("status", ""), std::int64_t{page.limit}},
        [&](const store::Row& row) -> Result<> {
          last = row.text(0);
          items.push_back(json::Object{{"publish_id", last},
                                       {"port", row.text(1)},
                                       {"published", to_rfc3339(time_of(row.integer(2)))},
                                       {"principal", row.text(3)},
                                       {"mode", row.text(4)},
                                       {"status", row.text(5)},
                                       {"snapshot_id", row.is_null(6) ? json::Value() : json::Value(row.integer(6))},
                                       {"rows", row.integer(7)},
                                       {"bytes", row.integer(8)},
                                       {"dead_letters", row.integer(9)}});
          return {};
        });
  }));
  const bool is_full = items.size() == static_cast<std::size_t>(page.limit);
  return Response::json(page_answer(std::move(items), is_full ? std::optional(last) : std::nullopt));
}

// The whole answer of a publish, without the values that only its publisher and readers may see.
Answer show_publish(store::Store& store, Request& request) {
  const std::string id(request.param("publish"));
  const auto text = TRY(store.read_value<std::optional<std::string>>([&](store::Session& session) {
    return session.first("SELECT answer FROM publishes WHERE id = ?1", {id},
                         [](const store::Row& row) { return row.text(0); });
  }));
  if (!text) return fail(ErrorKind::not_found, "publish.unknown", "there is no publish {}", id);
  json::Value answer = TRY(json::parse(*text));
  for (const char* list : {"checks", "problems"}) {
    json::Value* items = answer.object().find(list);
    if (items == nullptr || !items->is_array()) continue;
    for (json::Value& item : items->array()) item.object().erase("sample_values");
  }
  return Response::json(answer);
}

}  // namespace

void add_routes(App& app, Ingest& ingest) {
  catalog::Catalog& catalog = app.use<catalog::Catalog>();
  store::Store& store = app.store();
  app.route({.method = "POST",
             .path = "/v1/products/{domain}/{product}/ports/{port}/publishes",
             .access = Access::signed_in,
             .summary = "Publish the body: one snapshot, or a refusal with every reason",
             .handler = [&](Request& request) -> Answer {
               const Wish wish = TRY(wish_of(*catalog.current(), request));
               if (request.body == nullptr)
                 return fail(ErrorKind::invalid, "request.no_body",
                             "the body is the data: Parquet, CSV, NDJSON or JSON");
               Staged staged = TRY(ingest.stage(*request.body, request.body_size));
               return Response::json(TRY(ingest.publish(wish, std::move(staged))), 201);
             },
             .lane = Lane::heavy,
             .body_media_types = {"application/octet-stream", "application/vnd.apache.parquet", "text/csv",
                                  "application/x-ndjson", "application/json"},
             .query_parameters = {{"mode", R"({"enum":["append","overwrite","upsert"],"default":"append"})"},
                                  "format",
                                  "delim",
                                  "quote",
                                  "escape",
                                  "nullstr",
                                  {"header", R"({"type":"boolean"})"}},
             .status = 201});
  app.route({.method = "POST",
             .path = "/v1/products/{domain}/{product}/ports/{port}:check",
             .access = Access::signed_in,
             .summary = "Hold the body to the port's contract as a publish would, and change nothing",
             .handler = [&](Request& request) -> Answer {
               Wish wish = TRY(wish_of(*catalog.current(), request));
               wish.is_dry = true;
               wish.key.clear();
               if (request.body == nullptr)
                 return fail(ErrorKind::invalid, "request.no_body",
                             "the body is the data: Parquet, CSV, NDJSON or JSON");
               Staged staged = TRY(ingest.stage(*request.body, request.body_size));
               return Response::json(TRY(ingest.publish(wish, std::move(staged))));
             },
             .lane = Lane::heavy,
             .body_media_types = {"application/octet-stream", "application/vnd.apache.parquet", "text/csv",
                                  "application/x-ndjson", "application/json"},
             .query_parameters = {{"mode", R"({"enum":["append","overwrite","upsert"],"default":"append"})"},
                                  "format",
                                  "delim",
                                  "quote",
                                  "escape",
                                  "nullstr",
                                  {"header", R"({"type":"boolean"})"}}});
  app.route({.method = "GET",
             .path = "/v1/publishes",
             .access = Access::signed_in,
             .summary = "List publishes, newest first",
             .handler = [&store](Request& request) { return list_publishes(store, request); },
             .query_parameters = {kLimit, kCursor, "port", "status"}});
  app.route({.method = "GET",
             .path = "/v1/publishes/{publish}",
             .access = Access::signed_in,
             .summary = "One publish with its checks",
             .handler = [&store](Request& request) { return show_publish(store, request); }});
}

}  // namespace weft::ingest
