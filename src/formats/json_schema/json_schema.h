#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json_value.h"
#include "base/pattern.h"
#include "base/result.h"

namespace weft::json_schema {

inline constexpr std::size_t kViolationsMax = 100;
inline constexpr int kDepthMax = 200;

struct Violation {
  std::string pointer;  // RFC 6901, into the instance.
  std::string keyword;  // "required", "type" …
  std::string message;
};

// A compiled schema of draft 2019-09 (README.md says which keywords). Thread-safe.
class Schema {
 public:
  // invalid "json_schema.malformed", unsupported "json_schema.keyword".
  static Result<Schema> compile(json::Value document);
  // What is wrong with the instance, at most kViolationsMax; nothing: it is valid.
  std::vector<Violation> check(const json::Value& instance) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace weft::json_schema
