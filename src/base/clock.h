#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft {

// An instant in UTC, microseconds since 1970.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

std::string to_rfc3339(Time time);  // 2026-01-31T12:00:00.000000Z
// RFC 3339 with a zone; invalid "time.malformed".
Result<Time> parse_rfc3339(std::string_view text);
inline std::int64_t micros(Time time) { return time.time_since_epoch().count(); }
inline Time time_of(std::int64_t micros) { return Time(std::chrono::microseconds(micros)); }

// Time is passed in, so that tests and simulations own it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  // Never goes back; for durations and deadlines.
  virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
  std::chrono::steady_clock::time_point steady() const override;
};

}  // namespace weft
