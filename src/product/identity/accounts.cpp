#include "product/identity/accounts.h"

namespace weft::identity {

Result<std::optional<Account>> find_user(store::Store& store, const std::string& name) {
  return store.read_value<std::optional<Account>>([&](store::Session& session) {
    return session.first("SELECT name, password, is_administrator, changed FROM users WHERE name = ?1", {name},
                         [](const store::Row& row) {
                           return Account{.name = row.text(0),
                                          .password = row.text(1),
                                          .is_administrator = row.integer(2) != 0,
                                          .changed = time_of(row.integer(3))};
                         });
  });
}

}  // namespace weft::identity
