#pragma once

#include "base/json_value.h"
#include "base/result.h"

namespace weft::engine::worker {

// Shuts this process off: no new privileges, no path to open, no network, no other program, no tracing. Called with one thread.
// Returns which fences stand: {"landlock": 3, "seccomp": true, "rlimits": true}. Fails closed where the kernel offers
// neither Landlock nor seccomp: unavailable "engine.fences".
Result<json::Object> raise_fences(std::uint64_t memory_bytes);

}  // namespace weft::engine::worker
