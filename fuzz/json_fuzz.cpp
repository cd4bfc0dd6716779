#include <cstdint>

#include "base/check.h"
#include "base/json.h"

// JSON as it comes through every door: what is taken is written, taken again, and written the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = weft::json::parse({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const std::string written = weft::json::write(*value);
  const auto again = weft::json::parse(written);
  CHECK(again && weft::json::write(*again) == written);
  return 0;
}
