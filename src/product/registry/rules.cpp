#include "product/registry/rules.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "product/registry/errors.h"

namespace weft::registry {
namespace {

constexpr std::string_view kLists[] = {"migrationRules", "domainRules", "encodingRules"};
constexpr std::string_view kRuleTexts[] = {"doc", "type", "expr", "onSuccess", "onFailure"};

std::unexpected<Error> wrong_metadata(std::string_view what) {
  return refuse(Code::unprocessable, format("Invalid metadata: {}", what));
}
std::unexpected<Error> wrong_rules(std::string message) {
  return refuse(Code::invalid_rules, "Invalid rule set: " + message);
}

// The texts of a set-like array, sorted and each once.
Result<json::Array> text_set(const json::Value& value, std::string_view what) {
  std::set<std::string> texts;
  if (!value.is_array()) return wrong_metadata(format("{} is not an array", what));
  for (const json::Value& item : value.array()) {
    if (!item.is_text()) return wrong_metadata(format("{} holds something that is no text", what));
    texts.insert(item.text());
  }
  return json::Array(texts.begin(), texts.end());
}

json::Object sorted(const std::map<std::string, json::Value>& members) {
  json::Object object;
  for (const auto& [key, value] : members) object.set(key, value);
  return object;
}

Result<json::Object> text_members(const json::Value& value, std::string_view what) {
  std::map<std::string, json::Value> members;
  if (!value.is_object()) return wrong_metadata(format("{} is not an object", what));
  for (const auto& [key, text] : value.object()) {
    if (!text.is_text()) return wrong_metadata(format("{} {} is not a text", what, key));
    members.emplace(key, text);
  }
  return sorted(members);
}

Result<json::Object> tag_members(const json::Value& value) {
  std::map<std::string, json::Value> members;
  if (!value.is_object()) return wrong_metadata("tags is not an object");
  for (const auto& [key, names] : value.object()) members.emplace(key, TRY(text_set(names, "tags " + key)));
  return sorted(members);
}

bool is_mode_of(std::string_view list, std::string_view mode) {
  if (list == "migrationRules") return mode == "UPGRADE" || mode == "DOWNGRADE" || mode == "UPDOWN";
  return mode == "WRITE" || mode == "READ" || mode == "WRITEREAD";
}

Result<json::Value> checked_rule(std::string_view list, const json::Value& rule, std::set<std::string>& names) {
  const std::string name(rule["name"].text_or(""));
  if (name.empty()) return wrong_rules(format("a rule of {} has no name", list));
  if (!names.insert(name).second) return wrong_rules(format("{} has two rules named {}", list, name));
  const std::string kind(rule["kind"].text_or("TRANSFORM"));
  if (kind != "TRANSFORM" && kind != "CONDITION")
    return wrong_rules(format("rule {} has kind {}: it is TRANSFORM or CONDITION", name, kind));
  const std::string mode(rule["mode"].text_or(list == "migrationRules" ? "UPDOWN" : "WRITEREAD"));
  if (!is_mode_of(list, mode)) return wrong_rules(format("rule {} of {} may not have mode {}", name, list, mode));
  if (rule["type"].text_or("").empty()) return wrong_rules(format("rule {} has no type", name));
  json::Object kept{{"name", name}};
  if (rule["doc"].is_text()) kept.set("doc", rule["doc"]);
  kept.set("kind", kind);
  kept.set("mode", mode);
  kept.set("type", rule["type"]);
  if (rule["tags"].is_array() && !rule["tags"].array().empty()) kept.set("tags", TRY(text_set(rule["tags"], "tags")));
  if (rule["params"].is_object() && !rule["params"].object().empty())
    kept.set("params", TRY(text_members(rule["params"], "params")));
  for (const std::string_view text : kRuleTexts) {
    if (rule[text].is_text() && !rule[text].text().empty() && !kept.contains(text)) kept.set(text, rule[text]);
  }
  kept.set("disabled", rule["disabled"].boolean_or(false));
  return json::Value(std::move(kept));
}

}  // namespace

Result<json::Value> checked_metadata(const json::Value& value) {
  if (value.is_null()) return json::Value();
  if (!value.is_object()) return wrong_metadata("it is not an object");
  json::Object kept;
  if (!value["tags"].is_null()) {
    if (auto tags = TRY(tag_members(value["tags"])); !tags.empty()) kept.set("tags", std::move(tags));
  }
  if (!value["properties"].is_null()) {
    if (auto all = TRY(text_members(value["properties"], "properties")); !all.empty())
      kept.set("properties", std::move(all));
  }
  if (!value["sensitive"].is_null()) {
    if (auto all = TRY(text_set(value["sensitive"], "sensitive")); !all.empty()) kept.set("sensitive", std::move(all));
  }
  return kept.empty() ? json::Value() : json::Value(std::move(kept));
}

Result<json::Value> checked_rules(const json::Value& value) {
  if (value.is_null()) return json::Value();
  if (!value.is_object()) return wrong_rules("it is not an object");
  json::Object kept;
  for (const std::string_view list : kLists) {
    const json::Value& rules = value[list];
    if (rules.is_null()) continue;
    if (!rules.is_array()) return wrong_rules(format("{} is not an array", list));
    if (rules.array().size() > kRulesMax)
      return wrong_rules(format("{} has {} rules; at most {}", list, rules.array().size(), kRulesMax));
    std::set<std::string> names;
    json::Array all;
    for (const json::Value& rule : rules.array()) all.push_back(TRY(checked_rule(list, rule, names)));
    if (!all.empty()) kept.set(list, std::move(all));
  }
  if (value["enableAt"].is_text() && !kept.empty()) {
    static constexpr std::string_view kPlaces[] = {"ALL", "CLIENT", "GATEWAY", "SERVER", "NONE"};
    if (std::find(std::begin(kPlaces), std::end(kPlaces), value["enableAt"].text()) == std::end(kPlaces))
      return wrong_rules(format("enableAt is {}", value["enableAt"].text()));
    kept.set("enableAt", value["enableAt"]);
  }
  return kept.empty() ? json::Value() : json::Value(std::move(kept));
}

json::Value merged_metadata(const json::Value& base, const json::Value& over) {
  if (base.is_null()) return over;
  if (over.is_null()) return base;
  json::Object all;
  for (const std::string_view part : {"tags", "properties"}) {
    std::map<std::string, json::Value> members;
    for (const json::Value* side : {&base, &over}) {
      if (!(*side)[part].is_object()) continue;
      for (const auto& [key, value] : (*side)[part].object()) members.insert_or_assign(key, value);
    }
    if (!members.empty()) all.set(part, sorted(members));
  }
  std::set<std::string> sensitive;
  for (const json::Value* side : {&base, &over}) {
    if (!(*side)["sensitive"].is_array()) continue;
    for (const json::Value& name : (*side)["sensitive"].array()) sensitive.insert(name.text());
  }
  if (!sensitive.empty()) all.set("sensitive", json::Array(sensitive.begin(), sensitive.end()));
  return json::Value(std::move(all));
}

json::Value merged_rules(const json::Value& base, const json::Value& over) {
  if (base.is_null()) return over;
  if (over.is_null()) return base;
  json::Object all;
  for (const std::string_view list : kLists) {
    std::vector<json::Value> rules;
    std::set<std::string> upper;
    if (over[list].is_array()) {
      for (const json::Value& rule : over[list].array()) upper.insert(std::string(rule["name"].text_or("")));
    }
    if (base[list].is_array()) {
      for (const json::Value& rule : base[list].array()) {
        if (!upper.contains(std::string(rule["name"].text_or("")))) rules.push_back(rule);
      }
    }
    if (over[list].is_array()) rules.insert(rules.end(), over[list].array().begin(), over[list].array().end());
    if (!rules.empty()) all.set(list, json::Array(rules.begin(), rules.end()));
  }
  const json::Value& place = over["enableAt"].is_null() ? base["enableAt"] : over["enableAt"];
  if (!place.is_null()) all.set("enableAt", place);
  return json::Value(std::move(all));
}

}  // namespace weft::registry
