#include "platform/net/http_server.h"

#include <gtest/gtest.h>

#include "platform/net/raw_client.h"

// What goes over the wire: framing, order, lanes, both bodies.
namespace weft::net {
namespace {

using std::chrono::milliseconds;

Result<std::string> all_of(HttpRequest& request) {
  std::string all, piece(1 << 20, '\0');
  while (request.body != nullptr) {
    const std::size_t size = TRY(request.body->read(piece.data(), piece.size()));
    if (size == 0) break;
    all.append(piece, 0, size);
  }
  return all;
}

// The path says the lane, and what to do.
class HttpServerTest : public ::testing::Test {
 protected:
  void open(ServerOptions options = {}) {
    options.io_threads = 2;
    ServerHandler handler;
    handler.lane = [](std::string_view, std::string_view target) {
      if (target.starts_with("/heavy")) return WorkLane::heavy;
      return target.starts_with("/control") ? WorkLane::control : WorkLane::instant;
    };
    handler.handle = [this](HttpRequest& request, HttpReply& reply) { handle(request, reply); };
    handler.refusal = [](int status, std::string_view code, std::string_view message) {
      return format("{} {}: {}", status, code, message);
    };
    auto opened = HttpServer::open(options, std::move(handler), metrics_);
    ASSERT_TRUE(opened) << opened.error().message;
    server_ = std::move(*opened);
  }
  void TearDown() override { server_.reset(); }
  RawClient connect() { return RawClient(server_->port()); }

  virtual void handle(HttpRequest& request, HttpReply& reply) {
    if (request.target.ends_with("/echo")) return echo(request, reply);
    if (request.target.ends_with("/unread")) return (void)reply.send(200, {}, "unread");
    if (request.target.ends_with("/headers")) {
      std::string all;
      for (const auto& [name, value] : request.headers) all += name + "=" + value + ";";
      return (void)reply.send(200, {{"X-Odd", "a\r\nSet-Cookie: b"}}, all);
    }
    if (request.target.ends_with("/empty")) return (void)reply.send(204, {}, "");
    if (request.target.ends_with("/pieces")) {
      (void)reply.start(200, {}, std::nullopt);
      for (const char* piece : {"one ", "", "two ", "three"}) (void)reply.write(piece);
      return (void)reply.finish();
    }
    if (request.target.ends_with("/short")) {
      (void)reply.start(200, {}, 10);
      (void)reply.write("1234");
      return (void)reply.finish();
    }
    if (request.target.ends_with("/aborted")) {
      (void)reply.start(200, {}, std::nullopt);
      return (void)reply.write("half");
    }
    (void)reply.send(200, {}, request.method + " " + request.target);
  }
  void echo(HttpRequest& request, HttpReply& reply) {
    const auto text = all_of(request);
    if (!text) return (void)reply.send(400, {}, text.error().code);
    (void)reply.send(200, {}, *text);
  }

