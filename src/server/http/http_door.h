#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "app/router.h"
#include "base/metrics.h"

namespace weft::server {

struct HttpDoorOptions {
  std::string address = "127.0.0.1";
  int port = 7400;  // 0: a free one.
  std::string tls_certificate_file, tls_key_file;
  std::uint64_t upload_bytes_max = 64ULL << 30;
  std::string path_prefix;  // "/registry": the port serves what lies below it, at its root.
};

// The router over HTTP/1.1: requests in, answers and problems out, with ids, logs and metrics. Also serves /healthz,
// /readyz, /metrics, /openapi.json and a page at /. The router, the registry and the clock outlive it.
class HttpDoor {
 public:
  // unavailable "http.listen", invalid "http.tls".
  static Result<std::unique_ptr<HttpDoor>> open(HttpDoorOptions options, const Router& router,
                                                metrics::Registry& metrics, Clock& clock,
                                                std::function<bool()> is_ready);
  ~HttpDoor();
  int port() const;
  std::string url() const;
  // Takes no more connections, and waits at most this long for running requests.
  void drain(std::chrono::seconds at_most);

 private:
  struct State;
  explicit HttpDoor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weft::server
