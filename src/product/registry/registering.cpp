#include <set>

#include "base/json.h"
#include "base/text.h"
#include "product/registry/draft.h"
#include "product/registry/errors.h"
#include "product/registry/gate.h"
#include "product/registry/rules.h"

namespace weft::registry {
namespace {

constexpr std::string_view kVersionProperty = "confluent:version";
constexpr std::string_view kReservedProperty = "confluent:reserved";

std::string joined(const std::vector<std::string>& messages) {
  std::string all;
  for (const std::string& each : messages) all += (all.empty() ? "" : ", ") + each;
  return all;
}

std::set<std::string> reserved_names(const json::Value& metadata) {
  std::set<std::string> names;
  for (const std::string_view each : text::split(metadata["properties"][kReservedProperty].text_or(""), ',')) {
    if (const auto name = text::trim(each); !name.empty()) names.emplace(name);
  }
  return names;
}

// Names that are kept for others may not be fields, and stay kept.
Result<> check_reserved(const Parsed& schema, const json::Value& metadata, const json::Value& before) {
  const auto reserved = reserved_names(metadata);
  for (const SchemaField& field : fields_of(schema)) {
    if (reserved.contains(field.name))
      return refuse(Code::invalid_schema,
                    format("Invalid schema: The field {} has a name that is reserved by its metadata", field.name));
  }
  for (const std::string& name : reserved_names(before)) {
    if (!reserved.contains(name))
      return refuse(Code::invalid_schema,
                    format("Invalid schema: The name {} was reserved before and is not any more", name));
  }
  return {};
}

// What somebody wrote into metadata as the expected version becomes the real one.
void set_version(json::Value& metadata, int version) {
  if (!metadata.is_object()) return;
  auto* properties = metadata.object().find("properties");
  if (properties != nullptr && properties->is_object() && properties->object().contains(kVersionProperty))
    properties->object().set(kVersionProperty, std::to_string(version));
}

// The id that the text has already in this context, in the writer's own view.
Result<std::optional<int>> known_id(store::Session& session, const Subject& subject, const std::string& digest) {
  return session.first(
      "SELECT MIN(id) FROM registry_schemas WHERE context = ? AND digest = ? HAVING MIN(id) IS NOT NULL",
      {subject.context, store::Blob{digest}}, [](const store::Row& row) { return static_cast<int>(row.integer(0)); });
}

// Ids are never given twice, also when all that had them is gone.
Result<int> new_id(store::Session& session, const Subject& subject, int wanted) {
  const auto last = TRY(session.first("SELECT last FROM registry_ids WHERE context = ?", {subject.context},
                                      [](const store::Row& row) { return row.integer(0); }));
  const std::int64_t id = wanted > 0 ? wanted : last.value_or(0) + 1;
  if (id > 2147483647) return refuse(Code::store, "The context has no ids left");
  TRY(
      session.run("INSERT INTO registry_ids (context, last) VALUES (?, ?) "
                  "ON CONFLICT (context) DO UPDATE SET last = MAX(last, excluded.last)",
                  {subject.context, id}));
  return static_cast<int>(id);
}

}  // namespace

Result<> Registry::check_mode(const Subject& subject, const Proposal& proposal) const {
  const Mode mode = read([&](const State& state) { return state.mode_in_scope(subject); });
  const auto refused = [&](std::string_view what) {
    return refuse(Code::not_permitted, format("Subject {} in context {} is {}", subject.name, subject.context, what));
  };
  if (mode == Mode::readonly || mode == Mode::readonly_override) return refused("in read-only mode");
  if (mode == Mode::forward) return refused("in forward mode");
  if (proposal.id > 0 && mode != Mode::import) return refused("not in import mode");
  if (proposal.id <= 0 && mode == Mode::import) return refused("not in read-write mode");
  return {};
}

Result<Entry> Registry::add(const Subject& subject, const Proposal& proposal, const Actor& actor) {
  if (subject.name.empty()) return refuse(Code::invalid_subject, "The specified subject '' is not a valid subject");
  const std::shared_lock others_register_too(changes_);
  const Turns::Turn turn(turns_, to_string(subject));
  const bool is_import = proposal.id > 0;
  const auto latest = read([&](const State& state) {
    const Version* version = state.latest(subject);
    return version == nullptr ? std::nullopt : std::optional(*version);
  });
  Proposal whole = proposal;
  if (whole.text.empty() && latest && !is_import && (!whole.metadata.is_null() || !whole.rules.is_null())) {
    whole.text = latest->schema->text;  // New metadata for the same schema.
    whole.language = latest->schema->language;
    whole.references = latest->schema->references;
  }
  if (whole.text.empty()) return refuse(Code::invalid_schema, "Invalid schema: Empty schema");
  Draft draft = TRY(drafted(subject, whole));
  if (!is_import) {
    if (draft.metadata.is_null() && latest) draft.metadata = json_of(latest->metadata);
    if (draft.rules.is_null() && latest) draft.rules = json_of(latest->rules);
    const Settings& settings = draft.settings;
    draft.metadata =
        merged_metadata(merged_metadata(settings.default_metadata, draft.metadata), settings.override_metadata);
    draft.rules = merged_rules(merged_rules(settings.default_rules, draft.rules), settings.override_rules);
  }
  if (const auto known = same(subject, draft, Deleted::exclude)) {
    if (proposal.id <= 0 || proposal.id == known->id) return Entry{subject, *known};
  }
  TRY(check_mode(subject, proposal));
  if (!is_import) {
    if (draft.settings.validates_fields)
      TRY(check_reserved(draft.parsed, draft.metadata, latest ? json_of(latest->metadata) : json::Value()));
    const Verdict verdict = TRY(whole_verdict(subject, draft, compared(subject, draft)));
    if (!verdict.is_compatible) {
      return refuse(Code::incompatible,
                    format("Schema being registered is incompatible with {} for subject \"{}\", details: [{}]",
                           verdict.disagrees ? "the contract of the port that owns it" : "an earlier schema",
                           to_string(subject), joined(verdict.messages)));
    }
  }
  Version version = TRY(stored(subject, draft, proposal, actor));
  const std::unique_lock lock(mutex_);
  state_.add(subject, version);
  return Entry{subject, std::move(version)};
}

Result<Version> Registry::stored(const Subject& subject, const Draft& draft, const Proposal& proposal,
                                 const Actor& actor) {
  const std::int64_t now_ms = micros(clock_.now()) / 1000;
  return store_.write_value<Version>([&](store::Session& session) -> Result<Version> {
    const auto next = TRY(session.first(
        "SELECT COALESCE(MAX(version), 0) + 1 FROM registry_versions WHERE context = ? AND subject = ?",
        {subject.context, subject.name}, [](const store::Row& row) { return static_cast<int>(row.integer(0)); }));
    const bool is_import = proposal.id > 0;
    const int number = is_import && proposal.version > 0 ? proposal.version : next.value_or(1);
    if (!is_import && proposal.version > 0 && proposal.version != number)
      return refuse(Code::invalid_schema,
                    format("Version is not one more than previous version: {} after {}", proposal.version, number - 1));
    std::optional<int> id = TRY(known_id(session, subject, draft.digest));
    if (is_import && id != proposal.id) {
      const auto other = TRY(session.first("SELECT 1 FROM registry_schemas WHERE context = ? AND id = ?",
                                           {subject.context, proposal.id}, [](const store::Row&) { return true; }));
      if (other)
        return refuse(Code::not_permitted, format("Overwrite new schema with id {} is not permitted.", proposal.id));
      id.reset();
    }
    if (!id) {
      id = TRY(new_id(session, subject, proposal.id));
      TRY(session.run(
          "INSERT INTO registry_schemas (context, id, language, text, refs, digest) VALUES (?, ?, ?, ?, ?, ?)",
          {subject.context, *id, to_string(draft.schema.language), draft.schema.text,
           json::write(references_to_json(draft.schema.references)), store::Blob{draft.digest}}));
    }
    json::Value metadata = draft.metadata;
    set_version(metadata, number);
    Version version{.number = number,
                    .id = *id,
                    .guid = guid_of(draft.schema, metadata, draft.rules),
                    .schema = std::make_shared<const SchemaText>(draft.schema),
                    .metadata = text_of(metadata),
                    .rules = text_of(draft.rules),
                    .is_deleted = false,
                    .time_ms = now_ms};
    const auto added = session.run(
        "INSERT INTO registry_versions (context, subject, version, id, metadata, rules, deleted, time) "
        "VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
        {subject.context, subject.name, number, *id, version.metadata, version.rules, now_ms});
    if (!added && added.error().kind == ErrorKind::conflict)
      return refuse(Code::not_permitted,
                    format("Overwrite of version {} of subject {} is not permitted.", number, to_string(subject)));
    TRY(added);
    TRY(record(session, actor, "schema.register", subject,
               {{"version", number}, {"id", *id}, {"language", to_string(draft.schema.language)}}));
    return version;
  });
}

}  // namespace weft::registry
