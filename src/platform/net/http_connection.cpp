#include "platform/net/http_connection.h"

#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>

#include "base/format.h"
#include "base/text.h"

namespace weft::net {
namespace {

namespace http = boost::beast::http;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 16 << 10;
constexpr std::size_t kOutMax = 256 << 10;      // Of answers to pipelined requests before they are written.
constexpr std::uint64_t kUnreadMax = 64 << 10;  // Of a body that a handler left, to keep the connection.
constexpr std::uint64_t kDiscardMax = 4 << 20;  // Read away while closing, so that the answer is not reset.
constexpr std::chrono::seconds kCloseTime{2};

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

struct Refusal {
  int status;
  std::string_view code, message;
};

Refusal refusal_of(const boost::beast::error_code& error) {
  if (error == http::error::header_limit)
    return {431, "http.header_too_large", "the request's header is larger than this server takes"};
  if (error == http::error::body_limit)
    return {413, "request.too_large", "the request's body is larger than this server takes"};
  if (error == http::error::bad_version) return {505, "http.version", "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  return {400, "http.malformed", "the request is malformed"};
}

// An answer that is written by the loop after the handler returned.
class InlineReply final : public HttpReply {
 public:
  InlineReply(std::string& out, Framing& framing) : out_(out), framing_(framing) {}
  Result<> start(int status, const HeaderList& headers, std::optional<std::uint64_t> content_length) override {
    out_ += head_of(status, headers, content_length, framing_, is_chunked_);
    has_body_ = may_have_body(status) && !framing_.is_head;
    return {};
  }
  Result<> write(std::string_view bytes) override {
    if (bytes.empty() || !has_body_) return {};
    if (is_chunked_) out_ += format("{:x}\r\n", bytes.size());
    out_ += bytes;
    if (is_chunked_) out_ += "\r\n";
    return {};
  }
  Result<> finish() override {
    if (is_chunked_ && has_body_) out_ += "0\r\n\r\n";
    is_whole = true;
    return {};
  }
  bool is_whole = false;

 private:
  std::string& out_;
  Framing& framing_;
  bool is_chunked_ = false, has_body_ = true;
};

}  // namespace

Connection::Connection(IoLoop& loop, ConnectionTerms& terms, Transport transport, std::string remote)
    : loop_(loop),
      terms_(terms),
      transport_(std::move(transport)),
      waiter_(loop.context, transport_.fd()),
      remote_(std::move(remote)) {
  terms_.connections.add(1);
}

Connection::~Connection() {
  waiter_.release();  // The transport closes it.
  terms_.connections.add(-1);
  --terms_.count;
}

void Connection::start() {
  phase_ = Phase::idle;
  deadline_ = Steady::now() + terms_.options.header_timeout;
  wait(IoStatus::want_read);
}

void Connection::wait(IoStatus wanted) {
  const auto event = wanted == IoStatus::want_write ? boost::asio::posix::descriptor_base::wait_write
                                                    : boost::asio::posix::descriptor_base::wait_read;
  waiter_.async_wait(event, [self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->is_closed_) return;
    self->on_ready();
  });
}

void Connection::on_ready() {
  if (phase_ == Phase::writing) return flush();
  on_data();
}

void Connection::on_data() {
  char bytes[kReadBytes];
  while (true) {
    const Io io = transport_.read(bytes, sizeof bytes);
    if (io.status == IoStatus::closed) return close();
    if (io.status == IoStatus::want_write) return wait(IoStatus::want_write);
    if (io.status == IoStatus::want_read) break;
    if (phase_ == Phase::closing) {
      discarded_ += io.size;
      if (discarded_ > kDiscardMax) return close();
      continue;
    }
    buffer_.append(bytes, io.size);
    if (io.size < sizeof bytes && !transport_.has_pending()) break;
    if (buffer_.size() > terms_.options.header_bytes_max + kReadBytes) break;  // Enough to say no, or to begin.
  }
  if (phase_ == Phase::closing) return wait(IoStatus::want_read);
  serve_buffered();
}

void Connection::serve_buffered() {
  while (!buffer_.empty() && !closes_after_write_ && out_.size() < kOutMax) {
    if (!parse_header()) break;
    if (!check_header()) break;
    dispatch();
    if (is_running_) return;
  }
  if (!out_.empty() || closes_after_write_) return flush();
  if (is_closed_) return;
  if (buffer_.empty() && buffer_.capacity() > 4096) buffer_ = {};
  const Phase was = phase_;
  phase_ = buffer_.empty() ? Phase::idle : Phase::header;
  if (phase_ == Phase::idle || was != Phase::header) {
    deadline_ = Steady::now() + (phase_ == Phase::idle ? terms_.options.idle_timeout : terms_.options.header_timeout);
  }
  if (phase_ == Phase::idle && terms_.is_draining) return close();
  wait(IoStatus::want_read);
}

bool Connection::parse_header() {
  if (!parser_) {
    // Empty lines before a request line are passed over (RFC 9112 §2.2).
    const auto first = buffer_.find_first_not_of("\r\n");
    if (first == std::string::npos) {
      buffer_.clear();
      return false;
    }
    buffer_.erase(0, first);
    parser_.emplace();
    parser_->header_limit(terms_.options.header_bytes_max);
    parser_->body_limit(terms_.options.body_bytes_max);
    parser_->eager(false);
  }
  framing_ = {};
  const auto line_end = buffer_.find('\n');
  if (std::min(line_end, buffer_.size()) > terms_.options.target_bytes_max + 32) {
    refuse(414, "http.target_too_long",
           format("the request's target is longer than {} bytes", terms_.options.target_bytes_max));
    return false;
  }
  boost::beast::error_code error;
  const std::size_t used = parser_->put(boost::asio::buffer(buffer_), error);
  buffer_.erase(0, used);
  if (error == http::error::need_more) {
    if (buffer_.size() > terms_.options.header_bytes_max)
      refuse(431, "http.header_too_large", "the request's header is larger than this server takes");
    return false;
  }
  if (error && error != http::error::need_buffer) {
    const Refusal no = refusal_of(error);
    refuse(no.status, no.code, format("{}: {}", no.message, error.message()));
    return false;
  }
  return parser_->is_header_done();
}

bool Connection::check_header() {
  const auto& message = parser_->get();
  framing_ = {.is_head = message.method() == http::verb::head,
              .is_http_10 = message.version() < 11,
              .wants_keep_alive = message.keep_alive()};
  auto no = [this](int status, std::string_view code, std::string_view words) {
    refuse(status, code, words);
    return false;
  };
  if (message.version() != 11 && message.version() != 10)
    return no(505, "http.version", "only HTTP/1.1 and HTTP/1.0 are spoken here");
  std::size_t headers = 0, lengths = 0;
  for (const auto& field : message) {
    ++headers;
    if (field.name() == http::field::content_length) ++lengths;
  }
  if (headers > terms_.options.headers_max)
    return no(431, "http.too_many_headers", format("the request has more than {} headers", terms_.options.headers_max));
  const std::size_t hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() == 11)) return no(400, "http.host", "a request names one Host");
  const std::size_t encodings = message.count(http::field::transfer_encoding);
  // Framing that two servers could read in two ways (RFC 9112 §6.3).
  if (lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0))
    return no(400, "http.framing", "the request says in more than one way how long its body is");
  if (encodings > 0 && message.version() == 10) return no(400, "http.framing", "HTTP/1.0 knows no Transfer-Encoding");
  if (encodings > 0 && !text::iequals(view(message[http::field::transfer_encoding]), "chunked")) {
    return no(501, "http.transfer_encoding", "the only Transfer-Encoding that is read here is chunked");
  }
  if (const auto expect = message[http::field::expect];
      !expect.empty() && !text::iequals(view(expect), "100-continue")) {
    return no(417, "http.expectation", "the only expectation that is met here is 100-continue");
  }
  return true;
}

