#include "app/problem.h"

#include "base/json.h"

namespace weft {
namespace {

struct Reaction {
  ErrorKind kind;
  int status;
  int exit_code;
  std::string_view sql_state;
  std::string_view title;
};

// The one table of how each kind of error is answered at each door.
constexpr Reaction kReactions[] = {
    {ErrorKind::internal, 500, 2, "XX000", "Internal error"},
    {ErrorKind::invalid, 400, 2, "22023", "Invalid request"},
    {ErrorKind::unauthenticated, 401, 2, "28000", "Not authenticated"},
    {ErrorKind::denied, 403, 1, "42501", "Access denied"},
    {ErrorKind::not_found, 404, 1, "42P01", "Not found"},
    {ErrorKind::conflict, 409, 1, "40001", "Conflict"},
    {ErrorKind::precondition, 412, 1, "40001", "Precondition failed"},
    {ErrorKind::refused, 422, 1, "23514", "Refused"},
    {ErrorKind::limit, 413, 1, "54000", "Limit exceeded"},
    {ErrorKind::unsupported, 415, 2, "0A000", "Not supported"},
    {ErrorKind::unavailable, 503, 2, "57P03", "Unavailable"},
    {ErrorKind::timeout, 504, 2, "57014", "Timed out"},
    {ErrorKind::cancelled, 499, 2, "57014", "Cancelled"},
};

const Reaction& reaction_to(ErrorKind kind) {
  for (const Reaction& reaction : kReactions) {
    if (reaction.kind == kind) return reaction;
  }
  return kReactions[0];
}

// What exists but not in the way asked for is more telling than the kind's usual status.
int status_of(const Error& error) {
  if (error.code == "request.method_not_allowed") return 405;
  if (error.code == "request.not_acceptable") return 406;
  if (error.code == "auth.too_many_tries" || error.code == "engine.busy") return 429;
  return reaction_to(error.kind).status;
}

}  // namespace

int http_status(ErrorKind kind) { return reaction_to(kind).status; }
int exit_code(ErrorKind kind) { return reaction_to(kind).exit_code; }
std::string_view sql_state(ErrorKind kind) { return reaction_to(kind).sql_state; }

Response problem(const Error& error, std::string_view request_id) {
  const int status = status_of(error);
  json::Object document;
  document.set("type", "about:blank");
  document.set("title", reaction_to(error.kind).title);
  document.set("status", status);
  document.set("detail", error.message);
  document.set("code", error.code);
  document.set("kind", to_string(error.kind));
  if (!request_id.empty()) document.set("request_id", request_id);
  for (const auto& member : error.details) document.add(member.key, member.value);
  Response answer = Response::json(document, status);
  answer.headers.set("Content-Type", "application/problem+json");
  if (error.kind == ErrorKind::unauthenticated) {
    answer.headers.set("WWW-Authenticate", "Bearer realm=\"weft\", Basic realm=\"weft\"");
  }
  if (status == 503 || status == 429) answer.headers.set("Retry-After", "1");
  return answer;
}

Error error_of(const Response& response) {
  Error error{.kind = ErrorKind::internal,
              .code = "http.status",
              .message = format("the server answered {}", response.status),
              .details = {}};
  for (const Reaction& reaction : kReactions) {
    if (reaction.status == response.status) error.kind = reaction.kind;
  }
  if (response.status == 405) error.kind = ErrorKind::invalid;
  if (response.status == 429) error.kind = ErrorKind::unavailable;
  const auto* text = std::get_if<std::string>(&response.body);
  if (text == nullptr) return error;
  const auto document = json::parse(*text);
  if (!document || !document->is_object()) return error;
  for (const auto& member : document->object()) {
    if (member.key == "detail" && member.value.is_text()) {
      error.message = member.value.text();
    } else if (member.key == "message" && member.value.is_text() && document->object().contains("error_code")) {
      error.message = member.value.text();  // The schema registry's words.
    } else if (member.key == "error_code") {
      error.code = "registry." + json::write(member.value);
    } else if (member.key == "code" && member.value.is_text()) {
      error.code = member.value.text();
    } else if (member.key == "kind") {
      for (const Reaction& reaction : kReactions) {
        if (member.value.text_or("") == to_string(reaction.kind)) error.kind = reaction.kind;
      }
    } else if (member.key != "type" && member.key != "title" && member.key != "status") {
      error.details.set(member.key, member.value);
    }
  }
  return error;
}

}  // namespace weft
