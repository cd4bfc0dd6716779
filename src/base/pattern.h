#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft {

// A regular expression that runs in linear time (RE2). Cheap to copy, thread-safe.
class Pattern {
 public:
  // invalid "pattern.malformed"; unsupported "pattern.unsupported" for look-around and back references.
  static Result<Pattern> compile(std::string_view expression);
  bool found_in(std::string_view text) const;  // Anywhere, as JSON Schema has it.
  bool matches_all(std::string_view text) const;

 private:
  std::shared_ptr<const void> compiled_;
};

}  // namespace weft
