#pragma once

#include <cstdint>
#include <string>

#include "base/json_value.h"
#include "base/result.h"

namespace weft::engine::worker {

struct FenceOptions {
  std::uint64_t memory_bytes = 1ULL << 30;
  std::string spill_folder;  // The only folder whose files may be opened; empty: none.
};

// Shuts this process off: no new privileges, no path to open but the spill folder's, no network, no other program, no
// other process. Called with one thread, before any word of a user is read. Returns which fences stand:
// {"landlock": 3, "seccomp": true, "no_new_privs": true, "rlimits": true}. Fails closed where the kernel offers too
// little: unavailable "engine.fences".
Result<json::Object> raise_fences(const FenceOptions& options);

// One try of each thing that the fences forbid: {"open": "refused", "connect": …}; "open" as a value says that it went
// through.
json::Object try_fences();

}  // namespace weft::engine::worker
