#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_value.h"
#include "base/result.h"
#include "product/registry/language.h"

namespace weft::registry {

enum class Level { none, backward, backward_transitive, forward, forward_transitive, full, full_transitive };
std::string_view to_string(Level level);  // "BACKWARD_TRANSITIVE"

enum class Mode { readwrite, readonly, readonly_override, import, forward };
std::string_view to_string(Mode mode);
Result<Mode> parse_mode(std::string_view text);  // 42204.

// What is configured at one place (a subject, a context, or for all contexts): a validated object in the API's words,
// with `compatibilityLevel`. Members that are not there are inherited.
using Config = json::Object;

// `before` with what a PUT says: absent members stay, null ones go. 42203, 42210, 422.
Result<Config> updated(const Config& before, const json::Value& request);

// What holds for a subject, once its places are laid over each other.
struct Settings {
  Level level = Level::backward;
  Policy policy = Policy::strict;
  bool normalizes = false;
  bool validates_fields = false;
  std::string group;  // Only versions whose metadata property of this name is equal are compared.
  json::Value default_metadata, override_metadata, default_rules, override_rules;
};
// `places` from the nearest to the farthest.
Settings settings_of(const std::vector<const Config*>& places);
// The members of all places, the nearest first; always with a compatibilityLevel.
Config in_scope(const std::vector<const Config*>& places);

}  // namespace weft::registry
