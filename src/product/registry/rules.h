#pragma once

#include "base/json_value.h"
#include "base/result.h"

namespace weft::registry {

inline constexpr std::size_t kRulesMax = 1000;

// Metadata `{tags, properties, sensitive}` in one order, without empty members; null when nothing is left. 422.
Result<json::Value> checked_metadata(const json::Value& value);
// A rule set `{migrationRules, domainRules, encodingRules, enableAt}` with its defaults filled in; null when it has
// none. 42210 for modes that do not fit, names that repeat, kinds that do not exist. Rules are kept and returned:
// clients enforce them.
Result<json::Value> checked_rules(const json::Value& value);

// `over` laid over `base`: tags and rules of one name, properties of one key are the upper's.
json::Value merged_metadata(const json::Value& base, const json::Value& over);
json::Value merged_rules(const json::Value& base, const json::Value& over);

}  // namespace weft::registry
