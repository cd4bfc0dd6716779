#include "base/json.h"
#include "product/registry/errors.h"
#include "product/registry/registry.h"

namespace weft::registry {
namespace {

Result<> delete_version(store::Session& session, const Subject& subject, int version) {
  const auto id = TRY(
      session.first("SELECT id FROM registry_versions WHERE context = ? AND subject = ? AND version = ?",
                    {subject.context, subject.name, version}, [](const store::Row& row) { return row.integer(0); }));
  TRY(session.run("DELETE FROM registry_versions WHERE context = ? AND subject = ? AND version = ?",
                  {subject.context, subject.name, version}));
  // An id goes with the last version that has it.
  TRY(
      session.run("DELETE FROM registry_schemas WHERE context = ?1 AND id = ?2 AND NOT EXISTS "
                  "(SELECT 1 FROM registry_versions WHERE context = ?1 AND id = ?2)",
                  {subject.context, id.value_or(0)}));
  return {};
}

Result<> hide_version(store::Session& session, const Subject& subject, int version) {
  TRY(session.run("UPDATE registry_versions SET deleted = 1 WHERE context = ? AND subject = ? AND version = ?",
                  {subject.context, subject.name, version}));
  return {};
}

}  // namespace

Result<> Registry::check_writable(const Subject& subject) const {
  const Mode mode = read([&](const State& state) { return state.mode_in_scope(subject); });
  if (mode == Mode::readonly || mode == Mode::readonly_override) {
    return refuse(Code::not_permitted,
                  format("Subject {} in context {} is in read-only mode", subject.name, subject.context));
  }
  return {};
}

Result<> Registry::check_unreferenced(const Subject& subject, int version) const {
  const auto ids = read([&](const State& state) { return state.referrers(subject, version); });
  if (ids.empty()) return {};
  return refuse(Code::referenced,
                format("One or more references exist to the schema {{magic=1,keytype=SCHEMA,subject={},version={}}}.",
                       to_string(subject), version));
}

Result<std::vector<int>> Registry::remove(const Subject& subject, Removal removal, const Actor& actor) {
  const std::unique_lock alone(changes_);
  const std::string name = to_string(subject);
  const auto numbers = read([&](const State& state) -> Result<std::vector<int>> {
    if (!state.has(subject, Deleted::include)) return no_subject(name);
    const bool has_live = state.has(subject, Deleted::exclude);
    if (removal == Removal::soft && !has_live)
      return refuse(Code::subject_soft_deleted,
                    format("Subject '{}' was soft deleted.Set permanent=true to delete permanently", name));
    if (removal == Removal::permanent && has_live)
      return refuse(Code::subject_not_soft_deleted,
                    format("Subject '{}' was not deleted first before being permanently deleted", name));
    std::vector<int> all;
    for (const auto& [number, version] : *state.versions(subject)) {
      if (removal == Removal::permanent || !version.is_deleted) all.push_back(number);
    }
    return all;
  });
  const std::vector<int> versions = TRY(numbers);
  TRY(check_writable(subject));
  for (const int version : versions) TRY(check_unreferenced(subject, version));
  TRY(store_.write([&](store::Session& session) -> Result<> {
    for (const int version : versions) {
      TRY(removal == Removal::soft ? hide_version(session, subject, version)
                                   : delete_version(session, subject, version));
    }
    if (removal == Removal::permanent) {
      TRY(session.run("DELETE FROM registry_places WHERE context = ? AND subject = ?",
                      {subject.context, subject.name}));
    }
    return record(
        session, actor, "schema.delete", subject,
        {{"versions", json::Array(versions.begin(), versions.end())}, {"permanent", removal == Removal::permanent}});
  }));
  const std::unique_lock lock(mutex_);
  for (const int version : versions) {
    if (removal == Removal::soft)
      state_.set_deleted(subject, version);
    else
      state_.remove(subject, version);
  }
  if (removal == Removal::permanent) {
    state_.set_config(subject, std::nullopt);
    state_.set_mode(subject, std::nullopt);
  }
  return versions;
}

Result<> Registry::remove(const Subject& subject, int version, Removal removal, const Actor& actor) {
  const std::unique_lock alone(changes_);
  const std::string name = to_string(subject);
  TRY(read([&](const State& state) -> Result<> {
    if (!state.has(subject, Deleted::include)) return no_subject(name);
    const Version* one = state.version(subject, version);
    if (one == nullptr) return no_version(std::to_string(version));
    if (removal == Removal::soft && one->is_deleted)
      return refuse(
          Code::version_soft_deleted,
          format("Subject '{}' Version {} was soft deleted.Set permanent=true to delete permanently", name, version));
    if (removal == Removal::permanent && !one->is_deleted)
      return refuse(
          Code::version_not_soft_deleted,
          format("Subject '{}' Version {} was not deleted first before being permanently deleted", name, version));
    return {};
  }));
  TRY(check_writable(subject));
  TRY(check_unreferenced(subject, version));
  TRY(store_.write([&](store::Session& session) -> Result<> {
    TRY(removal == Removal::soft ? hide_version(session, subject, version) : delete_version(session, subject, version));
    return record(session, actor, "schema.delete", subject,
                  {{"versions", json::Array{json::Value(version)}}, {"permanent", removal == Removal::permanent}});
  }));
  const std::unique_lock lock(mutex_);
  if (removal == Removal::soft)
    state_.set_deleted(subject, version);
  else
    state_.remove(subject, version);
  return {};
}

Result<> Registry::set_config(const Subject& place, std::optional<Config> config, const Actor& actor) {
  const std::unique_lock alone(changes_);
  TRY(check_writable(place));
  const std::string text = config ? json::write(json::Value(*config)) : std::string();
  TRY(store_.write([&](store::Session& session) -> Result<> {
    TRY(session.run(
        "INSERT INTO registry_places (context, subject, config) VALUES (?, ?, ?) "
        "ON CONFLICT (context, subject) DO UPDATE SET config = excluded.config",
        {place.context, place.name, config ? store::Param(std::string_view(text)) : store::Param(nullptr)}));
    return record(session, actor, "schema.config", place, {{"config", config ? json::Value(*config) : json::Value()}});
  }));
  const std::unique_lock lock(mutex_);
  state_.set_config(place, std::move(config));
  return {};
}

Result<> Registry::set_mode(const Subject& place, std::optional<Mode> mode, Force force, const Actor& actor) {
  const std::unique_lock alone(changes_);
  const bool has_schemas = read([&](const State& state) {
    bool any = false;
    state.each_subject([&](const Subject& subject, const State::Versions&) {
      any = any || (subject.context == place.context && (place.name.empty() || subject.name == place.name) &&
                    state.has(subject, Deleted::exclude));
    });
    return any;
  });
  const bool is_import_now = read([&](const State& state) { return state.mode_in_scope(place) == Mode::import; });
  if (mode == Mode::import && !is_import_now && has_schemas && force == Force::no)
    return refuse(Code::not_permitted, "Cannot import since found existing subjects");
  TRY(store_.write([&](store::Session& session) -> Result<> {
    const std::string text = mode ? std::string(to_string(*mode)) : std::string();
    TRY(
        session.run("INSERT INTO registry_places (context, subject, mode) VALUES (?, ?, ?) "
                    "ON CONFLICT (context, subject) DO UPDATE SET mode = excluded.mode",
                    {place.context, place.name, mode ? store::Param(std::string_view(text)) : store::Param(nullptr)}));
    return record(session, actor, "schema.mode", place, {{"mode", text}});
  }));
  const std::unique_lock lock(mutex_);
  state_.set_mode(place, mode);
  return {};
}

}  // namespace weft::registry
