#pragma once

#include <optional>
#include <string>

#include "product/audit/audit.h"

namespace weft::audit {

// One link: what is stored, and the hash that binds it to the one before.
struct Link {
  std::int64_t sequence = 0;
  std::int64_t time = 0;                                             // Microseconds since 1970.
  std::string actor, action, subject, outcome, request_id, details;  // Details: canonical JSON.
  std::string hash;                                                  // Hex.
};

// SHA-256 over the JSON array [previous hash, sequence, time, actor, action, subject, outcome, request_id, details] as
// it is written without spaces (README.md): anybody can recompute it.
std::string hash_of(std::string_view previous, const Link& link);

inline constexpr std::string_view kGenesis = "0000000000000000000000000000000000000000000000000000000000000000";

// Reads a chain link by link and says where it breaks first.
class Verifier {
 public:
  // What is wrong with this link, or nothing.
  std::optional<std::string> next(const Link& link);
  std::int64_t count() const { return count_; }
  const std::string& head() const { return head_; }

 private:
  std::string head_ = std::string(kGenesis);
  std::int64_t count_ = 0;
};

}  // namespace weft::audit
