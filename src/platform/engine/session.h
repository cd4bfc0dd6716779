#pragma once

#include "platform/engine/pool.h"

namespace weft::engine {

// A session over one leased worker (engine.h, Session). The pool outlives it.
std::unique_ptr<Session> make_session(Pool& pool, std::unique_ptr<WorkerProcess> worker, WorkClass work, const Limits& limits, std::stop_token cancelled);

}  // namespace weft::engine
