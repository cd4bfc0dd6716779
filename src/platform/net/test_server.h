#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/check.h"
#include "platform/net/http_server.h"
#include "platform/net/raw_client.h"

// For tests: a server whose targets begin with their lane, and whose refusals are "status code: message".
namespace weft::net {

inline Result<std::string> body_of(HttpRequest& request) {
  std::string all, piece(64 << 10, '\0');
  while (request.body != nullptr) {
    const std::size_t size = TRY(request.body->read(piece.data(), piece.size()));
    if (size == 0) break;
    all.append(piece, 0, size);
  }
  return all;
}

class TestServer {
 public:
  using Handle = std::function<void(HttpRequest&, HttpReply&)>;
  // Without `handle` a request is answered by its body, or the code of what was wrong with it.
  explicit TestServer(ServerOptions options = {}, Handle handle = {}) {
    if (!handle) {
      handle = [](HttpRequest& request, HttpReply& reply) {
        const auto body = body_of(request);
        const int status = body ? 200 : body.error().kind == ErrorKind::limit ? 413 : 400;
        (void)reply.send(status, {}, body ? *body : body.error().code);
      };
    }
    ServerHandler handler{
        .lane =
            [](std::string_view, std::string_view target) {
              if (target.starts_with("/heavy")) return WorkLane::heavy;
              return target.starts_with("/control") ? WorkLane::control : WorkLane::instant;
            },
        .handle = std::move(handle),
        .refusal = [](int status, std::string_view code,
                      std::string_view message) { return format("{} {}: {}", status, code, message); }};
    auto opened = HttpServer::open(options, std::move(handler), metrics);
    CHECK(opened.has_value());
    server = std::move(*opened);
  }
  RawClient connect(int receive_buffer = 0) const { return RawClient(server->port(), receive_buffer); }
  // "status code" of the answer to these bytes on a connection of their own; "" when there is none.
  std::string verdict(std::string_view bytes) const {
    RawClient client = connect();
    (void)client.send(bytes);
    const RawAnswer answer = client.answer();
    const std::string status = std::to_string(answer.status);
    if (answer.status == 0) return "";
    return answer.body.starts_with(status) ? answer.body.substr(0, answer.body.find(':')) : status + " " + answer.body;
  }

  metrics::Registry metrics;
  std::unique_ptr<HttpServer> server;
};

}  // namespace weft::net
