#include <cstdint>

#include "base/check.h"
#include "base/json.h"

// JSON as it comes through every door: what is taken is written and taken again as the same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = weft::json::parse({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const auto again = weft::json::parse(weft::json::write(*value));
  CHECK(again && *again == *value);
  return 0;
}
