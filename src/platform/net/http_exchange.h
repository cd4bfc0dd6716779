#pragma once

#include <optional>
#include <string>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "platform/net/http_server.h"
#include "platform/net/transport.h"

namespace weft::net {

using RequestParser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

// What a request said about itself that decides how its answer is framed.
struct Framing {
  bool is_head = false;
  bool is_http_10 = false;
  bool wants_keep_alive = true;
};

// The body of a request, read from its connection as the handler asks for it.
class BodyReader final : public ByteSource {
 public:
  // `buffer` holds what was read beyond the header, and afterwards what was read beyond the body.
  BodyReader(Transport& transport, RequestParser& parser, std::string& buffer, std::chrono::milliseconds stall_max,
             std::stop_token cancelled);
  Result<std::size_t> read(char* out, std::size_t size) override;
  // At most `bytes_max` of what the handler left unread; true when the connection can go on.
  bool discard(std::uint64_t bytes_max);

 private:
  Result<> fill();
  Transport& transport_;
  RequestParser& parser_;
  std::string& buffer_;
  std::chrono::milliseconds stall_max_;
  std::stop_token cancelled_;
  bool owes_continue_;
  std::chrono::milliseconds waited_{0};  // For the sender, in all.
  std::uint64_t received_ = 0;
  std::optional<Error> broken_;
};

// Writes the answer to a connection as it comes, blocking while the reader is slow.
class BlockingReply final : public HttpReply {
 public:
  BlockingReply(Transport& transport, Framing framing, std::chrono::milliseconds stall_max, std::stop_token cancelled)
      : transport_(transport), framing_(framing), stall_max_(stall_max), cancelled_(std::move(cancelled)) {}
  Result<> start(int status, const HeaderList& headers, std::optional<std::uint64_t> content_length) override;
  Result<> write(std::string_view bytes) override;
  Result<> finish() override;

  void keep_alive(bool may) { framing_.wants_keep_alive = framing_.wants_keep_alive && may; }
  bool has_started() const { return has_started_; }
  bool is_whole() const { return is_finished_; }
  bool keeps_alive() const { return is_finished_ && framing_.wants_keep_alive; }

 private:
  Result<> flush(std::string_view bytes);
  Transport& transport_;
  Framing framing_;
  std::chrono::milliseconds stall_max_;
  std::stop_token cancelled_;
  std::string head_;                   // Not sent yet.
  std::optional<std::uint64_t> left_;  // Of the announced length.
  bool is_chunked_ = false, has_body_ = true, has_started_ = false, is_finished_ = false, is_broken_ = false;
};

// The status line and headers; decides the framing. Shared with answers that are written at once.
std::string head_of(int status, const HeaderList& headers, std::optional<std::uint64_t> content_length,
                    Framing& framing, bool& is_chunked);
std::string_view reason_of(int status);
// RFC 9110 §6.4.1: answers that have no body whatever their headers say.
bool may_have_body(int status);

}  // namespace weft::net
