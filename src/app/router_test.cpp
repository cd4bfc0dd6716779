#include "app/router.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace weft {
namespace {

class NoStore final : public store::Store {
 public:
  Result<> write(const Work&, store::Durability) override { return {}; }
  Result<> read(const Work&) override { return {}; }
  Result<> backup_to(const std::filesystem::path&) override { return {}; }
  Result<> announce(std::string_view) override { return {}; }
};

class NoEngine final : public engine::Engine {
 public:
  void warm() override {}
  Result<std::unique_ptr<engine::Session>> session(engine::WorkClass, const engine::Limits&, std::stop_token) override {
    return fail(ErrorKind::unavailable, "test", "none");
  }
  Result<json::Value> fences() override { return json::Value(); }
};

// Whoever says a name is that principal; "wrong" is a token that nobody has.
class Names final : public Authenticator {
 public:
  Result<Principal> authenticate(const Request& request) override {
    ++asked;
    Principal principal;
    const auto name = request.headers.get("x-name");
    if (!name) return principal;
    if (*name == "wrong") return fail(ErrorKind::unauthenticated, "auth.token", "unknown token");
    principal.name = *name;
    principal.is_anonymous = false;
    principal.is_administrator = *name == "root";
    return principal;
  }
  int asked = 0;
};

class RouterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    objects_ = std::move(*objects::Objects::open(std::filesystem::temp_directory_path()));
    app_ = std::make_unique<App>(App::Parts{.settings = {},
                                            .clock = clock_,
                                            .store = store_,
                                            .objects = *objects_,
                                            .engine = engine_,
                                            .metrics = metrics_});
  }
  // A route that answers its template and what it got.
  void add(const std::string& method, const std::string& path, Access access = Access::anyone,
           std::vector<QueryParameter> query = {}) {
    app_->route({.method = method,
                 .path = path,
                 .access = access,
                 .summary = "Test",
                 .handler = [path](Request& request) -> Answer {
                   json::Object answer{{"route", path}};
                   for (const auto& [key, value] : request.params) answer.set(key, value);
                   return Response::json(answer);
                 },
                 .lane = Lane::heavy,
                 .query_parameters = std::move(query)});
  }
  Response send(const std::string& method, const std::string& path, const std::string& name = "") {
    if (!router_) router_ = std::make_unique<Router>(*app_, names_);
    router_->on_denied([this](const Request&, const Error& error) { denied_.push_back(error.code); });
    Request request;
    request.method = method;
    request.path = path;
    request.query_text = query_;
    request.request_id = "req_1";
    if (!name.empty()) request.headers.add("X-Name", name);
    return router_->handle(request);
  }
  json::Value body(const Response& response) { return *json::parse(std::get<std::string>(response.body)); }
  std::string code(const Response& response) { return std::string(body(response)["code"].text_or("none")); }
  std::string route(const std::string& path) { return std::string(body(send("GET", path))["route"].text_or("")); }

  SystemClock clock_;
  NoStore store_;
  NoEngine engine_;
  metrics::Registry metrics_;
  std::unique_ptr<objects::Objects> objects_;
  std::unique_ptr<App> app_;
  Names names_;
  std::unique_ptr<Router> router_;
  std::string query_;
  std::vector<std::string> denied_;
};

