#pragma once

#include "app/http.h"

namespace weft {

int http_status(ErrorKind kind);
int exit_code(ErrorKind kind);  // 1: the answer is «no»; 2: could not do it.
std::string_view sql_state(ErrorKind kind);

// RFC 9457: type, title, status, detail, `code`, `request_id`, and the error's details as extension members.
Response problem(const Error& error, std::string_view request_id);
// The Error that a problem document tells of: for clients of the API.
Error error_of(const Response& response);

}  // namespace weft
