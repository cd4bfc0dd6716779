#pragma once

#include <string_view>

#include "base/pattern.h"

namespace weft::json_schema {

// A pattern as JSON Schema has it (ECMA-262), run in linear time: what the two languages spell differently is
// translated. Errors: those of Pattern::compile().
Result<Pattern> compile_pattern(std::string_view expression);

}  // namespace weft::json_schema
