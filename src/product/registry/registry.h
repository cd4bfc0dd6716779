#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/turns.h"
#include "platform/store/store.h"
#include "product/audit/audit.h"
#include "product/registry/state.h"

// The schema registry: subjects, versions, ids, compatibility, by the words of Confluent's REST API.
namespace weft::registry {

// Who does something, for the audit.
struct Actor {
  std::string name;
  std::string request_id;
};

// A schema that somebody brings: to register, to look up, to compare.
struct Proposal {
  Language language = Language::avro;
  std::string text;
  std::vector<Reference> references;
  json::Value metadata, rules;  // Checked; null when not given.
  int version = 0, id = 0;      // 0: the registry chooses. An id is for mode IMPORT only.
  bool normalizes = false;      // Or when the subject's configuration says so.
};

struct Verdict {
  bool is_compatible = true;
  bool disagrees = false;             // With nothing but the contract of the port that owns the subject.
  std::vector<std::string> messages;  // In the registry's usual form, of the newest version that does not fit.
};

// Thread-safe. The store, the audit and the clock outlive it. Errors carry the API's codes (errors.h).
class Registry {
 public:
  static Result<std::unique_ptr<Registry>> open(store::Store& store, audit::Audit& audit, Clock& clock);

  // Reads within `look` see one state; nothing may be kept of it.
  template <class F>
  auto read(F look) const {
    const std::shared_lock lock(mutex_);
    return look(state_);
  }

  // Registers, or finds what is registered already under the subject.
  Result<Entry> add(const Subject& subject, const Proposal& proposal, const Actor& actor);
  Result<Entry> look_up(const Subject& subject, const Proposal& proposal, Deleted which) const;
  // Against one version, or (0) those that the subject's level names.
  Result<Verdict> test(const Subject& subject, const Proposal& proposal, int version) const;

  // The versions that went. `is_permanent` needs that they were deleted softly before.
  enum class Removal { soft, permanent };
  Result<std::vector<int>> remove(const Subject& subject, Removal removal, const Actor& actor);
  Result<> remove(const Subject& subject, int version, Removal removal, const Actor& actor);

  Result<> set_config(const Subject& place, std::optional<Config> config, const Actor& actor);
  enum class Force { no, yes };
  Result<> set_mode(const Subject& place, std::optional<Mode> mode, Force force, const Actor& actor);

  // The schema as the language reads it, with what it refers to.
  Result<Parsed> parsed(const std::string& context, const SchemaText& schema) const;
  Settings settings(const Subject& subject) const;

  // What else speaks against a schema under a subject; asked before a registration and by a test. Set once.
  using Gate = std::function<std::vector<std::string>(const Subject&, const Parsed&)>;
  void set_gate(Gate gate) { gate_ = std::move(gate); }

 private:
  struct Draft;
  Registry(store::Store& store, audit::Audit& audit, Clock& clock) : store_(store), audit_(audit), clock_(clock) {}
  Result<> load();
  Result<Draft> drafted(const Subject& subject, const Proposal& proposal) const;
  Result<std::vector<evolution::Import>> imports(const std::string& context,
                                                 const std::vector<Reference>& references) const;
  Result<> check_mode(const Subject& subject, const Proposal& proposal) const;
  Result<> check_writable(const Subject& subject) const;
  Result<Verdict> judged(const Subject& subject, const Draft& draft, std::vector<Version> others, Level level) const;
  // judged(), and what the gate says.
  Result<Verdict> whole_verdict(const Subject& subject, const Draft& draft, std::vector<Version> others) const;
  std::optional<Version> same(const Subject& subject, const Draft& draft, Deleted which) const;
  std::vector<Version> compared(const Subject& subject, const Draft& draft) const;
  Result<Version> stored(const Subject& subject, const Draft& draft, const Proposal& proposal, const Actor& actor);
  Result<> check_unreferenced(const Subject& subject, int version) const;
  Result<> record(store::Session& session, const Actor& actor, std::string_view action, const Subject& subject,
                  json::Object details) const;

  store::Store& store_;
  audit::Audit& audit_;
  Clock& clock_;
  Gate gate_;
  mutable std::shared_mutex mutex_;
  State state_;                // Guarded by mutex_.
  std::shared_mutex changes_;  // Shared by registrations, alone for what takes away or reconfigures.
  Turns turns_;                // A subject registers one schema at a time.
  mutable std::mutex known_mutex_;
  mutable std::unordered_map<std::string, Parsed> known_;  // By context and digest; guarded by known_mutex_.
  mutable std::size_t known_bytes_ = 0;                    // Of their texts; likewise.
};

}  // namespace weft::registry
