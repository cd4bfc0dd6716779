#include <gtest/gtest.h>

#include <condition_variable>
#include <future>

#include "platform/net/test_server.h"

// Time-outs, clients that leave, back-pressure, draining.
namespace weft::net {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

milliseconds since(Steady::time_point begun) { return std::chrono::duration_cast<milliseconds>(Steady::now() - begun); }

// Blocks until the request is cancelled; false when that does not happen in the tests' patience.
bool waits_until_cancelled(const HttpRequest& request) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, request.cancelled, std::chrono::seconds(20), [] { return false; });
  return request.cancelled.stop_requested();
}

TEST(HttpTime, AHeaderThatDoesNotComeIsRefused) {
  const TestServer server({.header_timeout = milliseconds(100)});
  for (const char* part : {"GET / HT", "GET / HTTP/1.1\r\nHost: t\r\n"}) {
    RawClient client = server.connect();
    ASSERT_TRUE(client.send(part));
    const RawAnswer refusal = client.answer();
    EXPECT_EQ(refusal.status, 408);
    EXPECT_TRUE(refusal.body.starts_with("408 http.header_timeout")) << refusal.body;
    EXPECT_TRUE(client.is_closed());
  }
}

TEST(HttpTime, AHeaderThatDripsIsRefusedToo) {
  const TestServer server({.header_timeout = milliseconds(200)});
  RawClient client = server.connect();
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\n"));
  const auto begun = Steady::now();
  while (!client.is_readable_within(milliseconds(10)) && since(begun) < milliseconds(10'000)) {
    ASSERT_TRUE(client.send("A: b\r\n"));
  }
  EXPECT_EQ(client.answer().status, 408);
}

TEST(HttpTime, AnIdleConnectionIsClosedWithoutAWord) {
  const TestServer server({.header_timeout = milliseconds(100), .idle_timeout = milliseconds(100)});
  RawClient silent = server.connect();
  EXPECT_TRUE(silent.is_closed());
  RawClient kept = server.connect();
  ASSERT_TRUE(kept.send(get_of("/")));
  EXPECT_EQ(kept.answer().status, 200);
  EXPECT_EQ(kept.rest(), "");
}

TEST(HttpTime, ABodyThatStopsMovingIsAnError) {
  const TestServer server({.stall_timeout = milliseconds(100)});
  for (const char* lane : {"/control", "/heavy"}) {
    EXPECT_EQ(server.verdict(post_of(lane, "half").substr(0, post_of(lane, "half").size() - 2)),
              "400 http.body_timeout");
  }
}

TEST(HttpTime, ABodyThatDripsIsAnError) {
  const TestServer server({.stall_timeout = milliseconds(300)});
  RawClient client = server.connect();
  ASSERT_TRUE(client.send("POST /control HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n"));
  const auto begun = Steady::now();
  while (!client.is_readable_within(milliseconds(50)) && since(begun) < milliseconds(10'000)) {
    ASSERT_TRUE(client.send("x"));
  }
  EXPECT_EQ(client.answer().body, "http.body_timeout");
}

TEST(HttpTime, ABodyThatStopsHalfWayIsAnError) {
  const TestServer server;
  for (const std::string& half :
       {std::string("POST /control HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nhalf"),
        std::string("POST /control HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
        std::string("POST /control HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf")}) {
    RawClient client = server.connect();
    ASSERT_TRUE(client.send(half));
    client.shut_down_writing();
    EXPECT_EQ(client.answer().body, "request.truncated");
    EXPECT_TRUE(client.is_closed());
  }
}

// The best of some tries, as other programs share the machine: a slow way of noticing makes all of them slow.
TEST(HttpTime, AClientThatLeavesCancelsItsHeavyRequestWithinATenthOfASecond) {
  std::promise<void> running;
  std::promise<Steady::time_point> cancelled;
  const TestServer server({}, [&](HttpRequest& request, HttpReply&) {
    running.set_value();
    EXPECT_TRUE(waits_until_cancelled(request));
    cancelled.set_value(Steady::now());
  });
  milliseconds best{1'000'000};
  for (int i = 0; i < 5; ++i) {
    running = {};
    cancelled = {};
    auto seen = cancelled.get_future();
    RawClient client = server.connect();
    // What was pipelined behind it must not hide that the client left.
    ASSERT_TRUE(client.send(get_of("/heavy") + (i % 2 == 0 ? get_of("/") : "")));
    running.get_future().wait();
    const auto left = Steady::now();
    client.close();
    best = std::min(best, std::chrono::duration_cast<milliseconds>(seen.get() - left));
  }
  EXPECT_LT(best, milliseconds(100));
}

TEST(HttpTime, AReaderThatLeavesEndsTheWritingHandler) {
  std::promise<std::string> ended;
  const TestServer server({}, [&](HttpRequest&, HttpReply& reply) {
    (void)reply.start(200, {}, std::nullopt);
    const std::string piece(64 << 10, 'x');
    auto written = reply.write(piece);
    while (written) written = reply.write(piece);
    ended.set_value(written.error().code);
  });
  RawClient client = server.connect();
  ASSERT_TRUE(client.send(get_of("/control")));
  ASSERT_TRUE(client.is_readable_within(milliseconds(20'000)));
  client.close();
  EXPECT_EQ(ended.get_future().get(), "http.closed");
}

// The kernel's buffers take some megabytes; beyond them the writer waits, and gives up in time.
TEST(HttpTime, AReaderThatStopsHoldsTheWriterBackAndIsGivenUp) {
  std::promise<std::pair<std::uint64_t, std::string>> ended;
  const TestServer server({.stall_timeout = milliseconds(300)}, [&](HttpRequest&, HttpReply& reply) {
    (void)reply.start(200, {}, std::nullopt);
    const std::string piece(256 << 10, 'x');
    std::uint64_t bytes = 0;
    auto written = reply.write(piece);
    for (; written && bytes < (1ULL << 30); written = reply.write(piece)) bytes += piece.size();
    ended.set_value({bytes, written ? "" : written.error().code});
  });
  RawClient client = server.connect(4096);
  ASSERT_TRUE(client.send(get_of("/heavy")));
  const auto [bytes, code] = ended.get_future().get();
  EXPECT_EQ(code, "http.stalled");
  EXPECT_LT(bytes, 32U << 20);
  EXPECT_FALSE(client.answer().is_whole);
}

TEST(HttpTime, AHandlerThatDoesNotReadHoldsTheSenderBack) {
  std::promise<void> may_read;
  const TestServer server({}, [&](HttpRequest& request, HttpReply& reply) {
    may_read.get_future().wait();
    std::uint64_t bytes = 0;
    std::string piece(64 << 10, '\0');
    for (auto size = request.body->read(piece.data(), piece.size()); size && *size > 0;
         size = request.body->read(piece.data(), piece.size())) {
      bytes += *size;
    }
    (void)reply.send(200, {}, std::to_string(bytes));
  });
  RawClient client = server.connect();
  constexpr std::size_t kAll = 64 << 20;
  ASSERT_TRUE(client.send(format("POST /heavy HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n", kAll)));
  const std::string piece(256 << 10, 'x');
  std::size_t sent = 0;
  while (sent < kAll && client.is_writable_within(milliseconds(200))) {
    sent += client.send_some(std::string_view(piece).substr(0, kAll - sent));
  }
  EXPECT_LT(sent, std::size_t{32} << 20);
  may_read.set_value();
  ASSERT_TRUE(client.send(std::string(kAll - sent, 'y')));
  EXPECT_EQ(client.answer().body, std::to_string(kAll));
}

TEST(HttpTime, APipeliningClientThatReadsNothingIsGivenUp) {
  const TestServer server({.stall_timeout = milliseconds(300)},
                          [](HttpRequest&, HttpReply& reply) { (void)reply.send(200, {}, std::string(8192, 'x')); });
  RawClient client = server.connect(4096);
  const std::string requests = get_of("/") + get_of("/") + get_of("/") + get_of("/");
  std::uint64_t sent = 0;
  const auto begun = Steady::now();
  // It takes what the kernel's buffers take, and then resets.
  while (since(begun) < milliseconds(15'000)) {
    if (!client.is_writable_within(milliseconds(10))) continue;
    const std::size_t now = client.send_some(requests);
    if (now == 0) break;
    sent += now;
  }
  EXPECT_LT(since(begun), milliseconds(15'000));
  EXPECT_LT(sent, std::uint64_t{32} << 20);
}

TEST(HttpTime, DrainingClosesIdleConnectionsAndLetsRunningRequestsFinish) {
  std::promise<void> running, may_end;
  const TestServer server({}, [&](HttpRequest& request, HttpReply& reply) {
    if (request.target == "/heavy") {
      running.set_value();
      may_end.get_future().wait();
    }
    (void)reply.send(200, {}, "whole");
  });
  RawClient idle = server.connect(), busy = server.connect();
  ASSERT_TRUE(idle.send(get_of("/")) && busy.send(get_of("/heavy") + get_of("/")));
  EXPECT_EQ(idle.answer().status, 200);
  running.get_future().wait();
  std::jthread drain([&] { server.server->drain(milliseconds(20'000)); });
  EXPECT_TRUE(idle.is_closed());
  EXPECT_FALSE(server.connect().is_connected());
  may_end.set_value();
  EXPECT_EQ(busy.answer().body, "whole");
  const RawAnswer last = busy.answer();
  EXPECT_EQ(last.body, "whole");
  EXPECT_EQ(last.header("Connection"), "close");
  EXPECT_TRUE(busy.is_closed());
  busy.close();
}

TEST(HttpTime, DrainingCancelsWhatRunsLongerThanItsTime) {
  std::promise<void> running;
  std::atomic<bool> was_cancelled = false;
  const TestServer server({}, [&](HttpRequest& request, HttpReply&) {
    running.set_value();
    was_cancelled = waits_until_cancelled(request);
  });
  RawClient client = server.connect();
  ASSERT_TRUE(client.send(get_of("/control")));
  running.get_future().wait();
  server.server->drain(milliseconds(50));
  EXPECT_TRUE(was_cancelled);
  EXPECT_FALSE(client.answer().is_whole);
}

}  // namespace
}  // namespace weft::net
