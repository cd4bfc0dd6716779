#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace weft::catalog {

// The files that `weft init` writes: (relative path, text). They validate, and say what each line is for.
const std::vector<std::pair<std::string_view, std::string_view>>& scaffold();

}  // namespace weft::catalog
