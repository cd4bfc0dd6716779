#include "product/registry/settings.h"

#include "base/text.h"
#include "product/registry/errors.h"
#include "product/registry/rules.h"

namespace weft::registry {
namespace {

constexpr std::string_view kLevels[] = {
    "NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"};
constexpr std::string_view kModes[] = {"READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD"};

std::optional<Level> level_of(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kLevels); ++i) {
    if (text::iequals(text, kLevels[i])) return static_cast<Level>(i);
  }
  return std::nullopt;
}

std::unexpected<Error> wrong_member(std::string_view name, std::string_view wanted) {
  return refuse(Code::unprocessable, format("Config member {} is not {}", name, wanted));
}

Result<json::Value> level_value(const json::Value& value) {
  const auto level = value.is_text() ? level_of(value.text()) : std::nullopt;
  if (!level) {
    return refuse(Code::invalid_compatibility,
                  "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, "
                  "forward_transitive, and full_transitive");
  }
  return json::Value(to_string(*level));
}

// The value of a member as it is kept.
Result<json::Value> member_value(std::string_view name, const json::Value& value) {
  if (name == "compatibilityLevel") return level_value(value);
  if (name == "alias" || name == "aliasForDeks" || name == "compatibilityGroup") {
    if (!value.is_text()) return wrong_member(name, "a text");
    return value;
  }
  if (name == "normalize" || name == "validateFields" || name == "validateNewSchemas" || name == "validateRules") {
    if (!value.is_boolean()) return wrong_member(name, "true or false");
    return value;
  }
  if (name == "compatibilityPolicy") {
    if (value.text_or("") != "STRICT" && value.text_or("") != "LENIENT") return wrong_member(name, "STRICT or LENIENT");
    return value;
  }
  if (name == "defaultMetadata" || name == "overrideMetadata") return checked_metadata(value);
  if (name == "defaultRuleSet" || name == "overrideRuleSet") return checked_rules(value);
  return json::Value();  // Read over, as the API's servers do.
}

bool is_true(const Config& config, std::string_view name) {
  const json::Value* value = config.find(name);
  return value != nullptr && value->boolean_or(false);
}

}  // namespace

std::string_view to_string(Level level) { return kLevels[static_cast<std::size_t>(level)]; }
std::string_view to_string(Mode mode) { return kModes[static_cast<std::size_t>(mode)]; }

Result<Mode> parse_mode(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kModes); ++i) {
    if (text::iequals(text, kModes[i])) return static_cast<Mode>(i);
  }
  return refuse(Code::invalid_mode,
                "Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, IMPORT, and FORWARD");
}

Result<Config> updated(const Config& before, const json::Value& request) {
  if (!request.is_object()) return refuse(Code::unprocessable, "The config is not an object");
  Config config = before;
  for (const auto& [key, value] : request.object()) {
    const std::string name = key == "compatibility" ? "compatibilityLevel" : key;
    if (value.is_null()) {
      config.erase(name);
      continue;
    }
    // An empty level changes nothing.
    if (name == "compatibilityLevel" && value.text_or("x").empty()) continue;
    json::Value kept = TRY(member_value(name, value));
    if (!kept.is_null()) config.set(name, std::move(kept));
  }
  return config;
}

Config in_scope(const std::vector<const Config*>& places) {
  Config all;
  for (const Config* place : places) {
    for (const auto& [key, value] : *place) {
      if (key != "alias" || place == places.front()) all.add(key, value);
    }
  }
  all.add("compatibilityLevel", to_string(Level::backward));
  return all;
}

Settings settings_of(const std::vector<const Config*>& places) {
  const Config all = in_scope(places);
  const auto member = [&](std::string_view name) {
    const json::Value* value = all.find(name);
    return value == nullptr ? json::Value() : *value;
  };
  return {.level = level_of(member("compatibilityLevel").text_or("")).value_or(Level::backward),
          .policy = member("compatibilityPolicy").text_or("") == "LENIENT" ? Policy::lenient : Policy::strict,
          .normalizes = is_true(all, "normalize"),
          .validates_fields = is_true(all, "validateFields"),
          .group = std::string(member("compatibilityGroup").text_or("")),
          .default_metadata = member("defaultMetadata"),
          .override_metadata = member("overrideMetadata"),
          .default_rules = member("defaultRuleSet"),
          .override_rules = member("overrideRuleSet")};
}

}  // namespace weft::registry
