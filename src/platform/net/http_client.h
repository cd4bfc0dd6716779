#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/bytes.h"
#include "platform/net/http_server.h"

namespace weft::net {

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";  // Path and query, encoded.
  HeaderList headers;
  ByteSource* body = nullptr;
  std::optional<std::uint64_t> body_size;  // Unknown: chunked.
};

struct ClientResponse {
  int status = 0;
  HeaderList headers;
  std::string body;  // Unless a sink took it.
};

// One connection to one server, kept alive between requests. One thread at a time.
class HttpClient {
 public:
  struct Options {
    std::string ca_file;  // For https: trusted in place of the system's authorities.
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds stall_timeout{600'000};  // Without a byte either way.
    std::size_t text_bytes_max = 256 << 20;            // Of a body that no sink takes.
  };
  // `url` is http(s)://host[:port][/prefix]: invalid "http.url", "http.tls".
  static Result<std::unique_ptr<HttpClient>> open(const std::string& url, Options options);
  ~HttpClient();

  // The body of a 2xx answer goes to `sink` when given. unavailable "http.connect", "http.truncated", "http.malformed";
  // timeout "http.stalled"; cancelled "http.cancelled". A request without a body is sent again once when a connection
  // that was kept alive turns out to be closed.
  Result<ClientResponse> send(const ClientRequest& request, ByteSink* sink, std::stop_token cancelled);

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weft::net
