#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_value.h"
#include "formats/odcs/odcs.h"

// What one version of a contract changes against another, and for whom it matters.
namespace weft::odcs {

// documentation: nobody's data or query changes. additive: more is there or promised. breaking: who reads or who writes
// by the old contract may fail.
enum class Weight { documentation, additive, breaking };
std::string_view to_string(Weight weight);

// One kind of change: the rules are this table, and docs/reference/contract-changes.md is written from it.
struct Rule {
  std::string_view code;  // "field.removed"
  Weight weight;
  std::string_view hurts;    // "readers", "writers", "readers and writers", "".
  std::string_view meaning;  // A sentence.
};
const std::vector<Rule>& rules();

struct Change {
  const Rule* rule = nullptr;
  std::string pointer;  // JSON pointer into the new document, of what is gone into the old one.
  std::string where;    // "orders.amount", "servers.production", "slaProperties.latency".
  json::Value before, after;
  std::string message;
};

// Every change, the breaking ones first, else in the order of the documents. Pure. Fields that keep their ODCS `id` and
// change their name are one renaming.
std::vector<Change> diff(const Contract& before, const Contract& after);

// What the contracts' own versions make of it: "" when the new one fits the changes, else a sentence that names the
// version that would. Semantic Versioning 2.0.0: breaking changes need a new major (before 1.0.0 a new minor), additive
// ones a new minor, documentation a new patch.
std::string version_problem(const Contract& before, const Contract& after, const std::vector<Change>& changes);

// Whether every value of the Iceberg type `before` is one of `after`.
bool widens(const json::Value& before, const json::Value& after);

}  // namespace weft::odcs
