#include "server/http/http_door.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/ids.h"
#include "base/json.h"
#include "platform/net/raw_client.h"
#include "server/http/trace_context.h"

// The router behind real sockets.
namespace weft::server {
namespace {

namespace fs = std::filesystem;
using net::get_of;
using net::post_of;
using net::RawAnswer;
using net::RawClient;

class NoEngine final : public engine::Engine {
 public:
  void warm() override {}
  Result<std::unique_ptr<engine::Session>> session(engine::WorkClass, const engine::Limits&, std::stop_token) override {
    return fail(ErrorKind::unavailable, "engine.start", "there is no engine here");
  }
  Result<json::Value> fences() override { return json::Value(); }
};

class FixedClock final : public Clock {
 public:
  Time now() const override { return time_of(1'800'000'000'000'000); }
  std::chrono::steady_clock::time_point steady() const override { return {}; }
};

// Knows one token.
class OneToken final : public Authenticator {
 public:
  Result<Principal> authenticate(const Request& request) override {
    const auto given = request.headers.get("Authorization");
    if (!given) return Principal();
    if (*given != "Bearer right") return fail(ErrorKind::unauthenticated, "auth.token", "the token is not known");
    return Principal{.name = "ada", .teams = {}, .is_anonymous = false, .purpose = {}};
  }
};

class HttpDoorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("weft-door-" + to_string(random_uuid()));
    store_ = std::move(*store::Store::open({.folder = root_, .migrations = {}}));
    objects_ = std::move(*objects::Objects::open(root_));
    app_ = std::make_unique<App>(App::Parts{.settings = {.data = root_},
                                            .clock = clock_,
                                            .store = *store_,
                                            .objects = *objects_,
                                            .engine = engine_,
                                            .metrics = metrics_});
    add("GET", "/v1/hello/{name}",
        [](Request& request) -> Answer { return Response::text("hello " + std::string(request.param("name"))); });
    add("POST", "/v1/echo", [](Request& request) -> Answer { return Response::text(TRY(request.text(1 << 20))); });
    add("GET", "/v1/seen", [](Request& request) -> Answer {
      return Response::text(format("{} {} {}", request.request_id,
                                   request.trace_parent.empty() ? "-" : request.trace_parent, request.door));
    });
    add("GET", "/v1/stream", [](Request&) -> Answer {
      return Response::stream(
          [](ByteSink& sink) -> Result<> {
            for (int i = 0; i < 1000; ++i) TRY(sink.write(std::string(1000, 'x')));
            return {};
          },
          "text/plain");
    });
    add("GET", "/v1/nothing",
        [](Request&) -> Answer { return Response::stream([](ByteSink&) { return Result<>(); }, "text/csv"); });
    add("GET", "/v1/fails-before", [](Request&) -> Answer {
      return Response::stream(
          [](ByteSink& sink) -> Result<> {
            TRY(sink.write(""));
            return fail(ErrorKind::timeout, "query.timeout", "too slow");
          },
          "text/csv");
    });
    add("GET", "/v1/fails-after", [](Request&) -> Answer {
      return Response::stream(
          [](ByteSink& sink) -> Result<> {
            TRY(sink.write("id\n1\n"));
            return fail(ErrorKind::internal, "engine.worker_died", "the worker died");
          },
          "text/csv");
    });
    add("GET", "/v1/throws", [](Request&) -> Answer { throw std::runtime_error("secret of the implementation"); });
    add(
        "GET", "/v1/private", [](Request& request) -> Answer { return Response::text(request.principal.name); },
        Access::signed_in);
    router_ = std::make_unique<Router>(*app_, authenticator_);
    auto opened = HttpDoor::open({.port = 0}, *router_, metrics_, clock_, [this] { return is_ready_.load(); });
    ASSERT_TRUE(opened) << opened.error().message;
    door_ = std::move(*opened);
  }
  void TearDown() override {
    door_.reset();
    router_.reset();
    app_.reset();
    store_.reset();
    fs::remove_all(root_);
  }
  void add(std::string method, std::string path, Handler handler, Access access = Access::anyone) {
    app_->route({.method = std::move(method),
                 .path = std::move(path),
                 .access = access,
                 .summary = "For the test",
                 .handler = std::move(handler),
                 .query_parameters = {"q"}});
  }
  RawAnswer ask(const std::string& request, std::string_view method = "GET") {
    RawClient client(door_->port());
    EXPECT_TRUE(client.send(request));
    return client.answer(method);
  }
  RawAnswer get(std::string_view target, std::string_view headers = "") { return ask(get_of(target, headers)); }
  static std::string code_of(const RawAnswer& answer) {
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
    const auto document = json::parse(answer.body);
    if (!document) return answer.body;
    EXPECT_EQ(json::write(*document->object().find("status")), std::to_string(answer.status));
    return document->object().find("code")->text();
  }

