#pragma once

#include <string>
#include <string_view>

#include "base/json_value.h"

namespace weft {

// How to react to an error. server/errors.cpp maps each to an HTTP status, a SQLSTATE and an exit code.
enum class ErrorKind {
  internal,         // Our fault.
  invalid,          // The request cannot be right whatever the state is.
  unauthenticated,  // Nobody known asks.
  denied,           // Somebody known may not.
  not_found,
  conflict,      // The state changed or forbids it.
  precondition,  // If-Match did not hold, or the planned revision moved.
  refused,       // A gate said no: contract, checks, evidence.
  limit,         // Too large, too deep, too many.
  unsupported,
  unavailable,  // Try later.
  timeout,
  cancelled,
};

std::string_view to_string(ErrorKind kind);

// `code` is stable and for programs ("contract.breaking_change"); `message` is for people and names the thing, the
// place, the limit and the next step. `details` holds what a client can use: lists of problems, limits, positions.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string code = "internal";
  std::string message;
  json::Object details;
};

}  // namespace weft
