#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "formats/odcs/odcs.h"

namespace weft::standard {

// What the standard's JSON Schema of a version says of a document, where `problems` do not speak of the same place
// already. `standard` is "odcs" or "odps". Versions without a schema here (odcs.version tells of them) say nothing.
void check(std::string_view standard, std::string_view version, const json::Value& document,
           std::vector<odcs::Problem>& problems);

// All that the standard's JSON Schema of a version says of a document; nothing when there is no such schema here.
std::optional<std::vector<odcs::Problem>> violations(std::string_view standard, std::string_view version,
                                                     const json::Value& document);

}  // namespace weft::standard
