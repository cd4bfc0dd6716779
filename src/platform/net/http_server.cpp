#include "platform/net/http_server.h"

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>

#include "base/format.h"
#include "base/log.h"
#include "platform/net/http_connection.h"

namespace weft::net {
namespace {

namespace ip = boost::asio::ip;
using Steady = std::chrono::steady_clock;

constexpr int kBacklog = 4096;
constexpr int kAcceptsAtOnce = 64;
constexpr std::chrono::milliseconds kSweep{250};
constexpr std::chrono::milliseconds kFullPause{50};  // When no descriptor is left.
constexpr std::chrono::seconds kCancelTime{5};       // For requests to see that they were cancelled.

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string text_of(const sockaddr_storage& address, socklen_t size) {
  ip::tcp::endpoint endpoint;
  endpoint.resize(std::min<std::size_t>(size, endpoint.capacity()));
  std::memcpy(endpoint.data(), &address, endpoint.size());
  return format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

}  // namespace

class HttpServer::State {
 public:
  State(const ServerOptions& options, ServerHandler handler, metrics::Registry& metrics,
        std::shared_ptr<TlsContext> tls)
      : options_(options),
        handler_(std::move(handler)),
        tls_(std::move(tls)),
        control_(options.control_threads, options.control_queue),
        heavy_(options.heavy_threads, options.heavy_queue),
        terms_{.options = options_,
               .handler = handler_,
               .control = control_,
               .heavy = heavy_,
               .watch = watch_,
               .connections = metrics.gauge("weft_http_connections", "Open HTTP connections.")} {
    for (int i = 0; i < std::max(1, options_.io_threads); ++i) loops_.push_back(std::make_unique<IoLoop>());
  }

  Result<> listen();
  void run();
  void drain(std::chrono::milliseconds at_most);
  void end();
  int port() const { return port_; }

 private:
  void accept();
  void on_acceptable();
  void admit(Fd fd, std::string remote);
  void sweep(IoLoop& loop, boost::asio::steady_timer& timer);
  void on_each_loop(const std::function<void(IoLoop&)>& work);

