#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/metrics.h"

// HTTP/1.1 (RFC 9112) as a server: connections, limits, time-outs, lanes of work. It knows no route and no product.
namespace weft::net {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// `instant` runs on the connection's own thread and must never block; the others have threads and queues of their own.
enum class WorkLane { instant, control, heavy };

struct HttpRequest {
  std::string method;
  std::string target;  // As it came: path and query.
  HeaderList headers;
  ByteSource* body = nullptr;  // Null: there is none. Blocks while the sender is slow.
  std::optional<std::uint64_t> body_size;
  std::string remote;         // "127.0.0.1:50412".
  std::stop_token cancelled;  // The client closed, or the server ends.
};

// The answer to one request. After start() bytes follow by write(); finish() says that it is whole. Without finish()
// the connection is aborted so that the reader sees that something is missing.
class HttpReply {
 public:
  virtual ~HttpReply() = default;
  virtual Result<> start(int status, const HeaderList& headers, std::optional<std::uint64_t> content_length) = 0;
  // Blocks while the reader is slow: cancelled "http.closed", timeout "http.stalled".
  virtual Result<> write(std::string_view bytes) = 0;
  virtual Result<> finish() = 0;
  // A whole answer at once.
  Result<> send(int status, const HeaderList& headers, std::string_view body);
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;  // 0: a free one.
  std::string tls_certificate_file, tls_key_file;
  int io_threads = 2;
  int control_threads = 8, heavy_threads = 64;
  std::size_t control_queue = 1024, heavy_queue = 256;
  std::uint32_t header_bytes_max = 16 << 10;
  std::size_t headers_max = 100;
  std::size_t target_bytes_max = 8 << 10;
  std::uint64_t body_bytes_max = 64ULL << 30;
  std::size_t connections_max = 20'000;
  std::chrono::milliseconds header_timeout{10'000};  // From its first byte to its last.
  std::chrono::milliseconds idle_timeout{75'000};    // Between requests.
  std::chrono::milliseconds stall_timeout{30'000};   // A body that does not move, in or out.
};

struct ServerHandler {
  std::function<WorkLane(std::string_view method, std::string_view target)> lane;
  std::function<void(HttpRequest&, HttpReply&)> handle;
  // The body (application/problem+json) of what is refused before a handler sees it: code like "http.header_too_large".
  std::function<std::string(int status, std::string_view code, std::string_view message)> refusal;
};

class HttpServer {
 public:
  // unavailable "http.listen", invalid "http.tls", invalid "http.address".
  static Result<std::unique_ptr<HttpServer>> open(const ServerOptions& options, ServerHandler handler,
                                                  metrics::Registry& metrics);
  ~HttpServer();  // Drains without waiting.
  int port() const;
  // Takes no more connections, lets running requests finish for at most this long, then cancels them.
  void drain(std::chrono::milliseconds at_most);

 private:
  class State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weft::net