  metrics::Registry metrics_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersOneRequestAfterAnotherOnOneConnection) {
  open();
  RawClient client = connect();
  for (const char* target : {"/a", "/control/b", "/heavy/c", "/d?x=%20"}) {
    ASSERT_TRUE(client.send(get_of(target)));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, std::string("GET ") + target);
    EXPECT_FALSE(answer.header("Date").empty());
    EXPECT_EQ(answer.header("Connection"), "");
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsOfAllLanesInTheirOrder) {
  open();
  RawClient client = connect();
  std::string all;
  constexpr int kRounds = 200;
  for (int i = 0; i < kRounds; ++i) {
    all += get_of(format("/{}", i)) + post_of("/control/echo", format("c{}", i)) + get_of(format("/heavy/{}", i)) +
           post_of("/heavy/echo", format("h{}", i));
  }
  std::jthread sender([&] { EXPECT_TRUE(client.send(all)); });
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_EQ(client.answer().body, format("GET /{}", i));
    ASSERT_EQ(client.answer().body, format("c{}", i));
    ASSERT_EQ(client.answer().body, format("GET /heavy/{}", i));
    ASSERT_EQ(client.answer().body, format("h{}", i));
  }
}

TEST_F(HttpServerTest, HeadHasTheHeadersOfGetAndNoBody) {
  open();
  RawClient client = connect();
  for (const char* target : {"/x", "/control/x", "/control/pieces"}) {
    ASSERT_TRUE(client.send(format("HEAD {} HTTP/1.1\r\nHost: t\r\n\r\n", target) + get_of("/after")));
    const RawAnswer head = client.answer("HEAD");
    EXPECT_EQ(head.status, 200);
    if (!std::string_view(target).ends_with("pieces")) {
      EXPECT_EQ(head.header("Content-Length"), std::to_string(std::strlen(target) + 5));
    }
    EXPECT_EQ(client.answer().body, "GET /after");
  }
}

TEST_F(HttpServerTest, AnOldClientsConnectionClosesUnlessItAsks) {
  open();
  for (const char* target : {"/x", "/control/x"}) {
    RawClient closing = connect();
    ASSERT_TRUE(closing.send(format("GET {} HTTP/1.0\r\n\r\n", target)));
    EXPECT_EQ(closing.answer().header("Connection"), "close");
    EXPECT_TRUE(closing.is_closed());
    RawClient keeping = connect();
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(keeping.send(format("GET {} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", target)));
      EXPECT_EQ(keeping.answer().header("Connection"), "keep-alive");
    }
  }
  RawClient streamed = connect();
  ASSERT_TRUE(streamed.send("GET /control/pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  const RawAnswer answer = streamed.answer();
  EXPECT_EQ(answer.header("Transfer-Encoding"), "");
  EXPECT_EQ(answer.body, "one two three");
  EXPECT_TRUE(answer.is_whole);
}

TEST_F(HttpServerTest, ClosesWhenTheClientAsksForIt) {
  open();
  for (const char* target : {"/x", "/control/x"}) {
    RawClient client = connect();
    ASSERT_TRUE(client.send(get_of(target, "Connection: close\r\n") + get_of("/never")));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_EQ(client.rest(), "");
  }
}

TEST_F(HttpServerTest, AnswersAClientThatSaysNothingMore) {
  open();
  for (const char* target : {"/x", "/control/x"}) {
    RawClient client = connect();
    ASSERT_TRUE(client.send(get_of(target)));
    client.shut_down_writing();
    EXPECT_EQ(client.answer().status, 200);
    EXPECT_TRUE(client.is_closed());
  }
}

TEST_F(HttpServerTest, HandsOverThePathOfAnAbsoluteTarget) {
  open();
  RawClient client = connect();
  ASSERT_TRUE(client.send(get_of("http://t:80/a?b") + get_of("https://t") + get_of("http://t?q")));
  EXPECT_EQ(client.answer().body, "GET /a?b");
  EXPECT_EQ(client.answer().body, "GET /");
  EXPECT_EQ(client.answer().body, "GET /?q");
}

TEST_F(HttpServerTest, PassesOverEmptyLinesBeforeARequest) {
  open();
  RawClient client = connect();
  ASSERT_TRUE(client.send("\r\n\r\n" + get_of("/a") + "\r\n" + get_of("/b")));
  EXPECT_EQ(client.answer().body, "GET /a");
  EXPECT_EQ(client.answer().body, "GET /b");
}

TEST_F(HttpServerTest, TakesARequestByteByByte) {
  open();
  RawClient client = connect();
  for (const char c : post_of("/control/echo", "slow")) ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  EXPECT_EQ(client.answer().body, "slow");
}

TEST_F(HttpServerTest, ReadsAChunkedBodyWithExtensionsAndTrailers) {
  open();
  RawClient client = connect();
  ASSERT_TRUE(
      client.send("POST /control/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5;a=b;c=\"d\"\r\nhello\r\n00001\r\n,\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n" +
                  get_of("/after")));
  EXPECT_EQ(client.answer().body, "hello,0123456789");
  EXPECT_EQ(client.answer().body, "GET /after");
}

TEST_F(HttpServerTest, StreamsBodiesLargerThanItsBuffersBothWays) {
  open();
  const std::string body(48 << 20, 'x');
  RawClient client = connect();
  std::jthread sender([&] { EXPECT_TRUE(client.send(post_of("/heavy/echo", body))); });
  const RawAnswer answer = client.answer();
  EXPECT_TRUE(answer.is_whole);
  EXPECT_TRUE(answer.body == body);
}

TEST_F(HttpServerTest, SendsPiecesAsChunks) {
  open();
  for (const char* target : {"/pieces", "/control/pieces"}) {
    RawClient client = connect();
    ASSERT_TRUE(client.send(get_of(target) + get_of("/after")));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.header("Transfer-Encoding"), "chunked");
    EXPECT_EQ(answer.header("Content-Length"), "");
    EXPECT_EQ(answer.body, "one two three");
    EXPECT_TRUE(answer.is_whole);
    EXPECT_EQ(client.answer().body, "GET /after");
  }
}

TEST_F(HttpServerTest, AnAnswerWithoutABodyHasNoLength) {
  open();
  RawClient client = connect();
  for (const char* target : {"/empty", "/control/empty"}) {
    ASSERT_TRUE(client.send(get_of(target)));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.header("Content-Length") + answer.header("Transfer-Encoding"), "");
  }
}

TEST_F(HttpServerTest, ALineBreakInAHeadersValueStartsNoOtherHeader) {
  open();
  RawClient client = connect();
  for (const char* target : {"/headers", "/control/headers"}) {
    ASSERT_TRUE(client.send(get_of(target, "B: 1\r\na:  2 \r\nC:\r\n")));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.body, "Host=t;B=1;a=2;C=;");
    EXPECT_EQ(answer.header("Set-Cookie"), "");
    EXPECT_EQ(answer.header("X-Odd"), "a  Set-Cookie: b");
  }
}

TEST_F(HttpServerTest, AnAnswerThatIsNotFinishedIsAborted) {
  open();
  for (const char* target : {"/control/aborted", "/control/short", "/heavy/aborted", "/aborted"}) {
    RawClient client = connect();
    ASSERT_TRUE(client.send(get_of(target)));
    EXPECT_FALSE(client.answer().is_whole) << target;
  }
}

}  // namespace
}  // namespace weft::net