TEST_F(RouterTest, WhatIsNotThereIsNotFound) {
  add("GET", "/v1/things");
  for (const char* path : {"/", "", "/v1", "/v1/", "/v1/things/", "//v1/things", "/v1//things", "/V1/things",
                           "/v1/things/1", "/v1/%zz", "/v1/things%00", "/v1/%ff", "/v1/%2e%2e/v1/things"}) {
    const Response response = send("GET", path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(code(response), "request.no_route") << path;
    EXPECT_EQ(response.headers.get("content-type"), "application/problem+json");
  }
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "/a";
  EXPECT_EQ(send("GET", deep).status, 404);
}

TEST_F(RouterTest, AMethodThatAPathDoesNotTakeIsToldWithThoseItDoes) {
  add("GET", "/v1/things");
  add("POST", "/v1/things");
  const Response response = send("DELETE", "/v1/things");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(code(response), "request.method_not_allowed");
  EXPECT_EQ(response.headers.get("allow"), "GET, HEAD, POST");
  EXPECT_EQ(send("get", "/v1/things").status, 405);
  EXPECT_EQ(send("HEAD", "/v1/things").status, 200);
}

TEST_F(RouterTest, ParametersAreDecodedSegmentBySegment) {
  add("GET", "/v1/products/{domain}/{product}");
  const json::Value answer = body(send("GET", "/v1/products/a%2Fb/%C3%A4%20%25"));
  EXPECT_EQ(answer["domain"].text_or(""), "a/b");
  EXPECT_EQ(answer["product"].text_or(""), "ä %");
  EXPECT_EQ(body(send("GET", "/v1/products/a+b/.."))["domain"].text_or(""), "a+b");
  EXPECT_EQ(send("GET", "/v1/products//p").status, 404);
}

TEST_F(RouterTest, RoutesThatShareAPathKeepTheirOwnNames) {
  add("GET", "/v1/{a}/{b}");
  add("PUT", "/v1/{x}/{y}");
  EXPECT_EQ(body(send("GET", "/v1/1/2"))["b"].text_or(""), "2");
  EXPECT_EQ(body(send("PUT", "/v1/1/2"))["x"].text_or(""), "1");
}

TEST_F(RouterTest, LiteralsWinAndGiveWayWhereTheyLeadNowhere) {
  add("GET", "/v1/{domain}");
  add("GET", "/v1/search");
  add("GET", "/v1/search/recent");
  add("GET", "/v1/{domain}/{product}");
  EXPECT_EQ(route("/v1/search"), "/v1/search");
  EXPECT_EQ(route("/v1/other"), "/v1/{domain}");
  EXPECT_EQ(route("/v1/search/recent"), "/v1/search/recent");
  EXPECT_EQ(route("/v1/search/flights"), "/v1/{domain}/{product}");
  EXPECT_EQ(body(send("GET", "/v1/search/flights"))["domain"].text_or(""), "search");
}

TEST_F(RouterTest, AVerbEndsItsPath) {
  add("GET", "/v1/runs/{run}");
  add("POST", "/v1/runs/{run}:cancel");
  add("GET", "/v1/audit:verify");
  EXPECT_EQ(body(send("POST", "/v1/runs/r%2F1:cancel"))["run"].text_or(""), "r/1");
  EXPECT_EQ(body(send("POST", "/v1/runs/a:b:cancel"))["run"].text_or(""), "a:b");
  EXPECT_EQ(body(send("GET", "/v1/runs/a:other"))["run"].text_or(""), "a:other");
  EXPECT_EQ(send("GET", "/v1/runs/r:cancel").status, 405);
  EXPECT_EQ(send("GET", "/v1/audit:verify").status, 200);
  EXPECT_NE(send("POST", "/v1/runs/:cancel").status, 200) << "a name is never empty";
}

TEST_F(RouterTest, EachAccessLevelLetsInWhomItNames) {
  add("GET", "/anyone", Access::anyone);
  add("GET", "/signed_in", Access::signed_in);
  add("GET", "/administrator", Access::administrator);
  EXPECT_EQ(send("GET", "/anyone").status, 200);
  EXPECT_EQ(send("GET", "/signed_in").status, 401);
  EXPECT_EQ(send("GET", "/administrator").status, 401);
  EXPECT_TRUE(send("GET", "/administrator").headers.get("www-authenticate"));
  EXPECT_EQ(send("GET", "/signed_in", "ada").status, 200);
  EXPECT_EQ(send("GET", "/administrator", "ada").status, 403);
  EXPECT_EQ(send("GET", "/administrator", "root").status, 200);
  EXPECT_EQ(send("GET", "/anyone", "wrong").status, 401) << "wrong credentials are never taken for none";
  EXPECT_EQ(denied_, (std::vector<std::string>{"auth.required", "auth.required", "auth.required",
                                               "access.administrator", "auth.token"}));
}

TEST_F(RouterTest, ARouteThatNamesNoAccessIsTheAdministrators) { EXPECT_EQ(Route{}.access, Access::administrator); }

TEST_F(RouterTest, APrincipalThatIsSetIsNotAskedForAgain) {
  add("GET", "/administrator", Access::administrator);
  Router router(*app_, names_);
  Request request;
  request.method = "GET";
  request.path = "/administrator";
  request.principal.is_anonymous = false;
  request.principal.is_administrator = true;
  EXPECT_EQ(router.handle(request).status, 200);
  EXPECT_EQ(names_.asked, 0);
}

TEST_F(RouterTest, AnUnknownQueryParameterIsRefusedWithTheNearestOne) {
  add("GET", "/v1/things", Access::anyone, {"limit", "cursor"});
  query_ = "limit=1";
  EXPECT_EQ(send("GET", "/v1/things").status, 200);
  query_ = "limt=1";
  const Response response = send("GET", "/v1/things");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(code(response), "request.unknown_parameter");
  EXPECT_NE(body(response)["detail"].text_or("").find("did you mean limit?"), std::string::npos);
}

TEST_F(RouterTest, ARepeatedOrMalformedQueryParameterIsRefused) {
  add("GET", "/v1/things", Access::anyone, {"limit", "cursor"});
  for (const char* repeated : {"limit=1&limit=1", "limit=1&%6cimit=2"}) {
    query_ = repeated;
    EXPECT_EQ(code(send("GET", "/v1/things")), "request.repeated_parameter") << repeated;
  }
  query_ = "limit=%zz";
  EXPECT_EQ(code(send("GET", "/v1/things")), "request.malformed");
}

TEST_F(RouterTest, ADoorAnswersInItsOwnWordsAndReadsOverWhatItDoesNotKnow) {
  add("GET", "/other/things/{thing}", Access::anyone);
  app_->door({.prefix = "/other",
              .problem = [](const Error& error, const Request&) { return Response::text("other: " + error.code); },
              .route_path =
                  [](std::string_view path) {
                    const std::string_view alias = "/other/alias";
                    return path.starts_with(alias) ? "/other" + std::string(path.substr(alias.size()))
                                                   : std::string(path);
                  }});
  query_ = "unknown=1&unknown=2";
  EXPECT_EQ(body(send("GET", "/other/things/a"))["thing"].text_or(""), "a");
  EXPECT_EQ(body(send("GET", "/other/alias/things/b"))["thing"].text_or(""), "b");
  EXPECT_EQ(std::get<std::string>(send("GET", "/other/nothing").body), "other: request.no_route");
  EXPECT_EQ(code(send("GET", "/others")), "request.no_route");
}

TEST_F(RouterTest, WhatAHandlerThrowsOrFailsWithIsAProblem) {
  app_->route(
      {.method = "GET", .path = "/throws", .access = Access::anyone, .summary = "x", .handler = [](Request&) -> Answer {
         throw std::runtime_error("secret detail");
       }});
  app_->route(
      {.method = "GET", .path = "/fails", .access = Access::anyone, .summary = "x", .handler = [](Request&) -> Answer {
         return fail(ErrorKind::conflict, "thing.moved", "it moved");
       }});
  const Response thrown = send("GET", "/throws");
  EXPECT_EQ(thrown.status, 500);
  EXPECT_EQ(std::get<std::string>(thrown.body).find("secret"), std::string::npos);
  const Response failed = send("GET", "/fails");
  EXPECT_EQ(failed.status, 409);
  EXPECT_EQ(code(failed), "thing.moved");
  EXPECT_EQ(body(failed)["request_id"].text_or(""), "req_1");
}

TEST_F(RouterTest, LanesAndTemplatesAreThoseOfTheRoute) {
  add("GET", "/v1/{domain}/{product}");
  Router router(*app_, names_);
  EXPECT_EQ(router.lane("GET", "/v1/a/b"), Lane::heavy);
  EXPECT_EQ(router.template_of("GET", "/v1/a/b"), "/v1/{domain}/{product}");
  EXPECT_EQ(router.template_of("PUT", "/v1/a/b"), "");
  EXPECT_EQ(router.lane("GET", "/nothing"), Lane::instant);
}

TEST_F(RouterTest, TheOpenApiDocumentHasEveryRoute) {
  add("GET", "/v1/products/{domain}/{product}", Access::signed_in, {"limit"});
  add("POST", "/v1/runs/{run}:cancel");
  const json::Value document = *json::parse(Router(*app_, names_).openapi());
  EXPECT_EQ(document["openapi"].text_or(""), "3.1.0");
  const json::Value& operation = document["paths"]["/v1/products/{domain}/{product}"]["get"];
  const json::Array& parameters = operation["parameters"].array();
  ASSERT_EQ(parameters.size(), 3U);
  EXPECT_EQ(parameters[0]["name"].text_or(""), "domain");
  EXPECT_EQ(parameters[0]["in"].text_or(""), "path");
  EXPECT_TRUE(parameters[0]["required"].boolean_or(false));
  EXPECT_EQ(parameters[2]["name"].text_or(""), "limit");
  EXPECT_EQ(parameters[2]["in"].text_or(""), "query");
  EXPECT_TRUE(operation["responses"]["200"].is_object());
  EXPECT_EQ(operation["responses"]["default"]["$ref"].text_or(""), "#/components/responses/Problem");
  EXPECT_TRUE(document["components"]["responses"]["Problem"].is_object());
  EXPECT_TRUE(operation["security"].is_null()) << "the document's own security holds";
  EXPECT_TRUE(document["paths"]["/v1/runs/{run}:cancel"]["post"]["security"].array().empty());
  EXPECT_FALSE(document["security"].array().empty());
}

TEST_F(RouterTest, ABodyIsWhatItsSchemaSays) {
  app_->route({.method = "POST",
               .path = "/v1/things",
               .access = Access::anyone,
               .summary = "Test",
               .handler = [](Request& request) -> Answer { return Response::json(TRY(request.json()), 201); },
               .request_schema = R"({"type":"object","required":["name"],"additionalProperties":false,
                                     "properties":{"name":{"type":"string"},"count":{"type":"integer"}}})",
               .status = 201});
  Router router(*app_, names_);
  const auto send_body = [&](std::string_view text) {
    TextSource sent(text);
    Request request;
    request.method = "POST";
    request.path = "/v1/things";
    request.body = &sent;
    return router.handle(request);
  };
  EXPECT_EQ(send_body(R"({"name":"a"})").status, 201);
  for (const char* wrong :
       {R"({})", R"({"name":{}})", R"({"name":"a","count":"1"})", R"({"name":"a","cuont":1})", "[]"}) {
    const Response response = send_body(wrong);
    EXPECT_EQ(response.status, 400) << wrong;
    EXPECT_EQ(code(response), "request.body") << wrong;
    EXPECT_EQ(body(response)["problems"].array().size(), 1U) << wrong;
  }
  EXPECT_EQ(body(send_body(R"({"name":1})"))["problems"].array()[0]["pointer"].text_or("none"), "/name");
  const json::Value document = *json::parse(router.openapi());
  EXPECT_TRUE(document["paths"]["/v1/things"]["post"]["responses"]["201"].is_object());
}

using RouterDeathTest = RouterTest;

TEST_F(RouterDeathTest, TwoRoutesOfOneMethodAndPathAreABug) {
  add("GET", "/v1/{a}");
  add("GET", "/v1/{b}");
  EXPECT_DEATH(Router(*app_, names_), "method");
}

}  // namespace
}  // namespace weft
