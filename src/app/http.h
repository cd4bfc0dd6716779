#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "app/principal.h"
#include "base/bytes.h"
#include "base/json_value.h"
#include "base/result.h"

namespace weft::json_schema {
class Schema;
}

namespace weft {

// Header names compare without case and keep the order they came in.
class Headers {
 public:
  void add(std::string name, std::string value) { items_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);
  std::optional<std::string_view> get(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

// One request as a handler sees it, whichever door it came through. A handler is a plain blocking function.
struct Request {
  std::string method;
  std::string path;                           // Decoded by segment in `params`; here as it came, without the query.
  std::map<std::string, std::string> params;  // From the path template, percent-decoded.
  std::string query_text;                     // Behind the `?`, as it came: the router decodes it.
  std::map<std::string, std::string> query;   // Decoded, by the router; of a repeated key the first value.
  std::vector<std::pair<std::string, std::string>> query_items;  // All of them, in the order they came.
  Headers headers;
  ByteSource* body = nullptr;              // May be null: no body. Streaming; larger than memory is fine.
  std::optional<std::uint64_t> body_size;  // When the sender said.
  Principal principal;
  std::string request_id;                            // Ours, returned as `X-Request-Id`.
  std::string trace_parent;                          // W3C, valid or empty.
  std::string door;                                  // "http", "cli", "job".
  std::stop_token cancelled;                         // The client closed, or the server drains.
  const json_schema::Schema* body_schema = nullptr;  // What json() holds the body to.

  // The whole body, at most `bytes_max`: limit "request.too_large", invalid "request.truncated".
  Result<std::string> text(std::size_t bytes_max = 1 << 20) const;
  // The whole body as JSON that the route's request schema allows: also unsupported "request.media_type" when it says
  // it is something else, invalid "request.body" (details: problems by JSON pointer).
  Result<json::Value> json(std::size_t bytes_max = 1 << 20) const;
  std::string_view param(std::string_view name) const;  // CHECKs that the template has it.
  std::string_view query_or(std::string_view name, std::string_view otherwise) const;
};

// The part of a target behind `?`, in the order it came: invalid "request.malformed".
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text);

// Writes the body; a failure after the first byte aborts the message, so that the reader sees that it is not whole.
using BodyWriter = std::function<Result<>(ByteSink&)>;

struct Response {
  int status = 200;
  Headers headers;
  std::variant<std::string, BodyWriter> body;

  static Response json(const json::Value& value, int status = 200);
  static Response text(std::string text, std::string_view media_type = "text/plain; charset=utf-8");
  static Response stream(BodyWriter writer, std::string_view media_type);
  Response&& with(std::string_view header, std::string value) &&;
};

// What a handler returns; an Error becomes an RFC 9457 problem document in one place (app/problem.h).
using Answer = Result<Response>;
using Handler = std::function<Answer(Request&)>;

// A page of a listing: `{"items":[…],"next":"opaque"}`; query parameters `limit` (1–1000, default 100) and `cursor`.
struct Page {
  int limit = 100;
  std::string after;  // The decoded cursor: the last key of the page before.
};
Result<Page> page_of(const Request& request);
json::Value page_answer(json::Array items, const std::optional<std::string>& next_key);

// A strong entity tag over a text, and the check of `If-Match`: precondition "request.stale" when it names another.
std::string entity_tag(std::string_view text);
Result<> check_if_match(const Request& request, std::string_view current_tag);

}  // namespace weft
