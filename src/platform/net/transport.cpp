#include "platform/net/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/format.h"

namespace weft::net {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kSlice{50};  // How soon a wait sees that it was cancelled.

std::string tls_error() {
  std::string all;
  while (const auto code = ERR_get_error()) {
    char text[256];
    ERR_error_string_n(code, text, sizeof text);
    if (all.empty()) all = text;
  }
  return all.empty() ? "no reason given" : all;
}

SSL* ssl(void* pointer) { return static_cast<SSL*>(pointer); }
SSL_CTX* context_of(void* pointer) { return static_cast<SSL_CTX*>(pointer); }

void set_common(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle connections keep no buffers; a write may go on with another copy of the same bytes.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(context_of(context_)); }

Result<std::shared_ptr<TlsContext>> TlsContext::server(const std::string& certificate_file,
                                                       const std::string& key_file) {
  SSL_CTX* native = SSL_CTX_new(TLS_server_method());
  if (native == nullptr) return fail(ErrorKind::unavailable, "http.tls", "TLS does not start: {}", tls_error());
  std::shared_ptr<TlsContext> context(new TlsContext(native));
  set_common(native);
  if (SSL_CTX_use_certificate_chain_file(native, certificate_file.c_str()) != 1) {
    return fail(ErrorKind::invalid, "http.tls", "{} is no certificate chain in PEM: {}", certificate_file, tls_error());
  }
  if (SSL_CTX_use_PrivateKey_file(native, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail(ErrorKind::invalid, "http.tls", "{} is no private key in PEM: {}", key_file, tls_error());
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    return fail(ErrorKind::invalid, "http.tls", "the key {} does not belong to the certificate {}", key_file,
                certificate_file);
  }
  return context;
}

Result<std::shared_ptr<TlsContext>> TlsContext::client(const std::string& ca_file) {
  SSL_CTX* native = SSL_CTX_new(TLS_client_method());
  if (native == nullptr) return fail(ErrorKind::unavailable, "http.tls", "TLS does not start: {}", tls_error());
  std::shared_ptr<TlsContext> context(new TlsContext(native));
  set_common(native);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  const int trusted = ca_file.empty() ? SSL_CTX_set_default_verify_paths(native)
                                      : SSL_CTX_load_verify_locations(native, ca_file.c_str(), nullptr);
  if (trusted != 1) {
    return fail(ErrorKind::invalid, "http.tls", "{} holds no certificates in PEM: {}",
                ca_file.empty() ? "the system's folder of authorities" : ca_file, tls_error());
  }
  return context;
}

Result<Transport> Transport::accept_tls(Fd fd, const TlsContext& context) {
  Transport made(std::move(fd));
  SSL* native = SSL_new(context_of(context.native()));
  if (native == nullptr || SSL_set_fd(native, made.fd()) != 1)
    return fail(ErrorKind::unavailable, "http.tls", "no TLS session: {}", tls_error());
  SSL_set_accept_state(native);
  made.ssl_ = native;
  return made;
}

Result<Transport> Transport::connect_tls(Fd fd, const TlsContext& context, const std::string& host) {
  Transport made(std::move(fd));
  SSL* native = SSL_new(context_of(context.native()));
  if (native == nullptr || SSL_set_fd(native, made.fd()) != 1)
    return fail(ErrorKind::unavailable, "http.tls", "no TLS session: {}", tls_error());
  made.ssl_ = native;
  SSL_set_connect_state(native);
  // An address is no name to ask for, but the certificate must still be of it.
  X509_VERIFY_PARAM* parameters = SSL_get0_param(native);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) != 1) {
    SSL_set_tlsext_host_name(native, host.c_str());
    SSL_set_hostflags(native, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(native, host.c_str()) != 1)
      return fail(ErrorKind::invalid, "http.tls", "{} is no host name", host);
  }
  return made;
}

Transport::Transport(Transport&& other) noexcept
    : fd_(std::move(other.fd_)), ssl_(std::exchange(other.ssl_, nullptr)), why_(std::move(other.why_)) {}

Transport::~Transport() {
  if (ssl_ != nullptr) SSL_free(ssl(ssl_));
}