void Connection::dispatch() {
  if (terms_.is_draining) framing_.wants_keep_alive = false;
  const auto& message = parser_->get();
  const WorkLane lane = terms_.handler.lane(view(message.method_string()), view(message.target()));
  if (lane == WorkLane::instant && parser_->is_done()) return run_inline();
  run_in_lane(lane == WorkLane::instant ? WorkLane::control : lane);
}

HttpRequest Connection::request_of(std::stop_token cancelled) {
  const auto& message = parser_->get();
  HttpRequest request;
  request.method = view(message.method_string());
  request.target = view(message.target());
  // The absolute form, which proxies send.
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!request.target.starts_with(scheme)) continue;
    const auto slash = request.target.find_first_of("/?", scheme.size());
    request.target = slash == std::string::npos ? "/" : request.target.substr(slash);
    if (request.target.starts_with('?')) request.target = "/" + request.target;
  }
  for (const auto& field : message) request.headers.emplace_back(view(field.name_string()), view(field.value()));
  if (const auto length = parser_->content_length()) request.body_size = *length;
  request.remote = remote_;
  request.cancelled = std::move(cancelled);
  return request;
}

void Connection::run_inline() {
  HttpRequest request = request_of({});
  InlineReply reply(out_, framing_);
  terms_.handler.handle(request, reply);
  parser_.reset();
  if (!framing_.wants_keep_alive || !reply.is_whole) closes_after_write_ = true;
}

