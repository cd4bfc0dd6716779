#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::crypto {

using Digest = std::array<std::uint8_t, 32>;

// SHA-256 in one go or piece by piece.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  ~Sha256();
  void update(std::string_view bytes);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256(std::string_view bytes);
// For identifiers that another standard makes from it, never for trust.
std::array<std::uint8_t, 16> md5(std::string_view bytes);
std::string to_hex(const Digest& digest);
std::string random_bytes(std::size_t size);
bool equal_in_constant_time(std::string_view a, std::string_view b);

// argon2id (RFC 9106, second recommended option: 64 MiB, 3 passes), as a PHC string.
Result<std::string> hash_password(std::string_view password);
bool verify_password(std::string_view phc, std::string_view password);

}  // namespace weft::crypto
