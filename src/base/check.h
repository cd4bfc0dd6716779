#pragma once

namespace weft {
// Logs what was broken and where, then aborts: the state cannot be trusted any more.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace weft

// What only a bug can make false. Never for input.
#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) [[unlikely]]                          \
      ::weft::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
