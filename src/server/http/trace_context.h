#pragma once

#include <string>
#include <string_view>

namespace weft::server {

// A `traceparent` header as W3C Trace Context §3.2 takes it, or "" when it is to be ignored.
std::string valid_trace_parent(std::string_view header);

}  // namespace weft::server