  fs::path root_;
  FixedClock clock_;
  NoEngine engine_;
  OneToken authenticator_;
  metrics::Registry metrics_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<objects::Objects> objects_;
  std::unique_ptr<App> app_;
  std::unique_ptr<Router> router_;
  std::atomic<bool> is_ready_ = true;
  std::unique_ptr<HttpDoor> door_;
};

TEST_F(HttpDoorTest, ARouteIsAnsweredWithItsHeaders) {
  const RawAnswer answer = get("/v1/hello/w%C3%B6rld%2F%20x?q=1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello wörld/ x");
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(ask(post_of("/v1/echo", "said")).body, "said");
  EXPECT_EQ(door_->url(), format("http://127.0.0.1:{}", door_->port()));
}

TEST_F(HttpDoorTest, WhatCannotBeAnsweredIsAProblemDocument) {
  const struct {
    std::string request;
    int status;
    std::string code;
  } cases[] = {
      {get_of("/nowhere"), 404, "request.no_route"},
      {get_of("/v1/hello/%ff"), 404, "request.no_route"},
      {get_of("/v1/hello/a?q=1&q=2"), 400, "request.repeated_parameter"},
      {get_of("/v1/hello/a?q=%zz"), 400, "request.malformed"},
      {get_of("/v1/hello/a?r=1"), 400, "request.unknown_parameter"},
      {get_of("/v1/private"), 401, "auth.required"},
      {get_of("/v1/private", "Authorization: Bearer wrong\r\n"), 401, "auth.token"},
      {get_of("/v1/fails-before"), 504, "query.timeout"},
      {get_of("/v1/throws"), 500, "internal"},
      {post_of("/v1/echo", std::string(2 << 20, 'x')), 413, "request.too_large"},
      {"DELETE /v1/echo HTTP/1.1\r\nHost: t\r\n\r\n", 405, "request.method_not_allowed"},
      {"POST /healthz HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", 405, "request.method_not_allowed"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "http.host"},
      {"GET / HTTP/3.0\r\nHost: t\r\n\r\n", 505, "http.version"},
      {"what\r\n\r\n", 400, "http.malformed"},
      {get_of("/" + std::string(9000, 'a')), 414, "http.target_too_long"},
      {get_of("/", "A: " + std::string(20'000, 'a') + "\r\n"), 431, "http.header_too_large"},
  };
  for (const auto& each : cases) {
    const RawAnswer answer = ask(each.request);
    EXPECT_EQ(answer.status, each.status) << each.request.substr(0, 100);
    EXPECT_EQ(code_of(answer), each.code) << each.request.substr(0, 100);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  }
  EXPECT_EQ(get("/v1/private", "Authorization: Bearer right\r\n").body, "ada");
  EXPECT_TRUE(get("/v1/private").header("WWW-Authenticate").starts_with("Bearer"));
}

TEST_F(HttpDoorTest, ABodyThatStopsHalfWayIsAProblem) {
  RawClient client(door_->port());
  ASSERT_TRUE(client.send("POST /v1/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nhalf"));
  client.shut_down_writing();
  const RawAnswer answer = client.answer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(code_of(answer), "request.truncated");
}

TEST_F(HttpDoorTest, AStreamIsChunkedAndAnEmptyOneIsWhole) {
  RawClient client(door_->port());
  ASSERT_TRUE(client.send(get_of("/v1/stream") + get_of("/v1/nothing")));
  const RawAnswer all = client.answer();
  EXPECT_EQ(all.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(all.body.size(), 1'000'000U);
  EXPECT_TRUE(all.is_whole);
  const RawAnswer nothing = client.answer();
  EXPECT_EQ(nothing.status, 200);
  EXPECT_EQ(nothing.header("Content-Type"), "text/csv");
  EXPECT_TRUE(nothing.is_whole);
}

TEST_F(HttpDoorTest, AFailureAfterTheFirstByteAbortsTheAnswer) {
  RawClient client(door_->port());
  ASSERT_TRUE(client.send(get_of("/v1/fails-after")));
  const RawAnswer answer = client.answer();
  EXPECT_FALSE(answer.is_whole);
  EXPECT_EQ(answer.body.find("worker"), std::string::npos);
  EXPECT_EQ(client.rest(), "");
}

TEST_F(HttpDoorTest, EveryAnswerHasARequestIdOfItsOwn) {
  std::set<std::string> ids;
  for (const char* target : {"/v1/seen", "/v1/seen", "/nowhere", "/healthz", "/v1/stream", "/v1/fails-before"}) {
    const RawAnswer answer = get(target, "X-Request-Id: mine\r\n");
    const std::string id = answer.header("X-Request-Id");
    EXPECT_TRUE(id.starts_with("req_")) << target;
    ids.insert(id);
    if (std::string_view(target) == "/v1/seen") {
      EXPECT_TRUE(answer.body.starts_with(id + " ")) << answer.body;
    }
    if (answer.status >= 400) {
      EXPECT_NE(answer.body.find(id), std::string::npos) << answer.body;
    }
  }
  EXPECT_EQ(ids.size(), 6U);
}

TEST_F(HttpDoorTest, AValidTraceParentReachesTheHandler) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  EXPECT_TRUE(get("/v1/seen", "Traceparent: " + trace + "\r\n").body.ends_with(" " + trace + " http"));
  EXPECT_TRUE(get("/v1/seen", "traceparent: 00-nonsense\r\n").body.ends_with(" - http"));
  EXPECT_TRUE(get("/v1/seen").body.ends_with(" - http"));
}

TEST(TraceContext, TakesWhatTheStandardTakesAndNothingElse) {
  const std::string ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
  for (const std::string& valid : {"00-" + ids + "-01", "00-" + ids + "-00", "00-" + ids + "-ff", "01-" + ids + "-01",
                                   "cc-" + ids + "-01-more.of-a-later-version", "fe-" + ids + "-01-"}) {
    EXPECT_EQ(valid_trace_parent(valid), valid);
  }
  const std::string zeros(32, '0'), upper = "4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7";
  for (const std::string& wrong :
       {std::string(), "00-" + ids, "00-" + ids + "-0", "00-" + ids + "-01-more", "00-" + ids + "-01x",
        "01-" + ids + "-01x", "ff-" + ids + "-01", "00-" + zeros + "-00f067aa0ba902b7-01",
        "00-" + ids.substr(0, 33) + std::string(16, '0') + "-01", "00-" + upper + "-01", "0g-" + ids + "-01",
        "00-" + ids + "-0G", "00_" + ids + "_01", " 00-" + ids + "-01", "00-" + ids + "-01 "}) {
    EXPECT_EQ(valid_trace_parent(wrong), "") << wrong;
  }
}

TEST_F(HttpDoorTest, HealthAndReadinessAreSaidApart) {
  EXPECT_EQ(get("/healthz").body, "ok\n");
  EXPECT_EQ(get("/readyz").status, 200);
  is_ready_ = false;
  EXPECT_EQ(get("/healthz").status, 200);
  const RawAnswer answer = get("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(code_of(answer), "server.not_ready");
  EXPECT_EQ(answer.header("Retry-After"), "1");
}

TEST_F(HttpDoorTest, TheFixedPagesAreThere) {
  const RawAnswer home = get("/");
  EXPECT_EQ(home.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_NE(home.body.find("/openapi.json"), std::string::npos);
  EXPECT_NE(home.header("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
  const auto document = json::parse(get("/openapi.json").body);
  ASSERT_TRUE(document);
  EXPECT_TRUE(document->object().find("openapi")->text().starts_with("3.1"));
  EXPECT_NE(document->object().find("paths")->object().find("/v1/hello/{name}"), nullptr);
}

TEST_F(HttpDoorTest, AMethodThatIsNotTakenIsToldWhichAre) {
  const RawAnswer wrong = ask("PUT /v1/hello/a HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("Allow"), "GET, HEAD");
  EXPECT_EQ(ask("POST /readyz HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n").header("Allow"), "GET, HEAD");
  const RawAnswer options = ask("OPTIONS /v1/hello/a HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(ask("OPTIONS /nowhere HTTP/1.1\r\nHost: t\r\n\r\n").status, 404);
  for (const char* target : {"/v1/hello/a", "/healthz"}) {
    const RawAnswer head = ask(format("HEAD {} HTTP/1.1\r\nHost: t\r\n\r\n", target), "HEAD");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("Content-Length"), std::to_string(get(target).body.size()));
  }
}

// What a counter stands at; 0 when it is not there.
double value_of(const std::string& text, const std::string& series) {
  const auto at = text.find("\n" + series + " ");
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + series.size() + 2, nullptr);
}

TEST_F(HttpDoorTest, RequestsAreCountedByRouteAndNeverByWhatTheyNamed) {
  for (const char* name : {"a", "b", "c"}) (void)get(format("/v1/hello/{}", name));
  (void)get("/nowhere/else");
  (void)ask(post_of("/v1/echo", "four"));
  (void)ask("BREW /v1/echo HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto series = [](const char* method, const char* route, const char* status) {
    return format("weft_http_requests_total{{method=\"{}\",route=\"{}\",status=\"{}\"}}", method, route, status);
  };
  // A request is counted just after its answer went out: all of them are there once the asking one is alone.
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  do {
    text = get("/metrics").body;
  } while ((value_of(text, series("other", "none", "4xx")) < 1 || value_of(text, "weft_http_requests_in_flight") > 1) &&
           std::chrono::steady_clock::now() < deadline);
  EXPECT_EQ(value_of(text, series("GET", "/v1/hello/{name}", "2xx")), 3);
  EXPECT_EQ(value_of(text, series("GET", "none", "4xx")), 1);
  EXPECT_EQ(value_of(text, series("POST", "/v1/echo", "2xx")), 1);
  EXPECT_EQ(value_of(text, series("other", "none", "4xx")), 1);
  EXPECT_EQ(value_of(text, "weft_http_request_body_bytes_total"), 4);
  EXPECT_EQ(value_of(text, "weft_http_requests_in_flight"), 1);  // The one that asks.
  EXPECT_GE(value_of(text, "weft_http_connections"), 1);
  EXPECT_GE(value_of(text, "weft_http_response_body_bytes_total"), 3 * 7 + 4);
  EXPECT_EQ(value_of(text, "weft_http_request_duration_seconds_count{method=\"GET\",route=\"/v1/hello/{name}\"}"), 3);
  EXPECT_EQ(text.find("nowhere"), std::string::npos);
  EXPECT_EQ(text.find("BREW"), std::string::npos);
}

TEST_F(HttpDoorTest, PromtoolTakesTheMetrics) {
  (void)get("/v1/hello/a");
  const RawAnswer answer = get("/metrics");
  EXPECT_TRUE(answer.header("Content-Type").starts_with("text/plain; version=0.0.4"));
  const fs::path file = root_ / "metrics.txt";
  std::ofstream(file) << answer.body;
  std::string tool = "promtool";
  if (const char* source = std::getenv("WEFT_SOURCE"); source != nullptr) {
    const fs::path fetched = fs::path(source) / "deps/cache/tools/promtool";
    if (fs::exists(fetched)) tool = fetched.string();
  }
  FILE* pipe = ::popen(format("{} check metrics < {} 2>&1", tool, file.string()).c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string said;
  for (std::array<char, 512> line; std::fgets(line.data(), line.size(), pipe) != nullptr;) said += line.data();
  EXPECT_EQ(::pclose(pipe), 0) << said;
  EXPECT_EQ(said, "");
}

TEST_F(HttpDoorTest, DrainingLetsNobodyInAndEndsTheOthers) {
  RawClient idle(door_->port());
  ASSERT_TRUE(idle.send(get_of("/healthz")));
  EXPECT_EQ(idle.answer().status, 200);
  door_->drain(std::chrono::seconds(10));
  EXPECT_TRUE(idle.is_closed());
  EXPECT_FALSE(RawClient(door_->port()).is_connected());
}

}  // namespace
}  // namespace weft::server
