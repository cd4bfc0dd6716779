#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace weft::net {

// Certificates and their rules, shared by all connections of a server or a client.
class TlsContext {
 public:
  // invalid "http.tls": what cannot be read or does not fit together, naming the file.
  static Result<std::shared_ptr<TlsContext>> server(const std::string& certificate_file, const std::string& key_file);
  // Trusts the system's authorities, or those of `ca_file` alone.
  static Result<std::shared_ptr<TlsContext>> client(const std::string& ca_file);
  ~TlsContext();
  void* native() const { return context_; }

 private:
  explicit TlsContext(void* context) : context_(context) {}
  void* context_;  // SSL_CTX.
};

enum class IoStatus { done, want_read, want_write, closed };
struct Io {
  std::size_t size = 0;
  IoStatus status = IoStatus::done;
};

// A connected, non-blocking socket, plain or TLS. The handshake happens by itself at the first read or write.
// One thread at a time.
class Transport {
 public:
  explicit Transport(Fd fd) : fd_(std::move(fd)) {}
  // unavailable "http.tls".
  static Result<Transport> accept_tls(Fd fd, const TlsContext& context);
  static Result<Transport> connect_tls(Fd fd, const TlsContext& context, const std::string& host);
  Transport(Transport&& other) noexcept;
  Transport& operator=(Transport&&) = delete;
  ~Transport();

  int fd() const { return fd_.get(); }
  bool is_tls() const { return ssl_ != nullptr; }
  // Never blocks. `closed` is also any error; why() says more.
  Io read(char* out, std::size_t size);
  Io write(std::string_view bytes);
  // Decrypted bytes that wait inside: the socket does not tell of them.
  bool has_pending() const;
  const std::string& why() const { return why_; }
  void shut_down_writing();
  // What is on its way is thrown away, and the other side sees a reset.
  void reset();

  // Blocking forms: cancelled "http.closed", timeout "http.stalled", cancelled "http.cancelled".
  Result<std::size_t> read_some(char* out, std::size_t size, std::chrono::milliseconds stall_max,
                                std::stop_token cancelled);
  Result<> write_all(std::string_view bytes, std::chrono::milliseconds stall_max, std::stop_token cancelled);

 private:
  Io told(int result);
  Result<> wait(IoStatus wanted, std::chrono::steady_clock::time_point deadline, const std::stop_token& cancelled);

  Fd fd_;
  void* ssl_ = nullptr;  // SSL.
  std::string why_;
};

}  // namespace weft::net
