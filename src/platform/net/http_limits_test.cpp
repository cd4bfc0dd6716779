#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "platform/net/test_server.h"

// Every limit with what it says, at the limit and above; and messages that two servers could read in two ways.
namespace weft::net {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

TEST(HttpLimits, AMalformedRequestIsRefusedWithItsStatus) {
  const TestServer server;
  const struct {
    std::string bytes, verdict;
  } cases[] = {
      {"nonsense\r\n\r\n", "400 http.malformed"},
      {"GET /\r\n\r\n", "400 http.malformed"},
      {"GET / HTTP/1.1\r\nHost t\r\n\r\n", "400 http.malformed"},
      {"GET / HTTP/1.1\r\nHost: t\r\n: x\r\n\r\n", "400 http.malformed"},
      {"GET / HTTP/1.1\r\nHost: t\n\n\r\n\r\n", "400 http.malformed"},
      {"GE(T / HTTP/1.1\r\nHost: t\r\n\r\n", "400 http.malformed"},
      {"GET /a\0b HTTP/1.1\r\nHost: t\r\n\r\n"s, "400 http.malformed"},
      {"GET / HTTP/1.1\r\nHost: t\r\nA: \0\r\n\r\n"s, "400 http.malformed"},
      {"GET / HTTP/1.1\r\nHost: t\r\nA: b\rc\r\n\r\n", "400 http.malformed"},
      {"\x16\x03\x01\x02\x01\x01\r\n\r\n", "400 http.malformed"},
      {"GET / HTTP/1.1\r\n\r\n", "400 http.host"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 http.host"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 http.version"},
      {"GET / HTTP/1.1\r\nHost: t\r\nExpect: cake\r\n\r\n", "417 http.expectation"},
  };
  for (const auto& each : cases) EXPECT_EQ(server.verdict(each.bytes), each.verdict) << each.bytes;
}

// RFC 9112 §6.3 and §11.2. The second request must never be seen as one of its own.
TEST(HttpLimits, ARequestWhoseBodyCouldEndInTwoPlacesIsRefused) {
  std::atomic<int> smuggled = 0;
  const TestServer server({}, [&](HttpRequest& request, HttpReply& reply) {
    if (request.target.ends_with("/smuggled")) ++smuggled;
    const auto body = body_of(request);
    (void)reply.send(body ? 200 : 400, {}, body ? "read" : body.error().code);
  });
  const std::string head = "POST /control HTTP/1.1\r\nHost: t\r\n", chunked = "Transfer-Encoding: chunked\r\n",
                    inner = get_of("/smuggled");
  const struct {
    std::string bytes, verdict;
  } cases[] = {
      {head + chunked + "Content-Length: 5\r\n\r\n0\r\n\r\n", "400 http.malformed"},
      {head + "Content-Length: 5\r\n" + chunked + "\r\n0\r\n\r\n", "400 http.malformed"},
      {head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "400 http.malformed"},
      {head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400 http.framing"},
      {head + "Content-Length: +5\r\n\r\nhello", "400 http.malformed"},
      {head + "Content-Length: -5\r\n\r\nhello", "400 http.malformed"},
      {head + "Content-Length: 0x5\r\n\r\nhello", "400 http.malformed"},
      {head + "Content-Length: 5 5\r\n\r\nhello", "400 http.malformed"},
      {head + "Content-Length: \r\n\r\n", "400 http.malformed"},
      {head + "Content-Length: 18446744073709551617\r\n\r\nx", "400 http.malformed"},
      {head + "Content-Length : 5\r\n\r\nhello", "400 http.malformed"},
      {head + chunked + chunked + "\r\n0\r\n\r\n", "400 http.malformed"},
      {head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501 http.transfer_encoding"},
      {head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "501 http.transfer_encoding"},
      {head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501 http.transfer_encoding"},
      {head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400 http.malformed"},
      {"POST /control HTTP/1.0\r\n" + chunked + "\r\n0\r\n\r\n", "400 http.framing"},
      {head + chunked + "\r\nx\r\n\r\n", "400 http.malformed"},
      {head + chunked + "\r\n-1\r\n\r\n", "400 http.malformed"},
      {head + chunked + "\r\n0x1\r\na\r\n0\r\n\r\n", "400 http.malformed"},
      {head + chunked + "\r\n 1\r\na\r\n0\r\n\r\n", "400 http.malformed"},
      {head + chunked + "\r\n11111111111111111\r\na\r\n0\r\n\r\n", "400 http.malformed"},
      {head + chunked + "\r\n1\r\nab\r\n0\r\n\r\n", "400 http.malformed"},
      {head + chunked + "\r\n1\na\r\n0\r\n\r\n", "400 http.malformed"},
      {head + chunked + "\r\n1;a\"\r\na\r\n0\r\n\r\n", "400 http.malformed"},
  };
  for (const auto& each : cases) EXPECT_EQ(server.verdict(each.bytes + inner), each.verdict) << each.bytes;
  EXPECT_EQ(smuggled, 0);
}

TEST(HttpLimits, ARefusedConnectionIsClosedAndItsRestNotRead) {
  const TestServer server;
  RawClient client = server.connect();
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\n\r\n" + get_of("/never")));
  const RawAnswer refusal = client.answer();
  EXPECT_EQ(refusal.status, 400);
  EXPECT_EQ(refusal.header("Connection"), "close");
  EXPECT_EQ(refusal.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(client.rest(), "");
  EXPECT_FALSE(client.was_reset());
}

TEST(HttpLimits, ATargetMayBeAsLongAsTheLimit) {
  const TestServer server({.target_bytes_max = 1000});
  EXPECT_EQ(server.verdict(get_of("/" + std::string(999, 'a'))), "200 ");
  EXPECT_EQ(server.verdict(get_of("/" + std::string(1100, 'a'))), "414 http.target_too_long");
  EXPECT_EQ(server.verdict("GET /" + std::string(5000, 'a')), "414 http.target_too_long");
}

TEST(HttpLimits, AHeaderMayBeAsLargeAsTheLimit) {
  const TestServer server({.header_bytes_max = 4096});
  const std::size_t fixed = std::string("Host: t\r\nA: \r\n\r\n").size();  // The request line has a limit of its own.
  EXPECT_EQ(server.verdict(get_of("/", "A: " + std::string(4096 - fixed, 'a') + "\r\n")), "200 ");
  EXPECT_EQ(server.verdict(get_of("/", "A: " + std::string(4097 - fixed, 'a') + "\r\n")), "431 http.header_too_large");
  EXPECT_EQ(server.verdict("GET / HTTP/1.1\r\nHost: t\r\nA: " + std::string(100'000, 'a')),
            "431 http.header_too_large");
}

TEST(HttpLimits, ThereMayBeAsManyHeadersAsTheLimit) {
  const TestServer server({.headers_max = 10});
  std::string nine;
  for (int i = 0; i < 9; ++i) nine += format("A{}: 1\r\n", i);
  EXPECT_EQ(server.verdict(get_of("/", nine)), "200 ");
  EXPECT_EQ(server.verdict(get_of("/", nine + "B: 1\r\n")), "431 http.too_many_headers");
}

TEST(HttpLimits, ABodyMayBeAsLargeAsTheLimit) {
  const TestServer server({.body_bytes_max = 1000});
  const std::string body(1000, 'b'), head = "POST /control HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(server.verdict(post_of("/control", body)), "200 " + body);
  EXPECT_EQ(server.verdict(post_of("/control", body + "b")), "413 request.too_large");
  EXPECT_EQ(server.verdict(head + "3e8\r\n" + body + "\r\n0\r\n\r\n"), "200 " + body);
  EXPECT_EQ(server.verdict(head + "3e9\r\n" + body + "b\r\n0\r\n\r\n"), "413 request.too_large");
  EXPECT_EQ(server.verdict(head + "3e8\r\n" + body + "\r\n1\r\nb\r\n0\r\n\r\n"), "413 request.too_large");
}

TEST(HttpLimits, AWaitingClientIsToldToSendItsBodyWhenItIsWanted) {
  const TestServer server;
  const std::string head = "POST /control HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n\r\n";
  RawClient client = server.connect();
  ASSERT_TRUE(client.send(head));
  EXPECT_EQ(client.answer().status, 100);
  ASSERT_TRUE(client.send("body" + get_of("/after")));
  EXPECT_EQ(client.answer().body, "body");
  EXPECT_EQ(client.answer().status, 200);

  const TestServer refusing({}, [](HttpRequest&, HttpReply& reply) { (void)reply.send(403, {}, "no"); });
  RawClient refused = refusing.connect();
  ASSERT_TRUE(refused.send(head));
  EXPECT_EQ(refused.answer().status, 403);
  EXPECT_TRUE(refused.is_closed());  // Whether it sends its body now is not known.
}

TEST(HttpLimits, ASmallUnreadBodyKeepsTheConnectionAndALargeOneClosesIt) {
  const TestServer server({}, [](HttpRequest&, HttpReply& reply) { (void)reply.send(200, {}, "unread"); });
  RawClient small = server.connect();
  ASSERT_TRUE(small.send(post_of("/control", std::string(64 << 10, 'x')) + get_of("/control")));
  EXPECT_EQ(small.answer().body, "unread");
  EXPECT_EQ(small.answer().body, "unread");
  RawClient large = server.connect();
  ASSERT_TRUE(large.send(post_of("/control", std::string(512 << 10, 'x')) + get_of("/control")));
  EXPECT_EQ(large.answer().body, "unread");
  EXPECT_EQ(large.rest(), "");
}

// Holds handlers until it is opened.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }
  void wait_for(int waiting) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= waiting; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool is_open_ = false;
};

TEST(HttpLimits, AFullQueueIsSaidAndTheOtherLanesGoOn) {
  Gate gate;
  const TestServer server({.control_threads = 1, .heavy_threads = 2, .control_queue = 1, .heavy_queue = 1},
                          [&](HttpRequest& request, HttpReply& reply) {
                            if (request.target.ends_with("/held")) gate.pass();
                            (void)reply.send(200, {}, request.target);
                          });
  RawClient first = server.connect(), second = server.connect(), queued = server.connect(), refused = server.connect(),
            free = server.connect();
  ASSERT_TRUE(first.send(get_of("/heavy/held")));
  gate.wait_for(1);  // One by one: what no thread has taken yet counts as queued.
  ASSERT_TRUE(second.send(get_of("/heavy/held")));
  gate.wait_for(2);
  // One more waits; of two senders one is refused.
  ASSERT_TRUE(queued.send(get_of("/heavy/queued")) && refused.send(get_of("/heavy/queued")));
  while (!queued.is_readable_within(milliseconds(5)) && !refused.is_readable_within(milliseconds(5))) {
  }
  RawClient& loser = queued.is_readable_within(milliseconds(0)) ? queued : refused;
  RawClient& winner = &loser == &queued ? refused : queued;
  const RawAnswer refusal = loser.answer();
  EXPECT_EQ(refusal.status, 503);
  EXPECT_TRUE(refusal.body.starts_with("503 http.busy")) << refusal.body;
  EXPECT_EQ(refusal.header("Retry-After"), "1");
  ASSERT_TRUE(free.send(get_of("/control") + get_of("/")));
  EXPECT_EQ(free.answer().body, "/control");
  EXPECT_EQ(free.answer().body, "/");
  gate.open();
  EXPECT_EQ(winner.answer().body, "/heavy/queued");
  EXPECT_EQ(first.answer().body, "/heavy/held");
  EXPECT_EQ(second.answer().body, "/heavy/held");
}

TEST(HttpLimits, OneConnectionTooManyIsToldAndTheOthersStay) {
  const TestServer server({.connections_max = 2});
  RawClient first = server.connect(), second = server.connect();
  ASSERT_TRUE(first.send(get_of("/")) && second.send(get_of("/")));
  EXPECT_EQ(first.answer().status, 200);
  EXPECT_EQ(second.answer().status, 200);
  RawClient third = server.connect();
  const RawAnswer refusal = third.answer();
  EXPECT_EQ(refusal.status, 503);
  EXPECT_TRUE(refusal.body.starts_with("503 http.too_many_connections")) << refusal.body;
  EXPECT_EQ(refusal.header("Retry-After"), "1");
  ASSERT_TRUE(first.send(get_of("/", "Connection: close\r\n")));
  EXPECT_EQ(first.answer().status, 200);
  EXPECT_TRUE(first.is_closed());
  first.close();
  // Its place is free again once the server has seen the end.
  std::string verdict;
  for (int i = 0; i < 10'000 && verdict != "200 "; ++i) verdict = server.verdict(get_of("/"));
  EXPECT_EQ(verdict, "200 ");
}

}  // namespace
}  // namespace weft::net
