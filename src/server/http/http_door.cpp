#include "server/http/http_door.h"

#include "app/problem.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/net/http_server.h"
#include "server/http/request_metrics.h"
#include "server/http/trace_context.h"

namespace weft::server {
namespace {

constexpr std::string_view kHome = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Weft</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}code{background:#eee;padding:0 .3em}</style>
</head><body><h1>Weft</h1>
<p>A data mesh in one program: domains declare data products; Weft checks, governs, serves and explains them.</p>
<ul><li><a href="/openapi.json">The API (OpenAPI 3.1)</a></li><li><a href="/healthz">Health</a>, <a href="/readyz">readiness</a>,
<a href="/metrics">metrics</a></li></ul>
<p>On the command line: <code>export WEFT_URL=…</code>, then <code>weft products list</code>.</p>
</body></html>
)html";

bool is_fixed(std::string_view path) {
  return path == "/" || path == "/healthz" || path == "/readyz" || path == "/metrics" || path == "/openapi.json";
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

// Sends the head with the first byte, so that what fails before it can still be told in full.
class LateSink final : public ByteSink {
 public:
  LateSink(net::HttpReply& reply, int status, const net::HeaderList& headers)
      : reply_(reply), status_(status), headers_(headers) {}
  Result<> write(std::string_view bytes) override {
    if (bytes.empty()) return {};
    TRY(begin());
    written_ += bytes.size();
    return reply_.write(bytes);
  }
  Result<> begin() {
    if (has_begun_) return {};
    has_begun_ = true;
    return reply_.start(status_, headers_, std::nullopt);
  }
  bool has_begun() const { return has_begun_; }
  std::uint64_t written() const { return written_; }

 private:
  net::HttpReply& reply_;
  int status_;
  const net::HeaderList& headers_;
  bool has_begun_ = false;
  std::uint64_t written_ = 0;
};

// Counts what a handler reads of a body.
class CountedSource final : public ByteSource {
 public:
  explicit CountedSource(ByteSource& source) : source_(source) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    auto done = source_.read(out, size);
    if (done) read_ += *done;
    return done;
  }
  std::uint64_t read_so_far() const { return read_; }

 private:
  ByteSource& source_;
  std::uint64_t read_ = 0;
};

struct Sent {
  int status = 0;
  std::uint64_t bytes = 0;
};

}  // namespace

struct HttpDoor::State {
  State(HttpDoorOptions wanted, const Router& served, metrics::Registry& registry, Clock& time,
        std::function<bool()> ready)
      : options(std::move(wanted)),
        router(served),
        metrics(registry),
        clock(time),
        is_ready(std::move(ready)),
        counted(registry),
        openapi(served.openapi()) {}

  net::WorkLane lane(std::string_view method, std::string_view target) const;
  // Whether the door itself answers; the root of a port with a prefix is the router's.
  bool is_own(std::string_view path) const { return is_fixed(path) && (options.path_prefix.empty() || path != "/"); }
  void handle(net::HttpRequest& in, net::HttpReply& out);
  Response fixed(std::string_view method, std::string_view path, std::string_view request_id) const;
  Response routed(Request& request, std::string_view target) const;
  Sent send(Response response, const Request& request, net::HttpReply& out);
  void log(const Request& request, std::string_view path_template, const Sent& sent,
           std::chrono::microseconds took) const;

  HttpDoorOptions options;
  const Router& router;
  metrics::Registry& metrics;
  Clock& clock;
  std::function<bool()> is_ready;
  RequestMetrics counted;
  std::string openapi;
  std::unique_ptr<net::HttpServer> server;  // Last: it ends first.
};

net::WorkLane HttpDoor::State::lane(std::string_view method, std::string_view target) const {
  const std::string_view path = path_of(target);
  if (path == "/metrics") return net::WorkLane::control;
  if (is_own(path)) return net::WorkLane::instant;
  switch (router.lane(method, options.path_prefix.empty() ? path : options.path_prefix + std::string(path))) {
    case Lane::instant:
      return net::WorkLane::instant;
    case Lane::control:
      return net::WorkLane::control;
    case Lane::heavy:
      return net::WorkLane::heavy;
  }
  return net::WorkLane::control;
}

