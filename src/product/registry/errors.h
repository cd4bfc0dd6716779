#pragma once

#include <string>
#include <string_view>

#include "app/http.h"
#include "base/result.h"

namespace weft::registry {

// The registry API's error codes; the first three digits are the HTTP status.
enum class Code {
  incompatible = 409,
  subject_not_found = 40401,
  version_not_found = 40402,
  schema_not_found = 40403,
  subject_soft_deleted = 40404,
  subject_not_soft_deleted = 40405,
  version_soft_deleted = 40406,
  version_not_soft_deleted = 40407,
  no_subject_compatibility = 40408,
  no_subject_mode = 40409,
  invalid_schema = 42201,
  invalid_version = 42202,
  invalid_compatibility = 42203,
  invalid_mode = 42204,
  not_permitted = 42205,
  referenced = 42206,
  id_mismatch = 42207,
  invalid_subject = 42208,
  too_large = 42209,
  invalid_rules = 42210,
  context_not_empty = 42211,
  unprocessable = 422,
  malformed = 400,
  store = 50001,
};

// An Error that the registry's door answers with that code.
std::unexpected<Error> refuse(Code code, std::string message);

std::unexpected<Error> no_subject(std::string_view subject);
std::unexpected<Error> no_version(std::string_view version);
std::unexpected<Error> no_schema();

// `{"error_code":…,"message":…}` with the status that belongs to it: for every refusal below /registry.
Response registry_problem(const Error& error, const Request& request);

}  // namespace weft::registry
