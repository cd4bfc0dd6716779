#pragma once

#include <string_view>

#include "base/result.h"

namespace weft::engine::worker {

// Counts brackets before the parser sees the text, outside quotes and comments: limit "sql.too_deep". The parser and
// the walk have limits of their own; this one is linear, needs no stack and names the place.
Result<> check_nesting(std::string_view sql);

}  // namespace weft::engine::worker
