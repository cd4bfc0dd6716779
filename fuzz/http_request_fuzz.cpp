#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

#include "base/check.h"
#include "platform/net/http_server.h"

// Any bytes to a server: each answer begins as one, and the connection ends.
namespace {

using namespace weft;

std::unique_ptr<net::HttpServer> start() {
  static metrics::Registry registry;
  net::ServerOptions options;
  options.io_threads = 1;
  options.control_threads = 2;
  options.body_bytes_max = 1 << 20;
  options.stall_timeout = std::chrono::milliseconds(200);
  options.header_timeout = std::chrono::milliseconds(200);
  net::ServerHandler handler;
  handler.lane = [](std::string_view, std::string_view target) {
    return target.starts_with("/i") ? net::WorkLane::instant : net::WorkLane::control;
  };
  handler.handle = [](net::HttpRequest& request, net::HttpReply& reply) {
    std::string seen = request.method + " " + request.target;
    char piece[512];
    while (request.body != nullptr) {
      const auto size = request.body->read(piece, sizeof piece);
      if (!size || *size == 0) break;
      seen.append(piece, *size);
    }
    if (seen.size() % 2 == 0) {
      (void)reply.send(200, {{"Content-Type", "text/plain"}}, seen);
      return;
    }
    if (reply.start(200, {}, std::nullopt) && reply.write(seen)) (void)reply.finish();
  };
  handler.refusal = [](int, std::string_view code, std::string_view) { return std::string(code); };
  auto server = net::HttpServer::open(options, handler, registry);
  CHECK(server);
  return std::move(*server);
}

sockaddr_in loopback(std::uint32_t host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl((127U << 24) | host);
  return address;
}

Fd connect_to(int port) {
  // From another address each time: one has no more ports than a minute of fuzzing uses.
  static std::uint32_t count = 0;
  const sockaddr_in from = loopback(1 + ++count % 0xFFFFF0, 0), to = loopback(1, port);
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0);
  // The fuzzer's clock interrupts; a connection that was begun goes on by itself.
  CHECK(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 || errno == EINTR);
  return fd;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto server = start();
  const Fd fd = connect_to(server->port());
  (void)::send(fd.get(), data, size, MSG_NOSIGNAL);
  ::shutdown(fd.get(), SHUT_WR);
  std::string answer;
  char piece[4096];
  while (true) {
    pollfd one{.fd = fd.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&one, 1, 20'000);
    if (ready < 0 && errno == EINTR) continue;
    CHECK(ready == 1);  // Whatever came, the server ends what its client ended.
    const ssize_t got = ::recv(fd.get(), piece, sizeof piece, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    answer.append(piece, static_cast<std::size_t>(got));
  }
  CHECK(answer.empty() || answer.starts_with("HTTP/1.1 "));
  return 0;
}
