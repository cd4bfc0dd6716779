#include "base/json.h"
#include "product/registry/draft.h"
#include "product/registry/errors.h"

namespace weft::registry {
namespace {

bool reads_old(Level level) {
  return level == Level::backward || level == Level::backward_transitive || level == Level::full ||
         level == Level::full_transitive;
}
bool is_read_by_old(Level level) {
  return level == Level::forward || level == Level::forward_transitive || level == Level::full ||
         level == Level::full_transitive;
}
bool is_transitive(Level level) {
  return level == Level::backward_transitive || level == Level::forward_transitive || level == Level::full_transitive;
}

// A difference as the registry's clients are used to read it.
std::string message_of(Language language, const evolution::Difference& each) {
  if (language == Language::avro) {
    return format("{{errorType:'{}', description:'{}', additionalInfo:'{}'}}", each.type, each.description,
                  each.detail);
  }
  return format("{{errorType:\"{}\", description:\"{}\"}}", each.type, each.description);
}

// The value of the metadata property that groups versions.
std::string group_of(const json::Value& metadata, const std::string& property) {
  return std::string(metadata["properties"][property].text_or(""));
}

void add_differences(std::vector<evolution::Difference>& all, std::vector<evolution::Difference> more) {
  for (auto& each : more) {
    if (all.size() < evolution::kDifferencesMax) all.push_back(std::move(each));
  }
}

}  // namespace

std::vector<Version> Registry::compared(const Subject& subject, const Draft& draft) const {
  return read([&](const State& state) {
    std::vector<Version> all;
    const State::Versions* versions = state.versions(subject);
    if (versions == nullptr) return all;
    const std::string& property = draft.settings.group;
    for (const auto& [number, version] : *versions) {
      if (version.is_deleted) continue;
      if (!property.empty()) {
        const auto metadata =
            version.metadata.empty() ? Result<json::Value>(json::Value()) : json::parse(version.metadata);
        if (!metadata || group_of(*metadata, property) != group_of(draft.metadata, property)) continue;
      }
      all.push_back(version);
    }
    return all;
  });
}

Result<Verdict> Registry::judged(const Subject& subject, const Draft& draft, std::vector<Version> others,
                                 Level level) const {
  Verdict verdict;
  if (level == Level::none || others.empty()) return verdict;
  if (!is_transitive(level)) others.erase(others.begin(), others.end() - 1);
  for (auto other = others.rbegin(); other != others.rend() && verdict.is_compatible; ++other) {
    if (other->schema->language != draft.schema.language) {
      verdict.is_compatible = false;
      verdict.messages.push_back(format("Incompatible because of different schema type: {} after {}",
                                        to_string(draft.schema.language), to_string(other->schema->language)));
    } else {
      const Parsed old = TRY(parsed(subject.context, *other->schema));
      std::vector<evolution::Difference> all;
      const Policy policy = draft.settings.policy;
      if (reads_old(level)) add_differences(all, Parsed::differences(draft.parsed, old, policy, {"new", "old"}));
      if (is_read_by_old(level)) add_differences(all, Parsed::differences(old, draft.parsed, policy, {"old", "new"}));
      if (all.empty()) continue;
      verdict.is_compatible = false;
      for (const auto& each : all) verdict.messages.push_back(message_of(draft.schema.language, each));
    }
    verdict.messages.push_back(format("{{oldSchemaVersion: {}}}", other->number));
    verdict.messages.push_back(format("{{oldSchema: '{}'}}", other->schema->text));
    verdict.messages.push_back(
        format("{{validateFields: '{}', compatibility: '{}'}}", draft.settings.validates_fields, to_string(level)));
  }
  return verdict;
}

Result<Verdict> Registry::test(const Subject& subject, const Proposal& proposal, int version) const {
  std::vector<Version> others;
  if (version != 0) {
    const auto found = read([&](const State& state) -> Result<Version> {
      if (!state.has(subject, Deleted::exclude)) return no_subject(to_string(subject));
      const Version* one = version == -1 ? state.latest(subject) : state.version(subject, version);
      if (one == nullptr || one->is_deleted) return no_version(std::to_string(version));
      return *one;
    });
    others.push_back(TRY(found));
  }
  const Draft draft = TRY(drafted(subject, proposal));
  if (version == 0) others = compared(subject, draft);
  return whole_verdict(subject, draft, std::move(others));
}

Result<Verdict> Registry::whole_verdict(const Subject& subject, const Draft& draft, std::vector<Version> others) const {
  Verdict verdict = TRY(judged(subject, draft, std::move(others), draft.settings.level));
  if (!gate_) return verdict;
  for (std::string& reason : gate_(subject, draft.parsed)) {
    verdict.disagrees = verdict.is_compatible || verdict.disagrees;
    verdict.is_compatible = false;
    verdict.messages.push_back(std::move(reason));
  }
  return verdict;
}

}  // namespace weft::registry
