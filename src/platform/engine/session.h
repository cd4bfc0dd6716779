#pragma once

#include "platform/engine/pool.h"

namespace weft::engine {

// A session (engine.h). Leases its worker at its first operation: a light one, then a heavy one when the work turns out
// to be heavy. The pool outlives it.
std::unique_ptr<Session> make_session(Pool& pool, WorkClass work, const Limits& limits, std::stop_token cancelled);

// The fences of a worker, and what came of trying each.
Result<json::Value> try_fences(Pool& pool);

}  // namespace weft::engine
