#pragma once

#include <string_view>

#include "app/http.h"
#include "base/json_value.h"

namespace weft::registry {

inline constexpr std::string_view kMediaType = "application/vnd.schemaregistry.v1+json";

// Of an answer, by the request's Accept: the registry's own unless a plainer one is preferred.
std::string_view media_type(const Request& request);
Response answer(const Request& request, const json::Value& value);

}  // namespace weft::registry
