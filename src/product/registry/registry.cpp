#include "product/registry/registry.h"

#include "base/check.h"
#include "base/json.h"
#include "product/registry/draft.h"
#include "product/registry/errors.h"
#include "product/registry/rules.h"

namespace weft::registry {
namespace {

constexpr std::size_t kParsedBytesMax = 4 << 20;  // Of texts; what is parsed is several times as large.
constexpr std::string_view kVersionProperty = "confluent:version";

// Metadata without the version that the registry itself writes into it.
json::Value comparable(json::Value metadata) {
  if (!metadata.is_object()) return metadata;
  if (auto* properties = metadata.object().find("properties"); properties != nullptr && properties->is_object()) {
    properties->object().erase(kVersionProperty);
    if (properties->object().empty()) metadata.object().erase("properties");
  }
  return metadata.object().empty() ? json::Value() : metadata;
}

}  // namespace

Result<std::unique_ptr<Registry>> Registry::open(store::Store& store, audit::Audit& audit, Clock& clock) {
  std::unique_ptr<Registry> registry(new Registry(store, audit, clock));
  TRY(registry->load());
  return registry;
}

Result<> Registry::load() {
  return store_.read([&](store::Session& session) -> Result<> {
    std::map<std::pair<std::string, int>, SchemaPointer> schemas;
    TRY(session.each("SELECT context, id, language, text, refs FROM registry_schemas", {},
                     [&](const store::Row& row) -> Result<> {
                       SchemaText schema{.language = TRY(parse_language(row.text(2))),
                                         .text = row.text(3),
                                         .references = TRY(references_of(json_of(row.text(4))))};
                       schemas.emplace(std::pair(row.text(0), static_cast<int>(row.integer(1))),
                                       std::make_shared<const SchemaText>(std::move(schema)));
                       return {};
                     }));
    TRY(session.each("SELECT context, subject, version, id, metadata, rules, deleted, time FROM registry_versions", {},
                     [&](const store::Row& row) -> Result<> {
                       const int id = static_cast<int>(row.integer(3));
                       const SchemaPointer& schema = schemas[{row.text(0), id}];
                       CHECK(schema != nullptr);
                       const std::string metadata = row.text(4), rules = row.text(5);
                       state_.add({row.text(0), row.text(1)},
                                  {.number = static_cast<int>(row.integer(2)),
                                   .id = id,
                                   .guid = guid_of(*schema, json_of(metadata), json_of(rules)),
                                   .schema = schema,
                                   .metadata = metadata,
                                   .rules = rules,
                                   .is_deleted = row.integer(6) != 0,
                                   .time_ms = row.integer(7)});
                       return {};
                     }));
    return session.each("SELECT context, subject, config, mode FROM registry_places", {},
                        [&](const store::Row& row) -> Result<> {
                          const Subject place{row.text(0), row.text(1)};
                          if (!row.is_null(2)) state_.set_config(place, json_of(row.text(2)).object());
                          if (!row.is_null(3)) state_.set_mode(place, TRY(parse_mode(row.text(3))));
                          return {};
                        });
  });
}

Settings Registry::settings(const Subject& subject) const {
  return read([&](const State& state) { return settings_of(state.places(subject)); });
}

Result<std::vector<evolution::Import>> Registry::imports(const std::string& context,
                                                         const std::vector<Reference>& references) const {
  struct Walk {
    const State& state;
    std::vector<evolution::Import> all;
    std::set<std::string> names;
    std::set<std::pair<Subject, int>> open;

    Result<> visit(const std::string& context, const std::vector<Reference>& references) {
      for (const Reference& each : references) {
        const Subject subject = TRY(parse_subject(each.subject, context));
        const Version* version = each.version == -1 ? state.latest(subject) : state.version(subject, each.version);
        if (version == nullptr) {
          return refuse(Code::invalid_schema,
                        format("Invalid schema: No schema reference found for subject \"{}\" and version {}",
                               each.subject, each.version));
        }
        if (names.contains(each.name)) continue;
        if (!open.emplace(subject, version->number).second || all.size() >= evolution::kImportsMax)
          return refuse(Code::invalid_schema, format("Invalid schema: its references go in a circle at {}", each.name));
        TRY(visit(subject.context, version->schema->references));
        names.insert(each.name);
        all.push_back({.name = each.name, .text = version->schema->text});
        open.erase({subject, version->number});
      }
      return {};
    }
  };
  return read([&](const State& state) -> Result<std::vector<evolution::Import>> {
    Walk walk{.state = state, .all = {}, .names = {}, .open = {}};
    TRY(walk.visit(context, references));
    return std::move(walk.all);
  });
}

Result<Parsed> Registry::parsed(const std::string& context, const SchemaText& schema) const {
  const std::string key = context + '\0' + digest_of(schema);
  {
    const std::lock_guard lock(known_mutex_);
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
  }
  const auto needed = TRY(imports(context, schema.references));
  Parsed parsed = TRY(Parsed::parse(schema.language, schema.text, needed));
  const std::lock_guard lock(known_mutex_);
  if (known_bytes_ + schema.text.size() > kParsedBytesMax) {
    known_.clear();
    known_bytes_ = 0;
  }
  if (known_.insert_or_assign(key, parsed).second) known_bytes_ += schema.text.size();
  return parsed;
}

Result<Registry::Draft> Registry::drafted(const Subject& subject, const Proposal& proposal) const {
  const Settings settings = this->settings(subject);
  const auto needed = TRY(imports(subject.context, proposal.references));
  Parsed parsed = TRY(Parsed::parse(proposal.language, proposal.text, needed));
  SchemaText schema{.language = proposal.language,
                    .text = proposal.normalizes || settings.normalizes ? parsed.normalized() : parsed.canonical(),
                    .references = proposal.references};
  std::string digest = digest_of(schema);
  return Draft{.parsed = std::move(parsed),
               .schema = std::move(schema),
               .digest = std::move(digest),
               .metadata = proposal.metadata,
               .rules = proposal.rules,
               .settings = settings};
}

std::optional<Version> Registry::same(const Subject& subject, const Draft& draft, Deleted which) const {
  return read([&](const State& state) -> std::optional<Version> {
    const State::Versions* versions = state.versions(subject);
    std::optional<Version> nearest;
    if (versions == nullptr) return nearest;
    for (auto each = versions->rbegin(); each != versions->rend(); ++each) {
      const Version& version = each->second;
      if (!shows(which, version) || version.schema->text != draft.schema.text ||
          version.schema->language != draft.schema.language || version.schema->references != draft.schema.references)
        continue;
      const bool is_equal =
          comparable(json_of(version.metadata)) == comparable(draft.metadata) && json_of(version.rules) == draft.rules;
      if (is_equal) return version;
      if (!nearest) nearest = version;
    }
    // Whoever asks with metadata means it; whoever asks without means the schema.
    return draft.metadata.is_null() && draft.rules.is_null() ? nearest : std::nullopt;
  });
}

Result<Entry> Registry::look_up(const Subject& subject, const Proposal& proposal, Deleted which) const {
  if (!read([&](const State& state) { return state.has(subject, which); })) return no_subject(to_string(subject));
  Draft draft = TRY(drafted(subject, proposal));
  draft.metadata = json::Value();
  draft.rules = json::Value();
  const auto found = same(subject, draft, which);
  if (!found) return no_schema();
  return Entry{subject, *found};
}

Result<> Registry::record(store::Session& session, const Actor& actor, std::string_view action, const Subject& subject,
                          json::Object details) const {
  return audit_.append(session, {.actor = actor.name,
                                 .action = std::string(action),
                                 .subject = to_string(subject),
                                 .outcome = "committed",
                                 .request_id = actor.request_id,
                                 .details = std::move(details)});
}

}  // namespace weft::registry
