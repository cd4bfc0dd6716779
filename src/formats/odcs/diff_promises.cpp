#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "formats/odcs/diff_parts.h"

// What a contract promises beside its schema: servers, service levels, roles, price, terms, relationships.
namespace weft::odcs {
namespace {

constexpr std::string_view kSeconds[][2] = {
    {"s", "1"},         {"sec", "1"},        {"second", "1"},      {"seconds", "1"},     {"m", "60"},
    {"min", "60"},      {"minute", "60"},    {"minutes", "60"},    {"h", "3600"},        {"hour", "3600"},
    {"hours", "3600"},  {"d", "86400"},      {"day", "86400"},     {"days", "86400"},    {"w", "604800"},
    {"week", "604800"}, {"weeks", "604800"}, {"mo", "2592000"},    {"month", "2592000"}, {"months", "2592000"},
    {"y", "31536000"},  {"yr", "31536000"},  {"year", "31536000"}, {"years", "31536000"}};

enum class Better { higher, lower, unknown };

// Which way a service level is better (the standard's own names, without case).
Better better_of(std::string_view property) {
  static const std::map<std::string, Better, std::less<>> kKnown = {{"availability", Better::higher},
                                                                    {"av", Better::higher},
                                                                    {"throughput", Better::higher},
                                                                    {"th", Better::higher},
                                                                    {"retention", Better::higher},
                                                                    {"re", Better::higher},
                                                                    {"endofsupport", Better::higher},
                                                                    {"es", Better::higher},
                                                                    {"endoflife", Better::higher},
                                                                    {"el", Better::higher},
                                                                    {"errorrate", Better::lower},
                                                                    {"er", Better::lower},
                                                                    {"latency", Better::lower},
                                                                    {"ly", Better::lower},
                                                                    {"frequency", Better::lower},
                                                                    {"fy", Better::lower},
                                                                    {"freshness", Better::lower},
                                                                    {"timetodetect", Better::lower},
                                                                    {"td", Better::lower},
                                                                    {"timetonotify", Better::lower},
                                                                    {"tn", Better::lower},
                                                                    {"timetorepair", Better::lower},
                                                                    {"tr", Better::lower},
                                                                    {"generalavailability", Better::lower},
                                                                    {"ga", Better::lower}};
  const auto found = kKnown.find(text::lower(property));
  return found == kKnown.end() ? Better::unknown : found->second;
}

// A level's value in one unit, so that 1 h and 60 m are equal; texts (dates) as they are.
json::Value comparable(const json::Value& level) {
  const json::Value& value = level["value"];
  const std::string unit = text::lower(level["unit"].text_or(""));
  for (const auto& [name, seconds] : kSeconds) {
    if (unit == name && value.is_number()) return value.number() * static_cast<double>(*text::parse_integer(seconds));
  }
  return value;
}

std::string_view code_of_level(const json::Value& before, const json::Value& after) {
  const Better better = better_of(before["property"].text_or(""));
  const json::Value old = comparable(before), now = comparable(after);
  const bool has_order = (old.is_number() && now.is_number()) || (old.is_text() && now.is_text());
  if (better == Better::unknown || !has_order) return "sla.changed";
  const bool is_higher = old.is_number() ? now.number() > old.number() : now.text() > old.text();
  return is_higher == (better == Better::higher) ? "sla.raised" : "sla.lowered";
}

// The items of a list by what identifies them.
using Named = std::map<std::string, std::pair<const json::Value*, std::size_t>>;
Named by_name(const json::Value& list, const std::function<std::string(const json::Value&)>& name) {
  Named all;
  if (!list.is_array()) return all;
  for (std::size_t i = 0; i < list.array().size(); ++i)
    all.emplace(name(list.array()[i]), std::pair(&list.array()[i], i));
  return all;
}

struct ListRules {
  std::string member;  // "servers"
  std::string_view added, removed;
  std::function<std::string(const json::Value&)> name;
  // The code of a change of one item; "" when nothing that counts changed.
  std::function<std::string_view(const json::Value&, const json::Value&)> changed;
};

void diff_list(Differ& out, const std::string& pointer, const json::Value& before, const json::Value& after,
               const ListRules& rules) {
  const Named old = by_name(before[rules.member], rules.name), now = by_name(after[rules.member], rules.name);
  const auto place = [&](std::size_t index) { return format("{}/{}/{}", pointer, rules.member, index); };
  for (const auto& [name, item] : old) {
    const std::string where = rules.member + "." + name;
    const auto found = now.find(name);
    if (found == now.end()) {
      out.add(rules.removed, place(item.second), where, {}, {});
    } else if (!(*item.first == *found->second.first)) {
      const std::string_view code = rules.changed(*item.first, *found->second.first);
      out.add(code.empty() ? "text.changed" : code, place(found->second.second), where, *item.first,
              *found->second.first);
    }
  }
  for (const auto& [name, item] : now) {
    if (!old.contains(name)) out.add(rules.added, place(item.second), rules.member + "." + name, {}, {});
  }
}

// Without members that are words only.
json::Value without_words(const json::Value& value) {
  if (!value.is_object()) return value;
  json::Object rest;
  for (const auto& [key, member] : value.object()) {
    if (key != "description" && key != "customProperties" && key != "authoritativeDefinitions" && key != "id")
      rest.set(key, member);
  }
  return json::Value(std::move(rest));
}

std::function<std::string_view(const json::Value&, const json::Value&)> unless_words(std::string_view code) {
  return [code](const json::Value& before, const json::Value& after) {
    return without_words(before) == without_words(after) ? std::string_view() : code;
  };
}

std::function<std::string(const json::Value&)> member(std::string_view name) {
  return [name](const json::Value& item) { return std::string(item[name].text_or("?")); };
}

void diff_price(Differ& out, const json::Value& before, const json::Value& after) {
  if (before == after) return;
  const auto add = [&](std::string_view code) { out.add(code, "/price", "price", before, after); };
  const double old = before["priceAmount"].is_number() ? before["priceAmount"].number() : 0;
  const double now = after["priceAmount"].is_number() ? after["priceAmount"].number() : 0;
  const bool has_both = old > 0 && now > 0;
  if (has_both &&
      (!(before["priceCurrency"] == after["priceCurrency"]) || !(before["priceUnit"] == after["priceUnit"])))
    return add("price.changed");
  if (now > old) return add("price.raised");
  if (now < old) return add("price.lowered");
  out.add("text.changed", "/price", "price", {}, {});
}

void diff_words(Differ& out, const json::Value& before, const json::Value& after) {
  for (const std::string_view part : {"usage", "limitations"}) {
    const json::Value &old = before["description"][part], &now = after["description"][part];
    if (!(old == now))
      out.add("terms.changed", format("/description/{}", part), format("description.{}", part), old, now);
  }
  if (!(before["description"]["purpose"] == after["description"]["purpose"]))
    out.add("text.changed", "/description/purpose", "description.purpose", before["description"]["purpose"],
            after["description"]["purpose"]);
  for (const std::string_view name : {"name", "tags", "support", "team", "authoritativeDefinitions", "context"}) {
    if (!(before[name] == after[name])) out.add("text.changed", format("/{}", name), std::string(name), {}, {});
  }
  // A custom property may mean anything to those who made it; a unit always means the numbers.
  const auto unit_or_text = [](const json::Value& old, const json::Value&) -> std::string_view {
    return old["property"].text_or("") == "unit" ? "unit.changed" : "text.changed";
  };
  diff_list(out, "", before, after,
            {"customProperties", "text.changed", "text.changed", member("property"), unit_or_text});
}

// Units and relationships of objects and their fields, by name, as deep as the contract goes.
void diff_meaning(Differ& out, const std::string& pointer, const std::string& where, const json::Value& before,
                  const json::Value& after) {
  const auto unit = [](const json::Value& element) {
    if (!element["customProperties"].is_array()) return json::Value();
    for (const json::Value& each : element["customProperties"].array()) {
      if (each["property"].text_or("") == "unit") return each["value"];
    }
    return json::Value();
  };
  if (!(unit(before) == unit(after)))
    out.add("unit.changed", pointer + "/customProperties", where, unit(before), unit(after));
  if (!(before["encryptedName"] == after["encryptedName"]))
    out.add("encryption.changed", pointer + "/encryptedName", where, before["encryptedName"], after["encryptedName"]);
  diff_list(out, pointer, before, after,
            {"relationships", "relationship.added", "relationship.removed",
             [](const json::Value& each) { return json::write(each["from"]) + " → " + json::write(each["to"]); },
             unless_words("relationship.removed")});
  const Named old = by_name(before["properties"], member("name"));
  for (const auto& [name, item] : by_name(after["properties"], member("name"))) {
    const auto found = old.find(name);
    if (found != old.end())
      diff_meaning(out, format("{}/properties/{}", pointer, item.second), where + "." + name, *found->second.first,
                   *item.first);
  }
}

}  // namespace

void diff_promises(Differ& out, const json::Value& before, const json::Value& after) {
  diff_list(out, "", before, after,
            {"slaProperties", "sla.added", "sla.removed",
             [](const json::Value& each) {
               const std::string_view element = each["element"].text_or("");
               return std::string(each["property"].text_or("?")) + (element.empty() ? "" : "@") + std::string(element);
             },
             [](const json::Value& old, const json::Value& now) -> std::string_view {
               const bool is_equal = comparable(old) == comparable(now) && old["valueExt"] == now["valueExt"];
               return is_equal ? std::string_view() : code_of_level(old, now);
             }});
  diff_list(out, "", before, after,
            {"servers", "server.added", "server.removed", member("server"), unless_words("server.changed")});
  diff_list(out, "", before, after,
            {"roles", "role.added", "role.removed", member("role"), unless_words("role.changed")});
  diff_price(out, before["price"], after["price"]);
  const Named old = by_name(before["schema"], member("name"));
  for (const auto& [name, item] : by_name(after["schema"], member("name"))) {
    const auto found = old.find(name);
    if (found != old.end())
      diff_meaning(out, format("/schema/{}", item.second), name, *found->second.first, *item.first);
  }
  diff_words(out, before, after);
}

}  // namespace weft::odcs
