#include "platform/net/http_exchange.h"

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

#include <ctime>

#include "base/format.h"
#include "base/text.h"

namespace weft::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::uint64_t kBytesPerSecondMin = 1000;  // Of a body, once its sender had its time to stall.

// IMF-fixdate (RFC 9110 §5.6.7), made anew each second.
std::string_view date_now() {
  thread_local std::time_t at = 0;
  thread_local char text[40];
  thread_local std::size_t size = 0;
  const std::time_t now = ::time(nullptr);
  if (now != at) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    at = now;
  }
  return {text, size};
}

}  // namespace

std::string_view reason_of(int status) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(status));
  return {reason.data(), reason.size()};
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string head_of(int status, const HeaderList& headers, std::optional<std::uint64_t> content_length,
                    Framing& framing, bool& is_chunked) {
  std::string head;
  head.reserve(512);
  head += "HTTP/1.1 ";
  head += std::to_string(status);
  head += ' ';
  head += reason_of(status);
  head += "\r\nDate: ";
  head += date_now();
  head += "\r\n";
  for (const auto& [name, value] : headers) {
    if (text::iequals(name, "Connection")) {
      framing.wants_keep_alive = false;
      continue;
    }
    head += name;
    head += ": ";
    // A line break inside a value would start another header.
    for (const char c : value) head += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    head += "\r\n";
  }
  is_chunked = false;
  if (may_have_body(status)) {
    if (content_length) {
      head += "Content-Length: ";
      head += std::to_string(*content_length);
      head += "\r\n";
    } else if (framing.is_http_10) {
      framing.wants_keep_alive = false;  // Its end is the connection's.
    } else {
      head += "Transfer-Encoding: chunked\r\n";
      is_chunked = true;
    }
  }
  if (!framing.wants_keep_alive) head += "Connection: close\r\n";
  if (framing.wants_keep_alive && framing.is_http_10) head += "Connection: keep-alive\r\n";
  head += "\r\n";
  return head;
}

Result<> HttpReply::send(int status, const HeaderList& headers, std::string_view body) {
  TRY(start(status, headers, body.size()));
  TRY(write(body));
  return finish();
}

BodyReader::BodyReader(Transport& transport, RequestParser& parser, std::string& buffer,
                       std::chrono::milliseconds stall_max, std::stop_token cancelled)
    : transport_(transport), parser_(parser), buffer_(buffer), stall_max_(stall_max), cancelled_(std::move(cancelled)) {
  owes_continue_ = boost::beast::iequals(parser.get()[http::field::expect], "100-continue");
}

// Reads at least a byte more into the buffer.
Result<> BodyReader::fill() {
  if (owes_continue_) {
    owes_continue_ = false;
    TRY(transport_.write_all("HTTP/1.1 100 Continue\r\n\r\n", stall_max_, cancelled_));
  }
  const std::size_t had = buffer_.size();
  buffer_.resize(had + kReadBytes);
  const auto begun = std::chrono::steady_clock::now();
  auto size = transport_.read_some(buffer_.data() + had, kReadBytes, stall_max_, cancelled_);
  buffer_.resize(had + size.value_or(0));
  waited_ += std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  received_ += size.value_or(0);
  const std::chrono::milliseconds allowed =
      stall_max_ + std::chrono::milliseconds(received_ * 1000 / kBytesPerSecondMin);
  if (waited_ > allowed) {
    return fail(ErrorKind::timeout, "http.body_timeout", "the request's body comes slower than {} bytes a second",
                kBytesPerSecondMin);
  }
  if (!size && size.error().code == "http.closed") {
    return fail(ErrorKind::invalid, "request.truncated", "the request's body stopped before its end");
  }
  if (!size && size.error().code == "http.stalled") {
    return fail(ErrorKind::timeout, "http.body_timeout", "the request's body did not move for {} s",
                stall_max_.count() / 1000);
  }
  if (!size) return fail(size.error());
  return {};
}

Result<std::size_t> BodyReader::read(char* out, std::size_t size) {
  if (broken_) return fail(*broken_);
  auto broken = [this](Error error) {
    broken_ = error;
    return fail(std::move(error));
  };
  while (!parser_.is_done()) {
    auto& body = parser_.get().body();
    body.data = out;
    body.size = size;
    body.more = true;
    boost::beast::error_code error;
    if (!buffer_.empty()) {
      const std::size_t used = parser_.put(boost::asio::buffer(buffer_), error);
      buffer_.erase(0, used);
    } else {
      error = http::error::need_more;
    }
    const std::size_t done = size - body.size;
    if (error == http::error::need_buffer) error = {};
    if (error && error != http::error::need_more) {
      if (error == http::error::body_limit)
        return broken({.kind = ErrorKind::limit,
                       .code = "request.too_large",
                       .message = "the request's body is larger than this server takes",
                       .details = {}});
      return broken({.kind = ErrorKind::invalid,
                     .code = "http.malformed",
                     .message = format("the request's body is malformed: {}", error.message()),
                     .details = {}});
    }
    if (done > 0) return done;
    if (parser_.is_done()) break;
    if (error == http::error::need_more) {
      if (auto filled = fill(); !filled) return broken(std::move(filled).error());
    }
  }
  return std::size_t{0};
}

bool BodyReader::discard(std::uint64_t bytes_max) {
  if (parser_.is_done()) return true;
  if (broken_ || owes_continue_) return false;  // A sender that waits for leave sends nothing now.
  char unread[16 << 10];
  stall_max_ = std::min(stall_max_, std::chrono::milliseconds(1000));
  for (std::uint64_t seen = 0; seen <= bytes_max;) {
    const auto size = read(unread, sizeof unread);
    if (!size) return false;
    if (*size == 0) return true;
    seen += *size;
  }
  return false;
}

Result<> BlockingReply::start(int status, const HeaderList& headers, std::optional<std::uint64_t> content_length) {
  has_started_ = true;
  head_ = head_of(status, headers, content_length, framing_, is_chunked_);
  has_body_ = may_have_body(status) && !framing_.is_head;
  left_ = content_length;
  return {};
}

Result<> BlockingReply::flush(std::string_view bytes) {
  if (is_broken_) return fail(ErrorKind::cancelled, "http.closed", "the reader of the answer is gone");
  auto sent = transport_.write_all(bytes, stall_max_, cancelled_);
  is_broken_ = !sent;
  return sent;
}

Result<> BlockingReply::write(std::string_view bytes) {
  if (bytes.empty() || !has_body_) return {};
  if (left_) {
    if (bytes.size() > *left_) {
      is_broken_ = true;
      return fail(ErrorKind::internal, "http.length", "an answer is longer than it was announced");
    }
    *left_ -= bytes.size();
  }
  std::string out = std::exchange(head_, {});
  if (is_chunked_) out += format("{:x}\r\n", bytes.size());
  constexpr std::size_t kCopyMax = 128 << 10;
  if (bytes.size() > kCopyMax) {
    if (!out.empty()) TRY(flush(out));
    TRY(flush(bytes));
    return is_chunked_ ? flush("\r\n") : Result<>();
  }
  out += bytes;
  if (is_chunked_) out += "\r\n";
  return flush(out);
}

Result<> BlockingReply::finish() {
  std::string out = std::exchange(head_, {});
  if (is_chunked_ && has_body_) out += "0\r\n\r\n";
  if (!out.empty()) TRY(flush(out));
  is_finished_ = !is_broken_ && (!has_body_ || !left_ || *left_ == 0);
  return {};
}

}  // namespace weft::net
