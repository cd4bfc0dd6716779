#pragma once

#include <string_view>

namespace weft::engine::worker {

// For fuzzing. SQL text through parse, rewrite and bind, beside a catalog that holds a table which nobody granted and
// the engine's own views and functions. Aborts when what the rewriter let through reads anything but granted relations.
void abort_unless_granted(std::string_view sql);

}  // namespace weft::engine::worker