void Connection::run_in_lane(WorkLane lane) {
  // What was answered before goes out before.
  is_running_ = true;
  std::stop_source stop;
  {
    const std::lock_guard lock(stop_mutex_);
    stop_ = stop;
  }
  ++terms_.exchanges;
  WorkPool& pool = lane == WorkLane::heavy ? terms_.heavy : terms_.control;
  if (pool.submit([self = shared_from_this(), lane, stop] { self->exchange(lane, stop); })) return;
  --terms_.exchanges;
  is_running_ = false;
  refuse(503, "http.busy", "the server has more requests waiting than it takes; try again soon");
}

void Connection::exchange(WorkLane lane, std::stop_source stop) {
  const auto stall = terms_.options.stall_timeout;
  HttpRequest request = request_of(stop.get_token());
  BodyReader body(transport_, *parser_, buffer_, stall, stop.get_token());
  if (!parser_->is_done()) request.body = &body;
  BlockingReply reply(transport_, framing_, stall, stop.get_token());
  const bool is_watched = lane == WorkLane::heavy;
  if (is_watched) terms_.watch.add(transport_.fd(), [stop]() mutable { stop.request_stop(); });
  const bool is_out =
      out_.empty() || transport_.write_all(std::exchange(out_, {}), stall, stop.get_token()).has_value();
  if (is_out) terms_.handler.handle(request, reply);
  if (is_watched) terms_.watch.remove(transport_.fd());
  const bool keeps_alive = reply.keeps_alive() && body.discard(kUnreadMax);
  boost::asio::post(loop_.context, [self = shared_from_this(), keeps_alive, is_whole = reply.is_whole()] {
    self->resume(keeps_alive, is_whole);
  });
}

void Connection::resume(bool keeps_alive, bool is_whole) {
  --terms_.exchanges;
  is_running_ = false;
  {
    const std::lock_guard lock(stop_mutex_);
    stop_.reset();
  }
  parser_.reset();
  if (!is_whole) {
    // A chunked body tells by its missing end; one that ends with its connection needs a reset.
    if (framing_.is_http_10) transport_.reset();
    return close();
  }
  if (!keeps_alive) {
    closes_after_write_ = true;
    return flush();
  }
  phase_ = Phase::idle;
  // What was pipelined may lie in the buffer, or in the session's own.
  if (!buffer_.empty()) return serve_buffered();
  if (transport_.has_pending()) return on_data();
  serve_buffered();
}

void Connection::refuse(int status, std::string_view code, std::string_view message) {
  framing_.wants_keep_alive = false;
  bool is_chunked = false;
  const std::string body = terms_.handler.refusal(status, code, message);
  HeaderList headers{{"Content-Type", "application/problem+json"}};
  if (status == 503) headers.emplace_back("Retry-After", "1");
  out_ += head_of(status, headers, body.size(), framing_, is_chunked);
  if (!framing_.is_head) out_ += body;
  parser_.reset();
  buffer_.clear();
  closes_after_write_ = true;
}

void Connection::flush() {
  while (!out_.empty()) {
    const Io io = transport_.write(out_);
    if (io.status == IoStatus::closed) return close();
    if (io.status != IoStatus::done) {
      if (phase_ != Phase::writing) deadline_ = Steady::now() + terms_.options.stall_timeout;
      phase_ = Phase::writing;
      return wait(io.status);
    }
    if (phase_ == Phase::writing) deadline_ = Steady::now() + terms_.options.stall_timeout;
    out_.erase(0, io.size);
  }
  if (out_.capacity() > kReadBytes) out_ = {};
  if (closes_after_write_) {
    transport_.shut_down_writing();
    phase_ = Phase::closing;
    deadline_ = Steady::now() + kCloseTime;
    return on_data();
  }
  phase_ = Phase::idle;
  serve_buffered();
}

void Connection::sweep(Steady::time_point now) {
  if (is_running_ || is_closed_ || now < deadline_) return;
  if (phase_ == Phase::header && !terms_.is_draining) {
    refuse(408, "http.header_timeout", "the request's header did not come in time");
    waiter_.cancel();
    return flush();
  }
  if (phase_ == Phase::writing) transport_.reset();
  close();
}

void Connection::drain() {
  if (!is_running_ && phase_ == Phase::idle) close();
}

void Connection::cancel() {
  const std::lock_guard lock(stop_mutex_);
  if (stop_) stop_->request_stop();
}

void Connection::close() {
  if (std::exchange(is_closed_, true)) return;
  boost::system::error_code ignored;
  waiter_.cancel(ignored);
  loop_.connections.erase(shared_from_this());
}

}  // namespace weft::net
