#pragma once

#include <string>
#include <vector>

namespace weft {

enum class PrincipalKind { user, service, domain, system };

// Who asks. Made by identity from a token or a password, by the CLI for in-process use, by jobs for a domain's
// pipelines. `name` is unique among all kinds: "ada@example.com", "svc:loader", "domain:aviation",
// "local:administrator".
struct Principal {
  PrincipalKind kind = PrincipalKind::user;
  std::string name;
  std::vector<std::string> teams;  // Declared teams that list it as a member, sorted.
  bool is_administrator = false;   // Holds the platform role.
  bool is_anonymous = true;        // Nobody known: only Access::anyone routes.
  std::string purpose;             // What the data is wanted for, when the caller says so.
};

}  // namespace weft