Io Transport::told(int result) {
  switch (SSL_get_error(ssl(ssl_), result)) {
    case SSL_ERROR_WANT_READ:
      return {.size = 0, .status = IoStatus::want_read};
    case SSL_ERROR_WANT_WRITE:
      return {.size = 0, .status = IoStatus::want_write};
    case SSL_ERROR_SSL: {
      why_ = tls_error();
      const long verdict = SSL_get_verify_result(ssl(ssl_));
      if (verdict != X509_V_OK)
        why_ = std::string("the certificate is not trusted: ") + X509_verify_cert_error_string(verdict);
      return {.size = 0, .status = IoStatus::closed};
    }
    default:
      ERR_clear_error();
      return {.size = 0, .status = IoStatus::closed};
  }
}

Io Transport::read(char* out, std::size_t size) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    std::size_t done = 0;
    const int result = SSL_read_ex(ssl(ssl_), out, size, &done);
    return result == 1 ? Io{.size = done, .status = IoStatus::done} : told(result);
  }
  while (true) {
    const ssize_t done = ::recv(fd_.get(), out, size, MSG_DONTWAIT);
    if (done > 0) return {.size = static_cast<std::size_t>(done), .status = IoStatus::done};
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {.size = 0, .status = IoStatus::want_read};
    if (done < 0) why_ = std::strerror(errno);
    return {.size = 0, .status = IoStatus::closed};
  }
}

Io Transport::write(std::string_view bytes) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    std::size_t done = 0;
    const int result = SSL_write_ex(ssl(ssl_), bytes.data(), bytes.size(), &done);
    return result == 1 ? Io{.size = done, .status = IoStatus::done} : told(result);
  }
  while (true) {
    const ssize_t done = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (done >= 0) return {.size = static_cast<std::size_t>(done), .status = IoStatus::done};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {.size = 0, .status = IoStatus::want_write};
    why_ = std::strerror(errno);
    return {.size = 0, .status = IoStatus::closed};
  }
}

bool Transport::has_pending() const { return ssl_ != nullptr && SSL_has_pending(ssl(ssl_)) == 1; }

void Transport::shut_down_writing() {
  if (ssl_ != nullptr) {
    SSL_shutdown(ssl(ssl_));
    ERR_clear_error();
  }
  ::shutdown(fd_.get(), SHUT_WR);
}

void Transport::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

Result<> Transport::wait(IoStatus wanted, Steady::time_point deadline, const std::stop_token& cancelled) {
  while (true) {
    if (cancelled.stop_requested()) return fail(ErrorKind::cancelled, "http.cancelled", "the request was cancelled");
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now());
    if (left.count() <= 0) return fail(ErrorKind::timeout, "http.stalled", "the other side neither reads nor writes");
    pollfd one{
        .fd = fd_.get(), .events = static_cast<short>(wanted == IoStatus::want_read ? POLLIN : POLLOUT), .revents = 0};
    const auto slice = cancelled.stop_possible() ? std::min(left, kSlice) : left;
    const int ready = ::poll(&one, 1, static_cast<int>(slice.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR)
      return fail(ErrorKind::unavailable, "http.closed", "the connection is gone: {}", std::strerror(errno));
  }
}

Result<std::size_t> Transport::read_some(char* out, std::size_t size, std::chrono::milliseconds stall_max,
                                         std::stop_token cancelled) {
  const auto deadline = Steady::now() + stall_max;
  while (true) {
    const Io io = read(out, size);
    if (io.status == IoStatus::done) return io.size;
    if (io.status == IoStatus::closed) {
      return fail(ErrorKind::cancelled, "http.closed", "the other side closed the connection{}{}",
                  why_.empty() ? "" : ": ", why_);
    }
    TRY(wait(io.status, deadline, cancelled));
  }
}

Result<> Transport::write_all(std::string_view bytes, std::chrono::milliseconds stall_max, std::stop_token cancelled) {
  while (!bytes.empty()) {
    const Io io = write(bytes);
    if (io.status == IoStatus::closed) {
      return fail(ErrorKind::cancelled, "http.closed", "the other side closed the connection{}{}",
                  why_.empty() ? "" : ": ", why_);
    }
    if (io.status == IoStatus::done) {
      bytes.remove_prefix(io.size);
      continue;
    }
    TRY(wait(io.status, Steady::now() + stall_max, cancelled));
  }
  return {};
}

}  // namespace weft::net