  ServerOptions options_;
  ServerHandler handler_;
  std::shared_ptr<TlsContext> tls_;
  CloseWatch watch_;
  WorkPool control_, heavy_;
  ConnectionTerms terms_;
  std::vector<std::unique_ptr<IoLoop>> loops_;
  std::vector<std::unique_ptr<boost::asio::steady_timer>> timers_;
  std::optional<ip::tcp::acceptor> acceptor_;
  std::optional<boost::asio::steady_timer> pause_;
  std::vector<std::thread> threads_;
  std::size_t next_loop_ = 0;
  int port_ = 0;
  bool has_ended_ = false;
};

Result<> HttpServer::State::listen() {
  boost::system::error_code error;
  const std::string named = options_.address == "localhost" ? "127.0.0.1" : options_.address;
  const auto address = ip::make_address(named, error);
  if (error) return fail(ErrorKind::invalid, "http.address", "{} is no IP address to listen on", options_.address);
  const ip::tcp::endpoint endpoint(address, static_cast<unsigned short>(options_.port));
  acceptor_.emplace(loops_[0]->context);
  acceptor_->open(endpoint.protocol(), error);
  if (!error) acceptor_->set_option(ip::tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_->bind(endpoint, error);
  if (!error) acceptor_->listen(kBacklog, error);
  if (!error) acceptor_->non_blocking(true, error);
  if (error) {
    return fail(ErrorKind::unavailable, "http.listen",
                "{}:{} cannot be listened on: {}; is another server there? --port chooses another", options_.address,
                options_.port, error.message());
  }
  port_ = acceptor_->local_endpoint().port();
  return {};
}

void HttpServer::State::run() {
  pause_.emplace(loops_[0]->context);
  accept();
  for (const auto& loop : loops_) {
    timers_.push_back(std::make_unique<boost::asio::steady_timer>(loop->context));
    sweep(*loop, *timers_.back());
    threads_.emplace_back([&context = loop->context] { context.run(); });
  }
}

void HttpServer::State::accept() {
  acceptor_->async_wait(ip::tcp::acceptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) on_acceptable();
  });
}

void HttpServer::State::on_acceptable() {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Fd fd(::accept4(acceptor_->native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      admit(std::move(fd), text_of(address, size));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    LOG(warning, "a connection cannot be accepted: {}", std::strerror(errno));
    pause_->expires_after(kFullPause);
    pause_->async_wait([this](const boost::system::error_code& error) {
      if (!error) accept();
    });
    return;
  }
  accept();
}

void HttpServer::State::admit(Fd fd, std::string remote) {
  if (terms_.count >= options_.connections_max) {
    // Said in clear, also to those who would speak TLS: it costs nothing and they see that it is closed.
    const std::string body = handler_.refusal(503, "http.too_many_connections",
                                              "the server has all the connections that it takes; try again soon");
    Framing framing{.wants_keep_alive = false};
    bool is_chunked = false;
    const std::string answer = head_of(503, {{"Content-Type", "application/problem+json"}, {"Retry-After", "1"}},
                                       body.size(), framing, is_chunked) +
                               body;
    if (!tls_) (void)::send(fd.get(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto transport = tls_ ? Transport::accept_tls(std::move(fd), *tls_) : Result<Transport>(Transport(std::move(fd)));
  if (!transport) {
    LOG(warning, "{}: {}", remote, transport.error().message);
    return;
  }
  ++terms_.count;
  IoLoop& loop = *loops_[next_loop_++ % loops_.size()];
  auto connection = std::make_shared<Connection>(loop, terms_, std::move(*transport), std::move(remote));
  boost::asio::post(loop.context, [&loop, connection] {
    loop.connections.insert(connection);
    connection->start();
  });
}

void HttpServer::State::sweep(IoLoop& loop, boost::asio::steady_timer& timer) {
  timer.expires_after(kSweep);
  timer.async_wait([this, &loop, &timer](const boost::system::error_code& error) {
    if (error) return;
    const auto now = Steady::now();
    const std::vector<std::shared_ptr<Connection>> all(loop.connections.begin(), loop.connections.end());
    for (const auto& connection : all) connection->sweep(now);
    sweep(loop, timer);
  });
}

void HttpServer::State::on_each_loop(const std::function<void(IoLoop&)>& work) {
  for (const auto& loop : loops_) {
    boost::asio::post(loop->context, [work, &one = *loop] { work(one); });
  }
}

void HttpServer::State::drain(std::chrono::milliseconds at_most) {
  if (threads_.empty() || has_ended_) return;
  terms_.is_draining = true;
  boost::asio::post(loops_[0]->context, [this] {
    boost::system::error_code ignored;
    acceptor_->close(ignored);
    pause_->cancel();
  });
  auto close_idle = [](IoLoop& loop) {
    const std::vector<std::shared_ptr<Connection>> all(loop.connections.begin(), loop.connections.end());
    for (const auto& connection : all) connection->drain();
  };
  on_each_loop(close_idle);
  auto wait_until = [this](Steady::time_point deadline) {
    while ((terms_.exchanges > 0 || terms_.count > 0) && Steady::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  };
  wait_until(Steady::now() + at_most);
  on_each_loop([](IoLoop& loop) {
    for (const auto& connection : loop.connections) connection->cancel();
  });
  const auto deadline = Steady::now() + kCancelTime;
  while (terms_.exchanges > 0 && Steady::now() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void HttpServer::State::end() {
  if (std::exchange(has_ended_, true)) return;
  for (const auto& loop : loops_) loop->context.stop();
  for (std::thread& thread : threads_) thread.join();
  // Their work may hold the last reference to a connection, which is part of its loop.
  control_.finish();
  heavy_.finish();
  for (const auto& loop : loops_) {
    for (const auto& connection : loop->connections) connection->cancel();
    loop->connections.clear();
  }
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  state_->drain(std::chrono::milliseconds(0));
  state_->end();
}

Result<std::unique_ptr<HttpServer>> HttpServer::open(const ServerOptions& options, ServerHandler handler,
                                                     metrics::Registry& metrics) {
  std::shared_ptr<TlsContext> tls;
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
    return fail(ErrorKind::invalid, "http.tls", "a certificate and its key are given together");
  }
  if (!options.tls_certificate_file.empty())
    tls = TRY(TlsContext::server(options.tls_certificate_file, options.tls_key_file));
  raise_descriptor_limit();
  auto state = std::make_unique<State>(options, std::move(handler), metrics, std::move(tls));
  TRY(state->listen());
  state->run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

int HttpServer::port() const { return state_->port(); }
void HttpServer::drain(std::chrono::milliseconds at_most) { state_->drain(at_most); }

}  // namespace weft::net