Response HttpDoor::State::fixed(std::string_view method, std::string_view path, std::string_view request_id) const {
  if (method != "GET" && method != "HEAD") {
    return problem({.kind = ErrorKind::invalid,
                    .code = "request.method_not_allowed",
                    .message = format("{} takes GET and HEAD, not {}", path, method),
                    .details = {}},
                   request_id)
        .with("Allow", "GET, HEAD");
  }
  if (path == "/healthz") return Response::text("ok\n");
  if (path == "/readyz") {
    if (is_ready()) return Response::text("ready\n");
    return problem({.kind = ErrorKind::unavailable,
                    .code = "server.not_ready",
                    .message = "the server starts or drains",
                    .details = {}},
                   request_id);
  }
  if (path == "/metrics") return Response::text(metrics.expose(), "text/plain; version=0.0.4; charset=utf-8");
  if (path == "/openapi.json") return Response::text(openapi, "application/json");
  return Response::text(std::string(kHome), "text/html; charset=utf-8")
      .with("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
}

Response HttpDoor::State::routed(Request& request, std::string_view target) const {
  const auto mark = target.find('?');
  if (mark != std::string_view::npos) request.query_text = target.substr(mark + 1);
  Response response = router.handle(request);
  if (request.method == "OPTIONS" && response.status == 405) {
    Response answer{.status = 204, .headers = {}, .body = std::string()};
    if (const auto allow = response.headers.get("Allow"))
      answer.headers.set("Allow", std::string(*allow) + ", OPTIONS");
    return answer;
  }
  return response;
}

Sent HttpDoor::State::send(Response response, const Request& request, net::HttpReply& out) {
  response.headers.set("X-Request-Id", request.request_id);
  response.headers.set("X-Content-Type-Options", "nosniff");
  if (!response.headers.get("Cache-Control") && !is_fixed(request.path))
    response.headers.set("Cache-Control", "no-store");
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    (void)out.send(response.status, response.headers.items(), *text);  // A reader that left is no matter of ours.
    return {.status = response.status, .bytes = text->size()};
  }
  LateSink sink(out, response.status, response.headers.items());
  const auto written = std::get<BodyWriter>(response.body)(sink);
  if (!written && !sink.has_begun()) return send(problem(written.error(), request.request_id), request, out);
  if (!written) {
    LOG(info, "{}: the answer was aborted after {} bytes: {} [{}]", request.request_id, sink.written(),
        written.error().message, written.error().code);
    return {.status = response.status, .bytes = sink.written()};
  }
  if (sink.begin()) (void)out.finish();
  return {.status = response.status, .bytes = sink.written()};
}

void HttpDoor::State::handle(net::HttpRequest& in, net::HttpReply& out) {
  const auto started = std::chrono::steady_clock::now();
  Request request;
  request.method = std::move(in.method);
  request.path = path_of(in.target);
  for (auto& [name, value] : in.headers) request.headers.add(std::move(name), std::move(value));
  std::optional<CountedSource> body;
  if (in.body != nullptr) request.body = &body.emplace(*in.body);
  request.body_size = in.body_size;
  request.request_id = new_id("req", micros(clock.now()) / 1000);
  request.trace_parent = valid_trace_parent(request.headers.get("traceparent").value_or(""));
  request.door = "http";
  request.cancelled = in.cancelled;
  const bool is_own = this->is_own(request.path);
  if (!is_own) request.path.insert(0, options.path_prefix);
  const std::string_view path_template =
      is_own ? std::string_view(request.path) : router.template_of(request.method, request.path);
  counted.began();
  const Sent sent =
      send(is_own ? fixed(request.method, request.path, request.request_id) : routed(request, in.target), request, out);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
  counted.ended(request.method, path_template, sent.status, took, body ? body->read_so_far() : 0, sent.bytes);
  if (!is_own && weft::log::enabled(weft::log::Level::info)) log(request, path_template, sent, took);
}

void HttpDoor::State::log(const Request& request, std::string_view path_template, const Sent& sent,
                          std::chrono::microseconds took) const {
  json::Object fields{{"request_id", request.request_id},
                      {"method", request.method},
                      {"route", path_template},
                      {"status", sent.status},
                      {"bytes", sent.bytes},
                      {"micros", took.count()},
                      {"principal", request.principal.name}};
  if (!request.trace_parent.empty()) fields.set("trace", request.trace_parent.substr(3, 32));
  weft::log::event(weft::log::Level::info, "http.request", fields);
}

HttpDoor::HttpDoor(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpDoor::~HttpDoor() = default;

Result<std::unique_ptr<HttpDoor>> HttpDoor::open(HttpDoorOptions options, const Router& router,
                                                 metrics::Registry& metrics, Clock& clock,
                                                 std::function<bool()> is_ready) {
  auto state = std::make_unique<State>(std::move(options), router, metrics, clock, std::move(is_ready));
  net::ServerOptions net;
  net.address = state->options.address;
  net.port = state->options.port;
  net.tls_certificate_file = state->options.tls_certificate_file;
  net.tls_key_file = state->options.tls_key_file;
  net.body_bytes_max = state->options.upload_bytes_max;
  net::ServerHandler handler;
  handler.lane = [raw = state.get()](std::string_view method, std::string_view target) {
    return raw->lane(method, target);
  };
  handler.handle = [raw = state.get()](net::HttpRequest& in, net::HttpReply& out) { raw->handle(in, out); };
  handler.refusal = [](int status, std::string_view code, std::string_view message) {
    const json::Object document{
        {"type", "about:blank"}, {"title", "Refused"}, {"status", status}, {"detail", message}, {"code", code}};
    return json::write(document);
  };
  state->server = TRY(net::HttpServer::open(net, std::move(handler), metrics));
  return std::unique_ptr<HttpDoor>(new HttpDoor(std::move(state)));
}

int HttpDoor::port() const { return state_->server->port(); }

std::string HttpDoor::url() const {
  const bool is_v6 = state_->options.address.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + state_->options.address + "]" : state_->options.address;
  return format("{}://{}:{}", state_->options.tls_certificate_file.empty() ? "http" : "https", host, port());
}

void HttpDoor::drain(std::chrono::seconds at_most) { state_->server->drain(at_most); }

}  // namespace weft::server
