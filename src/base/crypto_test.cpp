#include "base/crypto.h"

#include <gtest/gtest.h>

#include <set>

#include "base/ids.h"
#include "base/text.h"

namespace weft {
namespace {

using crypto::Sha256;

TEST(Crypto, Sha256KnowsTheVectorsOfFips180) {
  EXPECT_EQ(crypto::to_hex(crypto::sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(crypto::to_hex(crypto::sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(crypto::to_hex(crypto::sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Crypto, PiecesHashAsTheirWhole) {
  const std::string text = "The quick brown fox";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 first;
    first.update(std::string_view(text).substr(0, cut));
    Sha256 hash = std::move(first);
    hash.update(std::string_view(text).substr(cut));
    EXPECT_EQ(hash.finish(), crypto::sha256(text));
  }
}

TEST(Crypto, RandomBytesAreOfTheirSizeAndNeverTheSame) {
  EXPECT_EQ(crypto::random_bytes(0), "");
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(crypto::random_bytes(16)).second);
}

TEST(Crypto, EqualityLooksAtEveryByteAndTheLength) {
  EXPECT_TRUE(crypto::equal_in_constant_time("", ""));
  EXPECT_TRUE(crypto::equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(crypto::equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(crypto::equal_in_constant_time("abc", "abcd"));
  EXPECT_FALSE(crypto::equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST(Crypto, APasswordIsSaltedArgon2idAndVerifies) {
  const std::string password("pass\0word ü", 12);
  const auto phc = crypto::hash_password(password);
  ASSERT_TRUE(phc);
  EXPECT_TRUE(phc->starts_with("$argon2id$v=19$m=65536,t=3,p=4$")) << *phc;
  EXPECT_EQ(phc->find('\0'), std::string::npos);
  EXPECT_NE(*phc, *crypto::hash_password(password));
  EXPECT_TRUE(crypto::verify_password(*phc, password));
  EXPECT_FALSE(crypto::verify_password(*phc, "pass"));
  EXPECT_FALSE(crypto::verify_password(*phc, std::string("pass\0wore ü", 12)));
}

TEST(Crypto, HostilePasswordsAndHashesAreRefused) {
  EXPECT_EQ(crypto::hash_password(std::string(1025, 'a')).error().code, "auth.password_too_long");
  for (const char* phc :
       {"", "$", "plain", "$argon2id$v=19$m=65536,t=3,p=4$", "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$m=4294967295,t=4294967295,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"})
    EXPECT_FALSE(crypto::verify_password(phc, "a")) << phc;
}

TEST(Ids, UuidsCarryTheirVersionAndVariant) {
  for (int i = 0; i < 100; ++i) {
    const std::string random = to_string(random_uuid()), ordered = to_string(ordered_uuid(1'800'000'000'000));
    EXPECT_EQ(random.size(), 36U);
    EXPECT_EQ(random[14], '4');
    EXPECT_EQ(ordered[14], '7');
    EXPECT_NE(std::string_view("89ab").find(random[19]), std::string_view::npos);
    EXPECT_NE(std::string_view("89ab").find(ordered[19]), std::string_view::npos);
    EXPECT_EQ(ordered.substr(0, 13), "01a3185c-5000");
  }
}

TEST(Ids, OrderedUuidsSortByTime) {
  EXPECT_LT(ordered_uuid(1'000), ordered_uuid(1'001));
  EXPECT_LT(to_string(ordered_uuid(0xFF)), to_string(ordered_uuid(0x100)));
}

TEST(Ids, NewIdsHaveTheirPrefixAndAreUnique) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = new_id("pub", 1'800'000'000'000);
    EXPECT_EQ(id.size(), 36U);
    EXPECT_TRUE(id.starts_with("pub_01a3185c5000")) << id;
    EXPECT_TRUE(text::unhex(id.substr(4)).has_value());
    EXPECT_TRUE(seen.insert(id).second);
  }
}

}  // namespace
}  // namespace weft
