#include "product/governance/governance.h"

#include <algorithm>

namespace weft::governance {
namespace {

using mesh::Grant;
using mesh::MeshState;

enum class Strength { none, reader, member, steward, owner };

Strength strength_of(std::string_view role) {
  if (role == "owner") return Strength::owner;
  if (role == "steward") return Strength::steward;
  if (role == "member") return Strength::member;
  if (role == "reader") return Strength::reader;
  return Strength::none;
}

Strength needed_for(Action action) {
  switch (action) {
    case Action::discover:
      return Strength::none;
    case Action::read:
      return Strength::reader;
    case Action::publish:
    case Action::run:
      return Strength::member;
    case Action::declare:
      return Strength::steward;
    case Action::administer:
      break;
  }
  return Strength::owner;
}

constexpr std::string_view kDomainPrefix = "domain:";

// The names that roles and grants may mean this principal by.
std::vector<std::string_view> names_of(const Principal& principal) {
  std::vector<std::string_view> names{principal.name};
  if (principal.kind == PrincipalKind::domain && principal.name.starts_with(kDomainPrefix)) {
    names.push_back(std::string_view(principal.name).substr(kDomainPrefix.size()));
  }
  names.insert(names.end(), principal.teams.begin(), principal.teams.end());
  return names;
}

struct Best {
  Strength strength = Strength::none;
  std::string why;
  std::string purpose;

  void consider(Strength strength_now, std::string_view purpose_now, std::string why_now) {
    if (strength_now <= strength) return;
    strength = strength_now;
    why = std::move(why_now);
    purpose = purpose_now;
  }
};

void consider_roles(const MeshState& mesh, const std::vector<std::string_view>& names, std::string_view domain,
                    Best& best) {
  for (const std::string_view name : names) {
    const auto held = mesh.roles_of.find(name);
    if (held == mesh.roles_of.end()) continue;
    for (const auto& [of, role] : held->second) {
      if (of == domain) best.consider(strength_of(role), "", format("{} is {} of domain {}", name, role, domain));
    }
  }
}

// A grant to a domain is one to all who work in it.
bool works_in(const MeshState& mesh, const std::vector<std::string_view>& names, std::string_view domain) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    const auto held = mesh.roles_of.find(name);
    return held != mesh.roles_of.end() && std::any_of(held->second.begin(), held->second.end(), [&](const auto& role) {
             return role.first == domain && strength_of(role.second) >= Strength::member;
           });
  });
}

bool is_for(const MeshState& mesh, const Grant& grant, const Principal& principal,
            const std::vector<std::string_view>& names) {
  if (std::find(names.begin(), names.end(), grant.to) != names.end()) return true;
  return principal.kind != PrincipalKind::domain && mesh.domains.contains(grant.to) && works_in(mesh, names, grant.to);
}

void consider_grants(const MeshState& mesh, const Principal& principal, const std::vector<std::string_view>& names,
                     std::string_view on, Time now, Best& best) {
  const auto found = mesh.grants_on.find(on);
  if (found == mesh.grants_on.end()) return;
  for (const std::size_t index : found->second) {
    const Grant& grant = mesh.grants[index];
    if (grant.expires && *grant.expires <= now) continue;
    if (!grant.purpose.empty() && grant.purpose != principal.purpose) continue;
    if (!is_for(mesh, grant, principal, names)) continue;
    best.consider(strength_of(grant.role), grant.purpose, format("grant {} → {} ({})", grant.to, grant.on, grant.role));
  }
}

// `targets` are the names by which grants may mean the thing, from the domain down.
Decision decide_on(const MeshState& mesh, const Principal& principal, Action action, std::string_view domain,
                   const std::vector<std::string>& targets, Time now) {
  Decision decision;
  if (principal.is_anonymous) {
    decision.why = "nobody is signed in";
    return decision;
  }
  if (principal.is_administrator) {
    decision.is_allowed = true;
    decision.why = format("{} is platform administrator", principal.name);
    return decision;
  }
  if (action == Action::discover) {
    decision.is_allowed = true;
    decision.why = "every signed-in principal may discover";
    return decision;
  }
  const auto names = names_of(principal);
  Best best;
  if (principal.kind == PrincipalKind::domain && names.size() > 1 && names[1] == domain) {
    best.consider(Strength::member, "", format("{} is the domain itself", principal.name));
  }
  consider_roles(mesh, names, domain, best);
  for (const std::string& target : targets) consider_grants(mesh, principal, names, target, now, best);
  decision.is_allowed = action != Action::administer && best.strength >= needed_for(action);
  decision.purpose = best.purpose;
  if (decision.is_allowed) {
    decision.why = best.why;
  } else if (best.strength == Strength::none) {
    decision.why = format("no role in domain {} and no grant on {}", domain, targets.back());
  } else {
    decision.why = format("{}: not enough to {}", best.why, to_string(action));
  }
  return decision;
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::discover:
      return "discover";
    case Action::read:
      return "read";
    case Action::publish:
      return "publish";
    case Action::declare:
      return "declare";
    case Action::run:
      return "run";
    case Action::administer:
      return "administer";
  }
  return "administer";
}

Decision decide(const MeshState& mesh, const Principal& principal, Action action, const mesh::PortName& port,
                Time now) {
  const std::string product = port.domain + "." + port.product;
  return decide_on(mesh, principal, action, port.domain, {port.domain, product, product + "." + port.port}, now);
}

Decision decide(const MeshState& mesh, const Principal& principal, Action action, const mesh::ProductName& product,
                Time now) {
  return decide_on(mesh, principal, action, product.domain, {product.domain, product.domain + "." + product.product},
                   now);
}

Decision decide_domain(const MeshState& mesh, const Principal& principal, Action action, std::string_view domain,
                       Time now) {
  return decide_on(mesh, principal, action, domain, {std::string(domain)}, now);
}

Result<> require(const Decision& decision, const Principal& principal, Action action, std::string_view subject) {
  if (decision.is_allowed) return {};
  auto refusal = fail(ErrorKind::denied, "access.denied", "{} may not {} {}: {}; ask the owner of {} for a Grant",
                      principal.name, to_string(action), subject, decision.why, subject);
  refusal.error().details.set("subject", subject);
  refusal.error().details.set("action", to_string(action));
  refusal.error().details.set("why", decision.why);
  return refusal;
}

Principal domain_principal(std::string_view domain) {
  Principal principal;
  principal.kind = PrincipalKind::domain;
  principal.name = std::string(kDomainPrefix) + std::string(domain);
  principal.is_anonymous = false;
  return principal;
}

}  // namespace weft::governance
