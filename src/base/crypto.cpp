#include "base/crypto.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdio>

#include "base/check.h"
#include "base/text.h"

namespace weft::crypto {
namespace {

// RFC 9106 §4, the second recommended option.
constexpr std::uint32_t kPasses = 3;
constexpr std::uint32_t kMemoryKib = 64 << 10;
constexpr std::uint32_t kLanes = 4;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kPasswordMax = 1024;

// A stored hash names its own cost: one that was tampered with must not take the machine's memory.
bool is_affordable(const std::string& phc) {
  unsigned memory = 0, passes = 0, lanes = 0;
  return std::sscanf(phc.c_str(), "$argon2id$v=19$m=%10u,t=%10u,p=%10u$", &memory, &passes, &lanes) == 3 &&
         memory <= 4 * kMemoryKib && passes <= 4 * kPasses && lanes <= 4 * kLanes;
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  CHECK(state_->context != nullptr);
  CHECK(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;
void Sha256::update(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}
Digest Sha256::finish() {
  Digest digest;
  unsigned size = 0;
  CHECK(EVP_DigestFinal_ex(state_->context, digest.data(), &size) == 1 && size == digest.size());
  return digest;
}

Digest sha256(std::string_view bytes) {
  Digest digest;
  unsigned size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  return digest;
}

std::array<std::uint8_t, 16> md5(std::string_view bytes) {
  std::array<std::uint8_t, 16> digest{};
  unsigned size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr) == 1);
  CHECK(size == digest.size());
  return digest;
}

std::string to_hex(const Digest& digest) {
  return text::hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) == 1);
  return bytes;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<std::string> hash_password(std::string_view password) {
  if (password.size() > kPasswordMax)
    return fail(ErrorKind::limit, "auth.password_too_long", "a password has at most {} bytes", kPasswordMax);
  const std::string salt = random_bytes(kSaltBytes);
  std::string phc(argon2_encodedlen(kPasses, kMemoryKib, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int code = argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(), salt.data(),
                                         salt.size(), kHashBytes, phc.data(), phc.size());
  if (code != ARGON2_OK)
    return fail(ErrorKind::unavailable, "auth.hash", "the password could not be hashed: {}",
                argon2_error_message(code));
  phc.resize(phc.find('\0'));
  return phc;
}

bool verify_password(std::string_view phc, std::string_view password) {
  if (password.size() > kPasswordMax) return false;
  const std::string text(phc);
  return is_affordable(text) && argon2id_verify(text.c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace weft::crypto
