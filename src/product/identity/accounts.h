#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "platform/store/store.h"

namespace weft::identity {

// A local user with a password.
struct Account {
  std::string name, password;  // The password as an argon2id PHC text.
  bool is_administrator = false;
  Time changed{};
};
Result<std::optional<Account>> find_user(store::Store& store, const std::string& name);

}  // namespace weft::identity
