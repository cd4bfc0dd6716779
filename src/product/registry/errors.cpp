#include "product/registry/errors.h"

#include "app/problem.h"
#include "base/json.h"
#include "product/registry/media.h"

namespace weft::registry {
namespace {

ErrorKind kind_of(int code) {
  switch (code < 1000 ? code : code / 100) {
    case 400:
      return ErrorKind::invalid;
    case 404:
      return ErrorKind::not_found;
    case 409:
      return ErrorKind::conflict;
    case 422:
      return ErrorKind::refused;
    default:
      return ErrorKind::unavailable;
  }
}

// What the API calls an error that is none of its own.
int code_of(const Error& error, int status) {
  switch (status) {
    case 401:
      return 40101;
    case 403:
      return 40301;
    case 500:
      return error.kind == ErrorKind::internal ? 50001 : status;
    case 503:
      return 50001;
    case 504:
      return 50002;
    default:
      return status;
  }
}

}  // namespace

std::unexpected<Error> refuse(Code code, std::string message) {
  const int number = static_cast<int>(code);
  Error error{.kind = kind_of(number),
              .code = "registry." + std::to_string(number),
              .message = std::move(message),
              .details = {}};
  error.details.set("error_code", number);
  return std::unexpected(std::move(error));
}

std::unexpected<Error> no_subject(std::string_view subject) {
  return refuse(Code::subject_not_found, format("Subject '{}' not found.", subject));
}

std::unexpected<Error> no_version(std::string_view version) {
  return refuse(Code::version_not_found, format("Version {} not found.", version));
}

std::unexpected<Error> no_schema() { return refuse(Code::schema_not_found, "Schema not found"); }

Response registry_problem(const Error& error, const Request& request) {
  // The status, WWW-Authenticate, Retry-After and Allow are those of every other door.
  Response answer = problem(error, request.request_id);
  json::Object body;
  if (const auto* own = error.details.find("error_code")) {
    const std::int64_t code = own->integer_or(500);
    answer.status = static_cast<int>(code < 1000 ? code : code / 100);
    body.set("error_code", code);
    body.set("message", error.message);
  } else {
    if (error.kind == ErrorKind::unavailable && answer.status == 503) answer.status = 500;
    body.set("error_code", code_of(error, answer.status));
    body.set("message", error.message + " [" + error.code + "]");
  }
  answer.headers.set("Content-Type", std::string(media_type(request)));
  answer.body = json::write(body);
  return answer;
}

}  // namespace weft::registry
