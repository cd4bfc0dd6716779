#include "product/governance/governance.h"

#include <gtest/gtest.h>

namespace weft::governance {
namespace {

mesh::MeshState two_domains() {
  mesh::MeshState mesh;
  mesh.domains["aviation"] = {.name = "aviation",
                              .owner = "flight_ops",
                              .on_call = "flight_ops",
                              .description = {},
                              .cost_centre = {},
                              .roles = {{"reader", {"bob@example.com"}}, {"steward", {"sue@example.com"}}},
                              .origin = {}};
  mesh.domains["insights"] = {.name = "insights",
                              .owner = "planners",
                              .on_call = "planners",
                              .description = {},
                              .cost_centre = {},
                              .roles = {},
                              .origin = {}};
  mesh.grants.push_back(
      {.to = "insights", .on = "aviation.flights", .role = "reader", .purpose = {}, .expires = {}, .origin = {}});
  mesh.grants.push_back({.to = "eve@example.com",
                         .on = "aviation.flights.flights",
                         .role = "member",
                         .purpose = {},
                         .expires = time_of(1000),
                         .origin = {}});
  mesh.grants.push_back({.to = "pat@example.com",
                         .on = "aviation",
                         .role = "reader",
                         .purpose = "research",
                         .expires = {},
                         .origin = {}});
  mesh.index();
  return mesh;
}

Principal user(std::string name, std::vector<std::string> teams = {}) {
  return {.kind = PrincipalKind::user,
          .name = std::move(name),
          .teams = std::move(teams),
          .is_administrator = false,
          .is_anonymous = false,
          .purpose = {}};
}

const mesh::PortName kFlights{"aviation", "flights", "flights"};
const mesh::PortName kPlanes{"aviation", "planes", "planes"};

bool may(const Principal& who, Action action, const mesh::PortName& port, std::int64_t now = 0) {
  return decide(two_domains(), who, action, port, time_of(now)).is_allowed;
}

TEST(Governance, DeniesByDefaultAndSaysWhy) {
  const auto decision = decide(two_domains(), user("nobody@example.com"), Action::read, kFlights, time_of(0));
  EXPECT_FALSE(decision.is_allowed);
  EXPECT_NE(decision.why.find("no grant on aviation.flights.flights"), std::string::npos) << decision.why;
}

TEST(Governance, NobodyAnonymousMayEvenDiscover) {
  EXPECT_FALSE(may(Principal{}, Action::discover, kFlights));
  EXPECT_TRUE(may(user("x"), Action::discover, kFlights));
}

TEST(Governance, DomainRolesAllowWhatTheirStrengthAllows) {
  EXPECT_TRUE(may(user("a", {"flight_ops"}), Action::declare, kFlights));
  EXPECT_TRUE(may(user("bob@example.com"), Action::read, kFlights));
  EXPECT_FALSE(may(user("bob@example.com"), Action::publish, kFlights));
  EXPECT_TRUE(may(user("sue@example.com"), Action::declare, kFlights));
  EXPECT_FALSE(may(user("sue@example.com"), Action::administer, kFlights));
}

TEST(Governance, AGrantToADomainIsForAllWhoWorkInItAndOnlyForItsProduct) {
  EXPECT_TRUE(may(user("p", {"planners"}), Action::read, kFlights));
  EXPECT_FALSE(may(user("p", {"planners"}), Action::read, kPlanes));
  EXPECT_TRUE(may(domain_principal("insights"), Action::read, kFlights));
  EXPECT_FALSE(may(domain_principal("insights"), Action::publish, kFlights));
  EXPECT_TRUE(may(domain_principal("aviation"), Action::publish, kFlights));
}

TEST(Governance, GrantsEndAtTheirExpiry) {
  EXPECT_TRUE(may(user("eve@example.com"), Action::publish, kFlights, 999));
  EXPECT_FALSE(may(user("eve@example.com"), Action::publish, kFlights, 1000));
}

TEST(Governance, AGrantForAPurposeNeedsThatPurpose) {
  auto pat = user("pat@example.com");
  EXPECT_FALSE(may(pat, Action::read, kPlanes));
  pat.purpose = "research";
  EXPECT_TRUE(may(pat, Action::read, kPlanes));
}

TEST(Governance, AUserNamedLikeADomainPrincipalIsNotTheDomain) {
  EXPECT_FALSE(may(user("domain:aviation"), Action::publish, kFlights));
}

}  // namespace
}  // namespace weft::governance
