#include "product/registry/state.h"

#include <algorithm>

namespace weft::registry {
namespace {

const Subject kGlobal{std::string(kGlobalContext), ""};

}  // namespace

bool shows(Deleted which, const Version& version) {
  switch (which) {
    case Deleted::exclude:
      return !version.is_deleted;
    case Deleted::include:
      return true;
    case Deleted::only:
      return version.is_deleted;
  }
  return false;
}

const State::Content* State::content(std::string_view context) const {
  const auto found = contexts_.find(context);
  return found == contexts_.end() ? nullptr : &found->second;
}

void State::note_references(const Subject& subject, const Version& version, bool is_added) {
  for (const Reference& each : version.schema->references) {
    const auto target = parse_subject(each.subject, subject.context);
    if (!target) continue;
    std::tuple key(*target, each.version, subject.context, version.id);
    if (is_added)
      references_.insert(std::move(key));
    else
      references_.erase(key);
  }
}

void State::add(const Subject& subject, Version version) {
  Content& content = contexts_[subject.context];
  auto& known = content.ids[version.id];
  if (known.schema) version.schema = known.schema;  // One text in memory for all that have the id.
  known.schema = version.schema;
  known.uses.emplace(subject.name, version.number);
  note_references(subject, version, true);
  guids_.insert_or_assign(version.guid, std::pair(subject, version.number));
  content.subjects[subject.name].insert_or_assign(version.number, std::move(version));
}

void State::set_deleted(const Subject& subject, int version) {
  contexts_[subject.context].subjects[subject.name][version].is_deleted = true;
}

void State::remove(const Subject& subject, int number) {
  Content& content = contexts_[subject.context];
  const auto versions = content.subjects.find(subject.name);
  if (versions == content.subjects.end()) return;
  const auto found = versions->second.find(number);
  if (found == versions->second.end()) return;
  const Version version = found->second;
  guids_.erase(version.guid);
  versions->second.erase(found);
  if (versions->second.empty()) content.subjects.erase(versions);
  const auto known = content.ids.find(version.id);
  known->second.uses.erase({subject.name, number});
  if (known->second.uses.empty()) {
    note_references(subject, version, false);
    content.ids.erase(known);
  }
  drop_if_empty(subject.context);
}

void State::drop_if_empty(const std::string& context) {
  const auto found = contexts_.find(context);
  if (found != contexts_.end() && found->second.subjects.empty() && found->second.configs.empty() &&
      found->second.modes.empty()) {
    contexts_.erase(found);
  }
}

void State::set_config(const Subject& subject, std::optional<Config> config) {
  auto& configs = contexts_[subject.context].configs;
  if (config)
    configs.insert_or_assign(subject.name, std::move(*config));
  else
    configs.erase(subject.name);
  drop_if_empty(subject.context);
}

void State::set_mode(const Subject& subject, std::optional<Mode> mode) {
  auto& modes = contexts_[subject.context].modes;
  if (mode)
    modes.insert_or_assign(subject.name, *mode);
  else
    modes.erase(subject.name);
  drop_if_empty(subject.context);
}

const State::Versions* State::versions(const Subject& subject) const {
  const Content* all = content(subject.context);
  if (all == nullptr) return nullptr;
  const auto found = all->subjects.find(subject.name);
  return found == all->subjects.end() ? nullptr : &found->second;
}

const Version* State::version(const Subject& subject, int number) const {
  const Versions* all = versions(subject);
  if (all == nullptr) return nullptr;
  const auto found = all->find(number);
  return found == all->end() ? nullptr : &found->second;
}

const Version* State::latest(const Subject& subject) const {
  const Versions* all = versions(subject);
  if (all == nullptr) return nullptr;
  const auto found = std::find_if(all->rbegin(), all->rend(), [](const auto& each) { return !each.second.is_deleted; });
  return found == all->rend() ? nullptr : &found->second;
}

bool State::has(const Subject& subject, Deleted which) const {
  const Versions* all = versions(subject);
  return all != nullptr &&
         std::any_of(all->begin(), all->end(), [&](const auto& each) { return shows(which, each.second); });
}

SchemaPointer State::schema(std::string_view context, int id) const {
  const Content* all = content(context);
  if (all == nullptr) return nullptr;
  const auto found = all->ids.find(id);
  return found == all->ids.end() ? nullptr : found->second.schema;
}

const std::set<State::Use>* State::uses(std::string_view context, int id) const {
  const Content* all = content(context);
  if (all == nullptr) return nullptr;
  const auto found = all->ids.find(id);
  return found == all->ids.end() ? nullptr : &found->second.uses;
}

std::vector<int> State::referrers(const Subject& subject, int version) const {
  std::vector<int> ids;
  for (auto at = references_.lower_bound({subject, version, "", 0}); at != references_.end(); ++at) {
    if (std::get<0>(*at) != subject || std::get<1>(*at) != version) break;
    ids.push_back(std::get<3>(*at));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::optional<Entry> State::by_guid(const Uuid& guid) const {
  const auto found = guids_.find(guid);
  if (found == guids_.end()) return std::nullopt;
  const auto& [subject, number] = found->second;
  const Version* known = version(subject, number);
  return known == nullptr ? std::nullopt : std::optional(Entry{subject, *known});
}

int State::id_max(std::string_view context) const {
  int max = 0;
  if (const Content* all = content(context)) {
    for (const auto& [id, known] : all->ids) max = std::max(max, id);
  }
  return max;
}

const Config* State::config(const Subject& subject) const {
  const Content* all = content(subject.context);
  if (all == nullptr) return nullptr;
  const auto found = all->configs.find(subject.name);
  return found == all->configs.end() ? nullptr : &found->second;
}

const Mode* State::mode(const Subject& subject) const {
  const Content* all = content(subject.context);
  if (all == nullptr) return nullptr;
  const auto found = all->modes.find(subject.name);
  return found == all->modes.end() ? nullptr : &found->second;
}

std::vector<const Config*> State::places(const Subject& subject) const {
  std::vector<const Config*> places;
  for (const Subject& place : {subject, Subject{subject.context, ""}, kGlobal}) {
    const Config* found = config(place);
    if (found != nullptr && std::find(places.begin(), places.end(), found) == places.end()) places.push_back(found);
  }
  return places;
}

Mode State::mode_in_scope(const Subject& subject) const {
  for (const Subject& place : {kGlobal, Subject{subject.context, ""}}) {
    const Mode* found = mode(place);
    if (found != nullptr && *found == Mode::readonly_override) return *found;
  }
  for (const Subject& place : {subject, Subject{subject.context, ""}, kGlobal}) {
    if (const Mode* found = mode(place)) return *found;
  }
  return Mode::readwrite;
}

std::vector<std::string> State::contexts() const {
  std::vector<std::string> names{std::string(kDefaultContext)};
  for (const auto& [name, content] : contexts_) {
    if (name != kDefaultContext && name != kGlobalContext && !content.subjects.empty()) names.push_back(name);
  }
  return names;
}

}  // namespace weft::registry
