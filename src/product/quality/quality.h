#pragma once

#include <string>
#include <vector>

#include "platform/engine/engine.h"
#include "product/mesh/mesh.h"

// What a contract demands of data, as checks for the engine, and what their results mean. Pure.
namespace weft::quality {

enum class Severity { error, warning, info };
std::string_view to_string(Severity severity);

struct Rule {
  engine::Check check;
  Severity severity = Severity::error;
  std::string description;
};

// A rule that nobody here can run, and why.
struct Unchecked {
  std::string id, why;
};

struct RuleSet {
  std::vector<Rule> rules;
  std::vector<Unchecked> unchecked;
};

RuleSet rules_of(const mesh::MeshState& mesh, const mesh::Port& port);

struct Judged {
  Rule rule;
  engine::CheckResult result;
  bool is_passed = false;
};

struct Verdict {
  std::vector<Judged> judged;
  std::vector<Unchecked> unchecked;
  bool is_refused = false;  // A rule of severity error is broken, or could not be run.
};

// `has_set_aside`: rows that broke by-row rules became dead letters, so those rules no longer refuse.
enum class BadRows { are_in_the_batch, were_set_aside };
Verdict judge(const RuleSet& rules, const std::vector<engine::CheckResult>& results, BadRows bad_rows);

// Whether a metric's value satisfies a rule's operator ("mustBeLessThan" …). Between excludes its ends, as the standard
// says.
bool satisfies(const json::Value& value, const json::Object& rule);

}  // namespace weft::quality
