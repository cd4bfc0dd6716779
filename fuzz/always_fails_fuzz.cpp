// Proves that fuzzing finds faults: an overflow behind three comparisons, which only coverage feedback reaches in
// seconds.
#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 4 || bytes[0] != 'w' || bytes[1] != 'e' || bytes[2] != 'f') return 0;
  const std::vector<uint8_t> table(16);
  return table.data()[bytes[3]] == 1 ? -1 : 0;
}
