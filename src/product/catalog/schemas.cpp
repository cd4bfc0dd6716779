#include "product/catalog/schemas.h"

#include "base/clock.h"
#include "base/format.h"
#include "base/text.h"
#include "formats/odcs/keys.h"

namespace weft::catalog {
namespace {

using odcs::Key;
using odcs::Kind;

constexpr std::string_view kRoles[] = {"owner", "steward", "member", "reader"};

const std::map<std::string, std::vector<Key>, std::less<>>& own_keys() {
  static const std::map<std::string, std::vector<Key>, std::less<>> kAll = {
      {"Team",
       {{"apiVersion", Kind::text, true},
        {"kind", Kind::text, true},
        {"name", Kind::text, true},
        {"description", Kind::text},
        {"members", Kind::array, true}}},
      {"Domain",
       {{"apiVersion", Kind::text, true},
        {"kind", Kind::text, true},
        {"name", Kind::text, true},
        {"owner", Kind::text, true},
        {"onCall", Kind::text, true},
        {"description", Kind::text},
        {"costCentre", Kind::text},
        {"roles", Kind::object}}},
      {"Grant",
       {{"apiVersion", Kind::text, true},
        {"kind", Kind::text, true},
        {"to", Kind::text, true},
        {"on", Kind::text, true},
        {"role", Kind::text, true},
        {"purpose", Kind::text},
        {"expires", Kind::text}}},
      {"Pipeline",
       {{"apiVersion", Kind::text, true},
        {"kind", Kind::text, true},
        {"name", Kind::text, true},
        {"output", Kind::text, true},
        {"sql", Kind::text, true},
        {"mode", Kind::text},
        {"description", Kind::text}}},
  };
  return kAll;
}

bool is_role(std::string_view role) {
  return std::find(std::begin(kRoles), std::end(kRoles), role) != std::end(kRoles);
}

void check_values(const Declared& document, std::vector<odcs::Problem>& problems) {
  const json::Value& value = document.value;
  auto error = [&](std::string pointer, std::string_view code, std::string message) {
    problems.push_back({std::move(pointer), std::string(code), std::move(message)});
  };
  if (document.kind != "Grant" && value["name"].is_text() && !text::is_name(value["name"].text())) {
    error(
        "/name", "document.name",
        format("{} is no name: lower-case letters, digits and single underscores, beginning with a letter, at most 63",
               value["name"].text()));
  }
  if (document.kind == "Domain" && value["name"].text_or("") == "mesh")
    error("/name", "document.reserved", "the domain name mesh is reserved for the facts");
  if (document.kind == "Team" && value["members"].is_array()) {
    for (const json::Value& member : value["members"].array()) {
      if (!member.is_text() || member.text().empty())
        error("/members", "document.kind", "members are texts, like ada@example.com");
    }
  }
  if (document.kind == "Domain" && value["roles"].is_object()) {
    for (const auto& [role, holders] : value["roles"].object()) {
      if (!is_role(role))
        error(yaml::pointer_to("/roles", role), "document.role",
              format("{} is no role: owner, steward, member or reader", role));
      if (!holders.is_array())
        error(yaml::pointer_to("/roles", role), "document.kind", "a role has a list of teams or principals");
    }
  }
  if (document.kind == "Grant" && value["role"].is_text() && !is_role(value["role"].text())) {
    error("/role", "document.role", format("{} is no role: owner, steward, member or reader", value["role"].text()));
  }
  if (document.kind == "Grant" && value["expires"].is_text() && !parse_rfc3339(value["expires"].text())) {
    error("/expires", "document.time", format("{} is no time like 2026-12-31T00:00:00Z", value["expires"].text()));
  }
  const auto mode = value["mode"].text_or("");
  if (document.kind == "Pipeline" && !mode.empty() && mode != "overwrite" && mode != "append" && mode != "upsert") {
    error("/mode", "document.mode", format("{} is no mode: overwrite, append or upsert", mode));
  }
}

}  // namespace

const std::vector<std::string>& own_kinds() {
  static const std::vector<std::string> kKinds = {"Team", "Domain", "Grant", "Pipeline"};
  return kKinds;
}

bool check_own(const Declared& document, std::vector<odcs::Problem>& problems) {
  const auto keys = own_keys().find(document.kind);
  if (keys == own_keys().end()) return false;
  odcs::check_keys(document.value, "", "a " + document.kind, keys->second, problems);
  check_values(document, problems);
  return true;
}

}  // namespace weft::catalog
