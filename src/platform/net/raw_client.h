#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/text.h"

// For tests: a client that says exactly what it is told to, and a reader of answers that shares no code with the
// server.
namespace weft::net {

struct RawAnswer {
  int status = 0;  // 0: none came.
  std::string head, body;
  bool is_whole = false;
  std::string header(std::string_view name) const {
    for (const std::string_view line : text::split(head, '\n')) {
      const auto colon = line.find(':');
      if (colon != std::string_view::npos && text::iequals(line.substr(0, colon), name))
        return std::string(text::trim(line.substr(colon + 1)));
    }
    return {};
  }
};

// The smallest one for most tests.
inline std::string get_of(std::string_view target, std::string_view more_headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: t\r\n" + std::string(more_headers) + "\r\n";
}
inline std::string post_of(std::string_view target, std::string_view body, std::string_view more_headers = "") {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more_headers) + "\r\n" + std::string(body);
}

class RawClient {
 public:
  explicit RawClient(int port, int receive_buffer = 0) {
    fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd_.reset();
  }
  bool is_connected() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  // False when the server is gone or does not take it all in time.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!waits_for(POLLOUT, kPatience)) return false;
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // What the system takes of this without waiting.
  std::size_t send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  bool is_readable_within(std::chrono::milliseconds time) { return !buffer_.empty() || waits_for(POLLIN, time); }
  bool is_writable_within(std::chrono::milliseconds time) { return waits_for(POLLOUT, time); }

  // The next answer, interim ones (100) included. `method` decides whether it has a body.
  RawAnswer answer(std::string_view method = "GET") {
    RawAnswer answer;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return answer;
    }
    answer.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    if (!answer.head.starts_with("HTTP/1.1 ")) return answer;
    answer.status = std::atoi(answer.head.c_str() + 9);
    const std::string length = answer.header("Content-Length");
    if (method == "HEAD" || answer.status < 200 || answer.status == 204 || answer.status == 304) {
      answer.is_whole = true;
    } else if (answer.header("Transfer-Encoding") == "chunked") {
      answer.is_whole = take_chunks(answer.body);
    } else if (!length.empty()) {
      answer.is_whole = take(std::stoull(length), answer.body);
    } else {
      while (fill()) {
      }
      answer.body = std::exchange(buffer_, {});
      answer.is_whole = !was_reset_;
    }
    return answer;
  }
  // All until the server closes.
  std::string rest() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  // The server closed (or reset) within the tests' patience, having said nothing more.
  bool is_closed() { return buffer_.empty() && !fill() && has_ended_; }
  bool was_reset() const { return was_reset_; }
  void shut_down_writing() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }

 private:
  static constexpr std::chrono::milliseconds kPatience{20'000};

  bool waits_for(short what, std::chrono::milliseconds time) {
    pollfd one{.fd = fd_.get(), .events = what, .revents = 0};
    return ::poll(&one, 1, static_cast<int>(time.count())) > 0;
  }
  bool fill() {
    if (!fd_ || has_ended_ || !waits_for(POLLIN, kPatience)) return false;
    char bytes[64 << 10];
    const ssize_t size = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    has_ended_ = size <= 0;
    was_reset_ = size < 0;
    if (size > 0) buffer_.append(bytes, static_cast<std::size_t>(size));
    return size > 0;
  }
  bool take(std::size_t size, std::string& out) {
    while (buffer_.size() < size) {
      if (!fill()) {
        out += std::exchange(buffer_, {});
        return false;
      }
    }
    out.append(buffer_, 0, size);
    buffer_.erase(0, size);
    return true;
  }
  bool take_chunks(std::string& out) {
    while (true) {
      std::size_t end = 0;
      while ((end = buffer_.find("\r\n")) == std::string::npos) {
        if (!fill()) return false;
      }
      const std::size_t size = std::stoull(buffer_.substr(0, end), nullptr, 16);
      buffer_.erase(0, end + 2);
      std::string line_end;
      if (size > 0 && !take(size, out)) return false;
      if (!take(2, line_end) || line_end != "\r\n") return false;
      if (size == 0) return true;
    }
  }

  Fd fd_;
  std::string buffer_;
  bool has_ended_ = false, was_reset_ = false;
};

}  // namespace weft::net
