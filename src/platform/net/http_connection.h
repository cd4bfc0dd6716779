#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "platform/net/close_watch.h"
#include "platform/net/http_exchange.h"
#include "platform/net/work_pool.h"

namespace weft::net {

class Connection;

// One thread's event loop and the connections that live on it.
struct IoLoop {
  boost::asio::io_context context{1};
  std::unordered_set<std::shared_ptr<Connection>> connections;  // Touched by the loop's thread alone.
};

// What all connections of a server share.
struct ConnectionTerms {
  const ServerOptions& options;
  const ServerHandler& handler;
  WorkPool& control;
  WorkPool& heavy;
  CloseWatch& watch;
  metrics::Gauge connections;
  std::atomic<std::size_t> count = 0;
  std::atomic<bool> is_draining = false;
  std::atomic<int> exchanges = 0;  // That run in lanes with threads.
};

// One connection. Idle and while a header comes, it belongs to its loop; while a request runs in a lane with threads,
// it belongs to that thread alone, which then gives it back.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(IoLoop& loop, ConnectionTerms& terms, Transport transport, std::string remote);
  ~Connection();

  // On the loop's thread:
  void start();
  void sweep(std::chrono::steady_clock::time_point now);  // Ends what waits too long.
  void drain();                                           // Closes it when it is idle.
  void cancel();                                          // Stops the request that runs.
  bool is_running() const { return is_running_; }

 private:
  enum class Phase { idle, header, writing, closing };
  void wait(IoStatus wanted);
  void on_ready();
  void on_data();
  void serve_buffered();
  bool parse_header();  // True when there is a whole one.
  bool check_header();  // False: it was refused.
  void dispatch();
  void run_inline();
  void run_in_lane(WorkLane lane);
  void exchange(WorkLane lane, std::stop_source stop);  // On a lane's thread.
  void resume(bool keeps_alive, bool is_whole);
  HttpRequest request_of(std::stop_token cancelled);
  void refuse(int status, std::string_view code, std::string_view message);
  void flush();
  void close();

  IoLoop& loop_;
  ConnectionTerms& terms_;
  Transport transport_;
  boost::asio::posix::stream_descriptor waiter_;
  std::string remote_;
  Phase phase_ = Phase::idle;
  std::chrono::steady_clock::time_point deadline_;
  std::string buffer_;  // Read, not parsed.
  std::string out_;     // To be written by the loop.
  std::optional<RequestParser> parser_;
  Framing framing_;
  std::uint64_t discarded_ = 0;
  bool is_running_ = false, closes_after_write_ = false, is_closed_ = false;
  std::mutex stop_mutex_;
  std::optional<std::stop_source> stop_;  // Of the request that runs; guarded by stop_mutex_.
};

}  // namespace weft::net
