#include "platform/net/http_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <cerrno>
#include <cstring>

#include "base/format.h"
#include "base/text.h"
#include "platform/net/transport.h"

namespace weft::net {
namespace {

namespace http = boost::beast::http;
using Steady = std::chrono::steady_clock;
using ResponseParser = http::response_parser<http::buffer_body>;

constexpr std::size_t kPieceBytes = 64 << 10;
constexpr std::uint32_t kHeaderBytesMax = 64 << 10;

struct Place {
  bool is_tls = false;
  std::string host, port, prefix;
};

std::unexpected<Error> no_url(const std::string& url) {
  return fail(ErrorKind::invalid, "http.url", "{} is no URL of a server: write http://host:port or https://host", url);
}

Result<Place> place_of(const std::string& url) {
  Place place;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    place.is_tls = true;
  } else if (!rest.starts_with("http://")) {
    return no_url(url);
  }
  rest.remove_prefix(place.is_tls ? 8 : 7);
  const auto slash = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) place.prefix = rest.substr(slash);
  while (place.prefix.ends_with('/')) place.prefix.pop_back();
  // Credentials in a URL end up in logs and histories.
  if (authority.find('@') != std::string_view::npos || place.prefix.find_first_of("?# \r\n") != std::string::npos)
    return no_url(url);
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return no_url(url);
    place.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) return no_url(url);
  } else {
    const auto colon = authority.find(':');
    place.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (!port.empty()) port.remove_prefix(1);
  const auto number = text::parse_integer(port);
  if (place.host.empty() || (!port.empty() && (!number || *number < 1 || *number > 65'535))) return no_url(url);
  place.port = port.empty() ? (place.is_tls ? "443" : "80") : std::string(port);
  return place;
}

Result<Fd> connect_one(const addrinfo& address, Steady::time_point deadline, const std::stop_token& cancelled) {
  Fd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  if (!fd) return fail(ErrorKind::unavailable, "http.connect", "{}", std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return fail(ErrorKind::unavailable, "http.connect", "{}", std::strerror(errno));
  while (Steady::now() < deadline) {
    if (cancelled.stop_requested()) return fail(ErrorKind::cancelled, "http.cancelled", "the request was cancelled");
    pollfd one{.fd = fd.get(), .events = POLLOUT, .revents = 0};
    if (::poll(&one, 1, 50) <= 0) continue;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return fd;
    return fail(ErrorKind::unavailable, "http.connect", "{}", std::strerror(error));
  }
  return fail(ErrorKind::timeout, "http.connect", "no answer in time");
}

struct Received {
  ClientResponse response;
  bool keeps_alive = false;
};

}  // namespace

struct HttpClient::State {
  Place place;
  Options options;
  std::shared_ptr<TlsContext> tls;
  std::optional<Transport> connection;
  std::string buffer;

  std::string name() const { return format("{}://{}:{}", place.is_tls ? "https" : "http", place.host, place.port); }
  Result<> connect(std::stop_token cancelled);
  Result<> send_request(const ClientRequest& request, std::stop_token cancelled);
  Result<> send_body(ByteSource& body, bool is_chunked, std::stop_token cancelled);
  // `has_begun`: a byte of the answer came.
  Result<Received> receive(bool is_head, ByteSink* sink, std::stop_token cancelled, bool& has_begun);
  Result<std::size_t> fill(std::stop_token cancelled);
  Result<> receive_body(ResponseParser& parser, ClientResponse& response, ByteSink* sink, std::stop_token cancelled);
  Result<Received> once(const ClientRequest& request, ByteSink* sink, std::stop_token cancelled, bool& has_begun);
};

Result<> HttpClient::State::connect(std::stop_token cancelled) {
  buffer.clear();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found); error != 0) {
    return fail(ErrorKind::unavailable, "http.connect", "the host of {} is not known: {}", name(),
                ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  const auto deadline = Steady::now() + options.connect_timeout;
  Result<Fd> fd = fail(ErrorKind::unavailable, "http.connect", "no address");
  for (const addrinfo* each = found; each != nullptr && !fd; each = each->ai_next)
    fd = connect_one(*each, deadline, cancelled);
  if (!fd) {
    if (fd.error().kind == ErrorKind::cancelled) return fail(fd.error());
    return fail(ErrorKind::unavailable, "http.connect", "{} cannot be reached: {}; is the server running there?",
                name(), fd.error().message);
  }
  if (place.is_tls) {
    connection.emplace(TRY(Transport::connect_tls(std::move(*fd), *tls, place.host)));
  } else {
    connection.emplace(std::move(*fd));
  }
  return {};
}

Result<> HttpClient::State::send_body(ByteSource& body, bool is_chunked, std::stop_token cancelled) {
  std::string piece(kPieceBytes, '\0');
  while (true) {
    const std::size_t size = TRY(body.read(piece.data(), piece.size()));
    if (size == 0) break;
    const std::string_view bytes(piece.data(), size);
    if (is_chunked) {
      TRY(connection->write_all(format("{:x}\r\n", size), options.stall_timeout, cancelled));
      TRY(connection->write_all(bytes, options.stall_timeout, cancelled));
      TRY(connection->write_all("\r\n", options.stall_timeout, cancelled));
    } else {
      TRY(connection->write_all(bytes, options.stall_timeout, cancelled));
    }
  }
  return is_chunked ? connection->write_all("0\r\n\r\n", options.stall_timeout, cancelled) : Result<>();
}

Result<> HttpClient::State::send_request(const ClientRequest& request, std::stop_token cancelled) {
  const bool is_v6 = place.host.find(':') != std::string::npos;
  std::string head = format("{} {}{} HTTP/1.1\r\nHost: {}:{}\r\n", request.method, place.prefix, request.target,
                            is_v6 ? "[" + place.host + "]" : place.host, place.port);
  for (const auto& [key, value] : request.headers) {
    if (key.find_first_of("\r\n: ") != std::string::npos ||
        value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return fail(ErrorKind::invalid, "http.header", "the header {} holds a line break",
                  key.substr(0, key.find_first_of("\r\n: ")));
    }
    head += key + ": " + value + "\r\n";
  }
  const bool is_chunked = request.body != nullptr && !request.body_size;
  if (is_chunked) head += "Transfer-Encoding: chunked\r\n";
  if (request.body != nullptr && request.body_size) head += format("Content-Length: {}\r\n", *request.body_size);
  if (request.body == nullptr && request.method != "GET" && request.method != "HEAD") head += "Content-Length: 0\r\n";
  head += "\r\n";
  TRY(connection->write_all(head, options.stall_timeout, cancelled));
  return request.body == nullptr ? Result<>() : send_body(*request.body, is_chunked, cancelled);
}

Result<std::size_t> HttpClient::State::fill(std::stop_token cancelled) {
  const std::size_t had = buffer.size();
  buffer.resize(had + kPieceBytes);
  auto size = connection->read_some(buffer.data() + had, kPieceBytes, options.stall_timeout, std::move(cancelled));
  buffer.resize(had + size.value_or(0));
  return size;
}

Result<> HttpClient::State::receive_body(ResponseParser& parser, ClientResponse& response, ByteSink* sink,
                                         std::stop_token cancelled) {
  std::string piece(kPieceBytes, '\0');
  const bool goes_to_sink = sink != nullptr && response.status >= 200 && response.status < 300;
  while (!parser.is_done()) {
    auto& body = parser.get().body();
    body.data = piece.data();
    body.size = piece.size();
    body.more = true;
    boost::beast::error_code error = http::error::need_more;
    if (!buffer.empty()) buffer.erase(0, parser.put(boost::asio::buffer(buffer), error));
    if (error == http::error::need_buffer) error = {};
    if (error && error != http::error::need_more)
      return fail(ErrorKind::unavailable, "http.malformed", "the answer of {} is malformed: {}", name(),
                  error.message());
    const std::string_view bytes(piece.data(), piece.size() - body.size);
    if (goes_to_sink) {
      TRY(sink->write(bytes));
    } else {
      if (response.body.size() + bytes.size() > options.text_bytes_max)
        return fail(ErrorKind::limit, "http.too_large", "the answer of {} is larger than {} bytes", name(),
                    options.text_bytes_max);
      response.body += bytes;
    }
    if (parser.is_done() || !bytes.empty() || error != http::error::need_more) continue;
    const auto more = fill(cancelled);
    if (more) continue;
    if (more.error().code != "http.closed") return fail(more.error());
    // Only a body that ends with its connection may end so.
    parser.put_eof(error);
    if (error)
      return fail(ErrorKind::unavailable, "http.truncated",
                  "{} closed the connection before the answer's end: what came is not whole", name());
  }
  return {};
}

Result<Received> HttpClient::State::receive(bool is_head, ByteSink* sink, std::stop_token cancelled, bool& has_begun) {
  while (true) {
    ResponseParser parser;
    parser.header_limit(kHeaderBytesMax);
    parser.body_limit(boost::none);
    parser.eager(false);
    parser.skip(is_head);
    while (!parser.is_header_done()) {
      boost::beast::error_code error = http::error::need_more;
      if (!buffer.empty()) buffer.erase(0, parser.put(boost::asio::buffer(buffer), error));
      if (error == http::error::need_buffer) error = {};
      if (error && error != http::error::need_more)
        return fail(ErrorKind::unavailable, "http.malformed", "the answer of {} is malformed: {}", name(),
                    error.message());
      if (parser.is_header_done()) break;
      TRY(fill(cancelled));
      has_begun = true;
    }
    const auto& message = parser.get();
    if (message.result_int() >= 100 && message.result_int() < 200) continue;  // 100 Continue and the like.
    Received received;
    received.response.status = static_cast<int>(message.result_int());
    for (const auto& field : message)
      received.response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    received.keeps_alive = message.keep_alive();
    TRY(receive_body(parser, received.response, sink, cancelled));
    return received;
  }
}

Result<Received> HttpClient::State::once(const ClientRequest& request, ByteSink* sink, std::stop_token cancelled,
                                         bool& has_begun) {
  if (!connection) TRY(connect(cancelled));
  const auto sent = send_request(request, cancelled);
  // A server that refuses early answers and stops reading: its word is worth more than the broken pipe.
  if (!sent && sent.error().code != "http.closed") return fail(sent.error());
  auto received = receive(request.method == "HEAD", sink, cancelled, has_begun);
  if (received && !sent) received->keeps_alive = false;
  return received;
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::open(const std::string& url, Options options) {
  auto state = std::make_unique<State>();
  state->place = TRY(place_of(url));
  state->options = std::move(options);
  if (state->place.is_tls) state->tls = TRY(TlsContext::client(state->options.ca_file));
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

Result<ClientResponse> HttpClient::send(const ClientRequest& request, ByteSink* sink, std::stop_token cancelled) {
  const bool was_kept = state_->connection.has_value();
  bool has_begun = false;
  auto received = state_->once(request, sink, cancelled, has_begun);
  if (!received && was_kept && !has_begun && request.body == nullptr && received.error().code == "http.closed") {
    state_->connection.reset();
    received = state_->once(request, sink, cancelled, has_begun);
  }
  if (!received || !received->keeps_alive) state_->connection.reset();
  if (!received && received.error().code == "http.closed") {
    return fail(ErrorKind::unavailable, "http.truncated", "{}: {}", state_->name(), received.error().message);
  }
  if (!received) return fail(received.error());
  return std::move(received->response);
}

}  // namespace weft::net
