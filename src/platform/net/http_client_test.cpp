#include "platform/net/http_client.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "platform/net/test_server.h"

// The client against the real server, and against one that plays back what a broken one would say.
namespace weft::net {
namespace {

using std::chrono::milliseconds;

class Text final : public ByteSink {
 public:
  Result<> write(std::string_view bytes) override {
    all += bytes;
    return {};
  }
  std::string all;
};

class Pieces final : public ByteSource {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Result<std::size_t> read(char* out, std::size_t size) override {
    if (next_ == pieces_.size()) return std::size_t{0};
    const std::string& piece = pieces_[next_++];
    if (piece == "!") return fail(ErrorKind::unavailable, "test.source", "the source broke");
    EXPECT_LE(piece.size(), size);
    return piece.copy(out, size);
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
};

// For each connection in turn the answers that it gives, one a request header; then it closes. "-" waits for the end.
class Playback {
 public:
  explicit Playback(std::vector<std::vector<std::string>> connections) : connections_(std::move(connections)) {
    fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(fd_.get(), 8) == 0);
    CHECK(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }
  int port() const { return port_; }
  // Ends the playing.
  std::string requests() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return requests_;
  }

 private:
  bool waits_for(int fd, const std::stop_token& stop) {
    pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
    while (!stop.stop_requested()) {
      if (::poll(&one, 1, 20) > 0) return true;
    }
    return false;
  }
  void run(std::stop_token stop) {
    for (const auto& answers : connections_) {
      if (!waits_for(fd_.get(), stop)) return;
      const Fd client(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      std::string seen;
      for (const std::string& answer : answers) {
        while (seen.find("\r\n\r\n") == std::string::npos) {
          char bytes[4096];
          if (!waits_for(client.get(), stop)) return;
          const ssize_t size = ::recv(client.get(), bytes, sizeof bytes, 0);
          if (size <= 0) break;
          seen.append(bytes, static_cast<std::size_t>(size));
        }
        requests_ += seen + "|";
        seen.clear();
        if (answer == "-") {
          (void)waits_for(client.get(), stop);
        } else {
          (void)::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        }
      }
    }
  }

  std::vector<std::vector<std::string>> connections_;
  Fd fd_;
  int port_ = 0;
  std::string requests_;  // Of the thread until it is joined.
  std::jthread thread_;
};

std::unique_ptr<HttpClient> client_of(int port, HttpClient::Options options = {}, std::string_view prefix = "") {
  auto opened = HttpClient::open(format("http://127.0.0.1:{}{}", port, prefix), std::move(options));
  CHECK(opened.has_value());
  return std::move(*opened);
}

std::string code_of(const Result<ClientResponse>& answer) { return answer ? "" : answer.error().code; }

std::string told(std::vector<std::string> answers, HttpClient::Options options = {}) {
  Playback server({std::move(answers)});
  return code_of(client_of(server.port(), std::move(options))->send({}, nullptr, {}));
}

TEST(HttpClient, KeepsItsConnectionBetweenRequests) {
  const TestServer server(
      {}, [](HttpRequest& request, HttpReply& reply) { (void)reply.send(200, {{"X-Who", request.remote}}, "ok"); });
  const auto client = client_of(server.server->port());
  std::set<std::string> seen;
  for (const char* target : {"/", "/control", "/heavy"}) {
    const auto answer = client->send({.target = target}, nullptr, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "ok");
    for (const auto& [name, value] : answer->headers) {
      if (name == "X-Who") seen.insert(value);
    }
  }
  EXPECT_EQ(seen.size(), 1U);
}

TEST(HttpClient, SendsBodiesOfKnownAndUnknownLength) {
  const TestServer server({}, [](HttpRequest& request, HttpReply& reply) {
    const auto body = body_of(request);
    (void)reply.send(200, {}, format("{} {}", request.body_size.value_or(0), body.value_or("")));
  });
  const auto client = client_of(server.server->port());
  Pieces known({"one", "two"}), unknown({"three", "four"});
  EXPECT_EQ(client->send({"POST", "/control", {}, &known, 6}, nullptr, {})->body, "6 onetwo");
  EXPECT_EQ(client->send({"PUT", "/heavy", {}, &unknown, {}}, nullptr, {})->body, "0 threefour");
  EXPECT_EQ(client->send({"POST", "/control", {}, nullptr, {}}, nullptr, {})->body, "0 ");
}

TEST(HttpClient, ASinkTakesWhatWasAskedForAndProblemsStayInTheBody) {
  const TestServer server({}, [](HttpRequest& request, HttpReply& reply) {
    (void)reply.start(request.target == "/no" ? 404 : 200, {}, std::nullopt);
    (void)reply.write("some ");
    (void)reply.write("text");
    (void)reply.finish();
  });
  const auto client = client_of(server.server->port());
  Text sink;
  const auto fine = client->send({.target = "/control"}, &sink, {});
  EXPECT_EQ(fine->body, "");
  EXPECT_EQ(sink.all, "some text");
  const auto problem = client->send({.target = "/no"}, &sink, {});
  EXPECT_EQ(problem->status, 404);
  EXPECT_EQ(problem->body, "some text");
  EXPECT_EQ(sink.all, "some text");
}

TEST(HttpClient, PutsItsPrefixBeforeTargetsAndItsPortInHost) {
  const TestServer server({}, [](HttpRequest& request, HttpReply& reply) {
    (void)reply.send(200, {}, request.target + " " + request.headers.at(0).second);
  });
  const int port = server.server->port();
  EXPECT_EQ(client_of(port, {}, "/weft/")->send({.target = "/v1"}, nullptr, {})->body,
            format("/weft/v1 127.0.0.1:{}", port));
}

TEST(HttpClient, RefusesWhatIsNoUrlOfAServer) {
  for (const char* url : {"", "host", "ftp://host", "http://", "http:///x", "http://user:secret@host", "http://host:0",
                          "http://host:65536", "http://host:x", "http://[::1", "http://[::1]x", "http://host/a?b",
                          "http://host/a b", "file:///etc/passwd", "HTTP//host"}) {
    const auto opened = HttpClient::open(url, {});
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().code, "http.url") << url;
  }
}

TEST(HttpClient, SaysThatNobodyListens) {
  int port = 0;
  {
    const TestServer server;
    port = server.server->port();
  }
  const auto answer = client_of(port)->send({}, nullptr, {});
  EXPECT_EQ(code_of(answer), "http.connect");
  EXPECT_NE(answer.error().message.find(std::to_string(port)), std::string::npos);
}

TEST(HttpClient, TakesNoPartForTheWhole) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(told({ok + "Content-Length: 10\r\n\r\n1234"}), "http.truncated");
  EXPECT_EQ(told({ok + "Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n"}), "http.truncated");
  EXPECT_EQ(told({ok + "Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n0\r\n"}), "http.truncated");
  EXPECT_EQ(told({ok + "Transfer-Encoding: chunked\r\n\r\nff\r\n1234"}), "http.truncated");
  EXPECT_EQ(told({ok + "Content-Le"}), "http.truncated");
  EXPECT_EQ(told({""}), "http.truncated");
  EXPECT_EQ(told({ok + "\r\nends with its connection"}), "");
}

TEST(HttpClient, SeesThatTheServersHandlerGaveUp) {
  const TestServer server({}, [](HttpRequest&, HttpReply& reply) {
    (void)reply.start(200, {}, std::nullopt);
    (void)reply.write("half");
  });
  const auto client = client_of(server.server->port());
  for (const char* target : {"/", "/control", "/heavy"}) {
    Text sink;
    EXPECT_EQ(code_of(client->send({.target = target}, &sink, {})), "http.truncated");
  }
}

TEST(HttpClient, RefusesAnAnswerThatIsMalformedOrEndless) {
  EXPECT_EQ(told({"SSH-2.0-OpenSSH_9.2\r\n"}), "http.malformed");
  EXPECT_EQ(told({"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"}), "http.malformed");
  EXPECT_EQ(told({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}), "http.malformed");
  EXPECT_EQ(told({"HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'a') + "\r\n\r\n"}), "http.malformed");
  EXPECT_EQ(told({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'a')}, {.text_bytes_max = 99}),
            "http.too_large");
}

TEST(HttpClient, PassesOverInterimAnswers) {
  Playback server(
      {{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
        "Content-Length: 2\r\n\r\nok"}});
  EXPECT_EQ(client_of(server.port())->send({}, nullptr, {})->body, "ok");
}

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(HttpClient, ConnectsOnceMoreWhenItsKeptConnectionWasClosed) {
  Playback server({{kOk}, {kOk}, {}, {kOk}});
  const auto client = client_of(server.port());
  EXPECT_EQ(client->send({}, nullptr, {})->body, "ok");
  EXPECT_EQ(client->send({}, nullptr, {})->body, "ok");
  // Once only: the third connection is closed without a word.
  EXPECT_EQ(code_of(client->send({}, nullptr, {})), "http.truncated");
  EXPECT_EQ(client->send({}, nullptr, {})->body, "ok");
}

TEST(HttpClient, SendsNothingTwiceThatMayHaveBeenTaken) {
  Playback with_body({{kOk}, {kOk}});
  auto client = client_of(with_body.port());
  EXPECT_EQ(client->send({}, nullptr, {})->body, "ok");
  Pieces body({"x"});
  EXPECT_EQ(code_of(client->send({"POST", "/", {}, &body, 1}, nullptr, {})), "http.truncated");
  EXPECT_EQ(with_body.requests().find("POST"), std::string::npos);

  Playback begun({{kOk, "HTTP/1.1 2"}, {kOk}});
  client = client_of(begun.port());
  EXPECT_EQ(client->send({}, nullptr, {})->body, "ok");
  EXPECT_EQ(code_of(client->send({}, nullptr, {})), "http.truncated");
}

TEST(HttpClient, AServersEarlyNoIsHeardWhileTheBodyIsSent) {
  const TestServer server({.body_bytes_max = 1000});
  Pieces body(std::vector<std::string>(200, std::string(60'000, 'x')));
  const auto client = client_of(server.server->port());
  const auto answer = client->send({"POST", "/control", {}, &body, 12'000'000}, nullptr, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 413);
  EXPECT_EQ(client->send({}, nullptr, {})->status, 200);
}

TEST(HttpClient, ABrokenSourceBreaksTheRequestOnBothSides) {
  std::promise<std::string> seen;
  const TestServer server({}, [&](HttpRequest& request, HttpReply& reply) {
    const auto body = body_of(request);
    seen.set_value(body ? "" : body.error().code);
    (void)reply.send(400, {}, "");
  });
  Pieces body({"one", "!"});
  const auto client = client_of(server.server->port());
  EXPECT_EQ(code_of(client->send({"POST", "/control", {}, &body, {}}, nullptr, {})), "test.source");
  EXPECT_EQ(seen.get_future().get(), "request.truncated");
}

TEST(HttpClient, ASinkThatIsFullEndsTheRequest) {
  class Full final : public ByteSink {
   public:
    Result<> write(std::string_view) override { return fail(ErrorKind::limit, "test.full", "full"); }
  };
  const TestServer server({}, [](HttpRequest&, HttpReply& reply) { (void)reply.send(200, {}, "text"); });
  const auto client = client_of(server.server->port());
  Full sink;
  EXPECT_EQ(code_of(client->send({}, &sink, {})), "test.full");
  EXPECT_EQ(client->send({}, nullptr, {})->body, "text");
}

TEST(HttpClient, IsCancelledWhileItWaits) {
  Playback server({{"-"}});
  std::stop_source stop;
  const auto client = client_of(server.port());
  auto answer = std::async(std::launch::async, [&] { return code_of(client->send({}, nullptr, stop.get_token())); });
  stop.request_stop();
  EXPECT_EQ(answer.get(), "http.cancelled");
}

TEST(HttpClient, GivesUpAServerThatSaysNothing) {
  EXPECT_EQ(told({"-"}, {.stall_timeout = milliseconds(100)}), "http.stalled");
}

TEST(HttpClient, RefusesHeadersThatHoldLineBreaks) {
  const TestServer server;
  const auto client = client_of(server.server->port());
  for (const auto& [name, value] : HeaderList{{"A", "b\r\nC: d"}, {"A", "b\nC: d"}, {"A\r\nB", "c"}, {"A:", "b"}}) {
    EXPECT_EQ(code_of(client->send({"GET", "/", {{name, value}}, nullptr, {}}, nullptr, {})), "http.header") << name;
  }
}

TEST(HttpClient, ReadsNoBodyWhereThereIsNone) {
  const TestServer server({}, [](HttpRequest& request, HttpReply& reply) {
    (void)reply.send(request.target == "/none" ? 204 : 200, {}, "text");
  });
  const auto client = client_of(server.server->port());
  EXPECT_EQ(client->send({.method = "HEAD"}, nullptr, {})->body, "");
  EXPECT_EQ(client->send({.target = "/none"}, nullptr, {})->status, 204);
  EXPECT_EQ(client->send({}, nullptr, {})->body, "text");
}

}  // namespace
}  // namespace weft::net
