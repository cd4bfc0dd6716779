#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "product/registry/model.h"
#include "product/registry/settings.h"

namespace weft::registry {

enum class Deleted { exclude, include, only };
bool shows(Deleted which, const Version& version);

// All that is registered, in memory: what the store holds, ready to be read. Not thread-safe: the Registry guards it.
class State {
 public:
  using Versions = std::map<int, Version>;
  // Where an id is used.
  using Use = std::pair<std::string, int>;  // Subject's name, version.

  void add(const Subject& subject, Version version);
  void set_deleted(const Subject& subject, int version);
  void remove(const Subject& subject, int version);
  void set_config(const Subject& subject, std::optional<Config> config);
  void set_mode(const Subject& subject, std::optional<Mode> mode);

  const Versions* versions(const Subject& subject) const;
  const Version* version(const Subject& subject, int number) const;
  const Version* latest(const Subject& subject) const;  // Not deleted.
  bool has(const Subject& subject, Deleted which) const;
  SchemaPointer schema(std::string_view context, int id) const;
  const std::set<Use>* uses(std::string_view context, int id) const;
  std::vector<int> referrers(const Subject& subject, int version) const;  // Ids, in the subject's context.
  std::optional<Entry> by_guid(const Uuid& guid) const;
  int id_max(std::string_view context) const;

  const Config* config(const Subject& subject) const;
  const Mode* mode(const Subject& subject) const;
  // The places whose configuration holds for a subject, the nearest first.
  std::vector<const Config*> places(const Subject& subject) const;
  Mode mode_in_scope(const Subject& subject) const;

  std::vector<std::string> contexts() const;
  // Calls `each` for subjects in order of context and name.
  template <class F>
  void each_subject(F each) const {
    for (const auto& [context, content] : contexts_) {
      for (const auto& [name, versions] : content.subjects) each(Subject{context, name}, versions);
    }
  }

 private:
  struct Content {
    std::map<std::string, Versions, std::less<>> subjects;
    struct Known {
      SchemaPointer schema;
      std::set<Use> uses;
    };
    std::unordered_map<int, Known> ids;
    std::map<std::string, Config, std::less<>> configs;  // By subject; "" is the context's.
    std::map<std::string, Mode, std::less<>> modes;
  };
  const Content* content(std::string_view context) const;
  void drop_if_empty(const std::string& context);
  void note_references(const Subject& subject, const Version& version, bool is_added);

  std::map<std::string, Content, std::less<>> contexts_;
  std::set<std::tuple<Subject, int, std::string, int>> references_;  // (subject, version) ← (context, id).
  std::map<Uuid, std::pair<Subject, int>> guids_;
};

}  // namespace weft::registry
