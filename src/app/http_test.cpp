#include "app/http.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "app/command.h"
#include "app/problem.h"
#include "base/json.h"
#include "base/text.h"

namespace weft {
namespace {

// Gives its text a few bytes at a time.
class Pieces final : public ByteSource {
 public:
  explicit Pieces(std::string text, std::size_t piece = 3) : text_(std::move(text)), piece_(piece) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    const std::size_t taken = text_.copy(out, std::min(size, piece_), at_);
    at_ += taken;
    return taken;
  }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

std::string json_code(std::string text, std::optional<std::string> type = "application/json",
                      std::optional<std::uint64_t> size = std::nullopt) {
  Pieces body(std::move(text));
  Request request;
  request.body = &body;
  request.body_size = size;
  if (type) request.headers.add("content-type", *type);
  const auto value = request.json(100);
  return value ? "fine: " + json::write(*value) : value.error().code;
}

TEST(Headers, NamesCompareWithoutCaseAndTheFirstCounts) {
  Headers headers;
  headers.add("X-A", "1");
  headers.add("x-a", "2");
  EXPECT_EQ(headers.get("X-a"), "1");
  headers.set("x-A", "3");
  EXPECT_EQ(headers.get("x-a"), "3");
  EXPECT_EQ(headers.items().size(), 2U);
  EXPECT_EQ(headers.get("x-b"), std::nullopt);
}

TEST(Request, ABodyIsReadUpToItsLimit) {
  for (const bool is_told : {true, false}) {
    Request request;
    Pieces fits(std::string(10, 'a')), over(std::string(11, 'a'));
    request.body = &fits;
    if (is_told) request.body_size = 10;
    EXPECT_EQ(request.text(10)->size(), 10U);
    request.body = &over;
    if (is_told) request.body_size = 11;
    EXPECT_EQ(request.text(10).error().code, "request.too_large");
  }
  EXPECT_EQ(*Request().text(), "");
}

TEST(Request, ABodyThatStopsHalfWayIsNotTakenForWhole) {
  EXPECT_EQ(json_code("{}", "application/json", 2), "fine: {}");
  EXPECT_EQ(json_code("{}", "application/json", 3), "request.truncated");
}

TEST(Request, ASenderThatLiesAboutItsSizeIsStillHeldToTheLimit) {
  EXPECT_EQ(json_code(std::string(101, ' '), "application/json", 5), "request.too_large");
}

TEST(Request, AJsonBodyIsJsonAndSaysSo) {
  EXPECT_EQ(json_code("{\"a\":1}"), "fine: {\"a\":1}");
  EXPECT_EQ(json_code("{}", std::nullopt), "fine: {}");
  EXPECT_EQ(json_code("{}", "Application/JSON; charset=utf-8"), "fine: {}");
  EXPECT_EQ(json_code("{}", "application/merge-patch+json"), "fine: {}");
  EXPECT_EQ(json_code("{}", "text/plain"), "request.media_type");
  EXPECT_EQ(json_code(""), "request.no_body");
  EXPECT_EQ(json_code("{"), "json.malformed");
  EXPECT_EQ(json_code("{\"a\":1,\"a\":2}"), "json.duplicate_key");
  EXPECT_EQ(json_code("\"\xff\""), "json.invalid_utf8");
  EXPECT_EQ(json_code("NaN"), "json.malformed");
  EXPECT_EQ(json_code(std::string(90, '[')), "json.too_deep");
  EXPECT_EQ(json_code(std::string(101, ' ')), "request.too_large");
}

TEST(Query, ParametersAreDecodedOnce) {
  using Query = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(*parse_query(""), Query{});
  EXPECT_EQ(*parse_query("a=1&b=x%20y+z&c=&d"), (Query{{"a", "1"}, {"b", "x y z"}, {"c", ""}, {"d", ""}}));
  EXPECT_EQ(*parse_query("a=b=c&x=%26%3D%2B%25"), (Query{{"a", "b=c"}, {"x", "&=+%"}}));
  EXPECT_EQ(*parse_query("a=%2525"), (Query{{"a", "%25"}}));
}

TEST(Query, AMalformedParameterIsRefused) {
  for (const char* bad : {"a=%", "a=%zz", "%=1", "a=%ff", "a=%c3"})
    EXPECT_EQ(parse_query(bad).error().code, "request.malformed") << bad;
}

RC_GTEST_PROP(Query, AnyBytesAreAnsweredWithoutAFall, (const std::string& bytes)) {
  const auto query = parse_query(bytes);
  if (!query) return;
  for (const auto& [key, value] : *query) RC_ASSERT(text::is_valid_utf8(key) && text::is_valid_utf8(value));
}

Result<Page> page(std::map<std::string, std::string> query) {
  Request request;
  request.query = std::move(query);
  return page_of(request);
}

TEST(Pages, AreBoundedAndBeginWhereTheLastOneEnded) {
  EXPECT_EQ(page({})->limit, 100);
  EXPECT_EQ(page({})->after, "");
  EXPECT_EQ(page({{"limit", "1"}})->limit, 1);
  EXPECT_EQ(page({{"limit", "1000"}})->limit, 1000);
  for (const char* bad : {"0", "1001", "-1", "x", "1.5", "99999999999999999999", " 1"})
    EXPECT_EQ(page({{"limit", bad}}).error().code, "request.limit") << bad;
  for (const char* bad : {"!", "a", "Zg==", "a b"})
    EXPECT_EQ(page({{"cursor", bad}}).error().code, "request.cursor") << bad;
  const json::Value answer = page_answer({1, 2}, "last/key ä");
  EXPECT_EQ(page({{"cursor", std::string(answer["next"].text_or(""))}})->after, "last/key ä");
  EXPECT_TRUE(page_answer({}, std::nullopt)["next"].is_null());
}

TEST(EntityTags, ChangeWithTheTextAndGuardWrites) {
  const std::string tag = entity_tag("one"), other = entity_tag("two");
  EXPECT_NE(tag, other);
  EXPECT_EQ(tag.front(), '"');
  EXPECT_EQ(tag.back(), '"');
  const auto check = [&](std::optional<std::string> wanted) {
    Request request;
    if (wanted) request.headers.add("If-Match", *wanted);
    const auto done = check_if_match(request, tag);
    return done ? std::string("fine") : done.error().code;
  };
  EXPECT_EQ(check(std::nullopt), "fine");
  EXPECT_EQ(check("*"), "fine");
  EXPECT_EQ(check(tag), "fine");
  EXPECT_EQ(check(other + ", " + tag), "fine");
  EXPECT_EQ(check(other), "request.stale");
  EXPECT_EQ(check("W/" + tag), "request.stale") << "RFC 9110 §13.1.1: strong comparison";
  EXPECT_EQ(check(""), "request.stale");
}

TEST(Problems, TellTheErrorAndComeBackAsIt) {
  const ErrorKind kinds[] = {ErrorKind::internal,     ErrorKind::invalid,     ErrorKind::unauthenticated,
                             ErrorKind::denied,       ErrorKind::not_found,   ErrorKind::conflict,
                             ErrorKind::precondition, ErrorKind::refused,     ErrorKind::limit,
                             ErrorKind::unsupported,  ErrorKind::unavailable, ErrorKind::timeout,
                             ErrorKind::cancelled};
  for (const ErrorKind kind : kinds) {
    const Error error{.kind = kind, .code = "test.code", .message = "said ä", .details = {{"limit", 5}}};
    const Response response = problem(error, "req_1");
    EXPECT_EQ(response.status, http_status(kind));
    EXPECT_GE(response.status, 400);
    EXPECT_EQ(response.headers.get("content-type"), "application/problem+json");
    const json::Value document = *json::parse(std::get<std::string>(response.body));
    EXPECT_EQ(document["status"].integer(), response.status);
    EXPECT_EQ(document["type"].text_or(""), "about:blank");
    EXPECT_FALSE(document["title"].text_or("").empty());
    const Error again = error_of(response);
    EXPECT_EQ(again.kind, kind);
    EXPECT_EQ(again.code, "test.code");
    EXPECT_EQ(again.message, "said ä");
    EXPECT_EQ(again.details.find("limit")->integer(), 5);
    EXPECT_TRUE(exit_code(kind) == 1 || exit_code(kind) == 2);
    EXPECT_EQ(sql_state(kind).size(), 5U);
  }
}

TEST(Problems, DetailsNeverReplaceTheMembersOfTheStandard) {
  const Response response = problem({.kind = ErrorKind::denied,
                                     .code = "real.code",
                                     .message = "m",
                                     .details = {{"status", 200}, {"code", "forged"}}},
                                    "");
  const json::Value document = *json::parse(std::get<std::string>(response.body));
  EXPECT_EQ(document["status"].integer(), 403);
  EXPECT_EQ(document["code"].text_or(""), "real.code");
}

TEST(Problems, AMessageWithForeignBytesIsStillJson) {
  const Response response =
      problem({.kind = ErrorKind::invalid, .code = "c", .message = "\xff\xfe", .details = {}}, "");
  EXPECT_TRUE(json::parse(std::get<std::string>(response.body)));
}

TEST(Problems, AnAnswerThatIsNoProblemIsAnErrorAllTheSame) {
  Response response = Response::text("<html>bad gateway</html>");
  response.status = 503;
  EXPECT_EQ(error_of(response).kind, ErrorKind::unavailable);
  EXPECT_EQ(error_of(response).code, "http.status");
  response.status = 418;
  EXPECT_EQ(error_of(response).kind, ErrorKind::internal);
  response.body = std::string("[]");
  EXPECT_EQ(error_of(response).code, "http.status");
}

TEST(Responses, AreJsonTextOrStreams) {
  EXPECT_EQ(std::get<std::string>(Response::json(json::Object{{"a", 1}}, 201).body), "{\"a\":1}\n");
  EXPECT_EQ(Response::json({}, 201).status, 201);
  EXPECT_EQ(Response::text("x").with("X-A", "1").headers.get("x-a"), "1");
}

}  // namespace
}  // namespace weft
