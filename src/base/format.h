#pragma once

// The one place that includes fmt; everything else writes format("…{}…", value).
#include <fmt/format.h>

namespace weft {
using fmt::format;
}  // namespace weft
