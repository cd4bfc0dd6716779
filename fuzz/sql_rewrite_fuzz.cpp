#include <cstdint>

#include "platform/engine/worker/rewrite_differential.h"

// Differential: what the first check lets through is bound under the second, and its plan is looked at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::engine::worker::abort_unless_granted({reinterpret_cast<const char*>(data), size});
  return 0;
}
