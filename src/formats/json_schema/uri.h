#pragma once

#include <string>
#include <string_view>
#include <utility>

// URI references, as far as `$id` and `$ref` use them. Texts are compared as they stand, but for dot segments.
namespace weft::json_schema {

// RFC 3986 §5.2, without the fragment of the base.
std::string resolve_uri(std::string_view base, std::string_view reference);
// What stands before the first # and what stands behind it.
std::pair<std::string_view, std::string_view> split_fragment(std::string_view uri);

}  // namespace weft::json_schema
