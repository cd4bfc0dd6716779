#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/router.h"
#include "product/audit/audit.h"
#include "product/mesh/mesh.h"

// Local users (argon2id), service and personal tokens (random, SHA-256 stored), the administrator token of the first
// run.
namespace weft::identity {

// Thread-safe. Store, audit and clock outlive it.
class Identity final : public Authenticator {
 public:
  // `teams_of` gives the declared teams of a principal's name (set by the catalog once it is there).
  Identity(store::Store& store, audit::Audit& audit, Clock& clock, bool is_dev);
  ~Identity() override;

  // Bearer token, or Basic with user and password (or "token" and a token). In dev mode no credentials: administrator.
  // unauthenticated "auth.unknown_token", "auth.expired_token", "auth.malformed", "auth.wrong_password" (rate-limited).
  Result<Principal> authenticate(const Request& request) override;
  void on_teams(std::function<std::vector<std::string>(std::string_view name)> teams_of);

  struct TokenTerms {
    std::string name, principal;
    bool is_administrator = false;
    std::optional<Time> expires;
    std::string created_by, request_id;
  };
  struct NewToken {
    std::string id;
    std::string text;  // Shown once; only its hash is kept.
  };
  Result<NewToken> create_token(const TokenTerms& terms);
  Result<> revoke_token(std::string_view id, const std::string& by, const std::string& request_id);

  // The administrator's token when this is the first start of the store, else nothing.
  Result<std::optional<std::string>> first_run_token();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::identity
