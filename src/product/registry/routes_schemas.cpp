#include "base/text.h"
#include "product/registry/errors.h"
#include "product/registry/requests.h"
#include "product/registry/routes.h"

namespace weft::registry {
namespace {

struct Found {
  std::string context;
  int id = 0;
  SchemaPointer schema;
  std::optional<Entry> entry;  // Of the subject that was asked for, else any that has the id.
};

std::optional<Entry> entry_with(const State& state, const std::string& context, int id, std::string_view subject) {
  const auto* uses = state.uses(context, id);
  if (uses == nullptr) return std::nullopt;
  for (const auto& [name, number] : *uses) {
    const Subject place{context, name};
    if (subject.empty() || name == subject) return Entry{place, *state.version(place, number)};
  }
  return std::nullopt;
}

// An id in the context that the path or `subject` names; a bare subject is sought in the other contexts, too.
Result<Found> found_by_id(const Request& request, const Registry& registry) {
  const auto id = text::parse_integer(request.param("id"));
  if (!id || *id < 0 || *id > 2147483647)
    return refuse(Code::schema_not_found, format("Schema {} not found", request.param("id")));
  const std::string context = TRY(context_of(request));
  const Subject subject = TRY(parse_subject(request.query_or("subject", ""), context));
  return registry.read([&](const State& state) -> Result<Found> {
    Found found{.context = subject.context, .id = static_cast<int>(*id), .schema = {}, .entry = {}};
    found.entry = entry_with(state, found.context, found.id, subject.name);
    if (!found.entry && !subject.name.empty() && subject.context == kDefaultContext) {
      for (const std::string& other : state.contexts()) {
        if (auto entry = entry_with(state, other, found.id, subject.name); entry && !found.entry) {
          found.entry = std::move(entry);
          found.context = other;
        }
      }
    }
    if (!found.entry) found.entry = entry_with(state, found.context, found.id, "");
    if (!found.entry) return refuse(Code::schema_not_found, format("Schema {} not found", *id));
    found.schema = found.entry->version.schema;
    return found;
  });
}

Answer schema_by_id(Request& request, const Registry& registry) {
  const Found found = TRY(found_by_id(request, registry));
  json::Object object;
  if (!request.query_or("subject", "").empty()) {
    object.set("subject", to_string(found.entry->subject));
    object.set("version", found.entry->version.number);
  }
  const Version& version = found.entry->version;
  if (found.schema->language != Language::avro) object.set("schemaType", to_string(found.schema->language));
  object.set("schema", TRY(text_answer(request, registry, found.context, *found.schema)));
  if (!found.schema->references.empty()) object.set("references", references_to_json(found.schema->references));
  if (!version.metadata.empty()) object.set("metadata", json_of(version.metadata));
  if (!version.rules.empty()) object.set("ruleSet", json_of(version.rules));
  object.set("guid", to_string(version.guid));
  object.set("ts", version.time_ms);
  if (flag(request, "fetchMaxId"))
    object.set("maxId", registry.read([&](const State& state) { return state.id_max(found.context); }));
  return answer(request, object);
}

std::vector<Entry> uses_of(const Request& request, const Registry& registry, const Found& found) {
  const Deleted which = deleted_of(request);
  const auto wanted = parse_subject(request.query_or("subject", ""), found.context);
  return registry.read([&](const State& state) {
    std::vector<Entry> entries;
    const auto* uses = state.uses(found.context, found.id);
    if (uses == nullptr) return entries;
    for (const auto& [name, number] : *uses) {
      const Subject subject{found.context, name};
      const Version& version = *state.version(subject, number);
      if (!shows(which, version) || (wanted && !wanted->name.empty() && wanted->name != name)) continue;
      entries.push_back({subject, version});
    }
    return entries;
  });
}

Answer subjects_of_id(Request& request, const Registry& registry) {
  const Found found = TRY(found_by_id(request, registry));
  std::vector<std::string> names;
  for (const Entry& entry : uses_of(request, registry, found)) {
    if (names.empty() || names.back() != to_string(entry.subject)) names.push_back(to_string(entry.subject));
  }
  names = page_of_list(request, std::move(names));
  return answer(request, json::Array(names.begin(), names.end()));
}

Answer versions_of_id(Request& request, const Registry& registry) {
  const Found found = TRY(found_by_id(request, registry));
  json::Array all;
  for (const Entry& entry : page_of_list(request, uses_of(request, registry, found)))
    all.push_back(json::Object{{"subject", to_string(entry.subject)}, {"version", entry.version.number}});
  return answer(request, std::move(all));
}

Answer list_schemas(Request& request, const Registry& registry) {
  const std::string context = TRY(context_of(request));
  const bool is_root = context == kDefaultContext && !request.query.contains("subjectPrefix");
  const SubjectPrefix prefix = parse_prefix(is_root ? ":*:" : request.query_or("subjectPrefix", ""), context);
  const Deleted which = deleted_of(request);
  const bool is_latest_only = flag(request, "latestOnly");
  std::vector<Entry> entries = registry.read([&](const State& state) {
    std::vector<Entry> all;
    state.each_subject([&](const Subject& subject, const State::Versions& versions) {
      if (!prefix.covers(subject)) return;
      const std::size_t before = all.size();
      for (const auto& [number, version] : versions) {
        if (!shows(which, version)) continue;
        if (is_latest_only) all.resize(before);
        all.push_back({subject, version});
      }
    });
    return all;
  });
  json::Array list;
  for (const Entry& entry : page_of_list(request, std::move(entries))) list.push_back(entry_to_json(entry));
  return answer(request, std::move(list));
}

Answer by_guid(Request& request, const Registry& registry) {
  const auto guid = parse_uuid(request.param("guid"));
  const auto entry =
      registry.read([&](const State& state) { return guid ? state.by_guid(*guid) : std::optional<Entry>(); });
  if (!entry) return refuse(Code::schema_not_found, format("Schema {} not found", request.param("guid")));
  json::Object object = TRY(entry_answer(request, registry, *entry));
  for (const char* member : {"subject", "version", "id", "deleted"}) object.erase(member);
  return answer(request, object);
}

Answer ids_of_guid(Request& request, const Registry& registry) {
  const auto guid = parse_uuid(request.param("guid"));
  const auto entry =
      registry.read([&](const State& state) { return guid ? state.by_guid(*guid) : std::optional<Entry>(); });
  if (!entry) return refuse(Code::schema_not_found, format("Schema {} not found", request.param("guid")));
  return answer(request, json::Array{json::Object{{"context", entry->subject.context}, {"id", entry->version.id}}});
}

void route(App& app, std::string path, std::string summary, Handler handler, std::vector<QueryParameter> parameters,
           Lane lane = Lane::control) {
  app.route({.method = "GET",
             .path = std::string(kPrefix) + path,
             .access = Access::signed_in,
             .summary = std::move(summary),
             .handler = std::move(handler),
             .lane = lane,
             .media_type = std::string(kMediaType),
             .other_media_types = {"application/json"},
             .query_parameters = std::move(parameters)});
}

}  // namespace

void add_schema_routes(App& app, Registry& registry) {
  route(app, "/schemas", "List schemas of all versions",
        [&](Request& request) { return list_schemas(request, registry); },
        {"subjectPrefix", "aliases", "deleted", "latestOnly", "ruleType", "offset", "limit"});
  route(app, "/schemas/types", "List the schema languages",
        [](Request& request) -> Answer { return answer(request, json::Array{"JSON", "PROTOBUF", "AVRO"}); }, {});
  route(app, "/schemas/ids/{id}", "Read a schema by id",
        [&](Request& request) { return schema_by_id(request, registry); },
        {"subject", "format", "referenceFormat", "findTags", "fetchMaxId"});
  route(app, "/schemas/ids/{id}/schema", "Read the text of a schema by id",
        [&](Request& request) -> Answer {
          const Found found = TRY(found_by_id(request, registry));
          return Response::text(TRY(text_answer(request, registry, found.context, *found.schema)), media_type(request));
        },
        {"subject", "format"});
  route(app, "/schemas/ids/{id}/subjects", "List the subjects that have an id",
        [&](Request& request) { return subjects_of_id(request, registry); }, {"subject", "deleted", "offset", "limit"});
  route(app, "/schemas/ids/{id}/versions", "List the versions that have an id",
        [&](Request& request) { return versions_of_id(request, registry); }, {"subject", "deleted", "offset", "limit"});
  route(app, "/schemas/guids/{guid}", "Read a schema by its GUID",
        [&](Request& request) { return by_guid(request, registry); }, {"format"});
  route(app, "/schemas/guids/{guid}/ids", "List the ids of a GUID",
        [&](Request& request) { return ids_of_guid(request, registry); }, {});
}

}  // namespace weft::registry
