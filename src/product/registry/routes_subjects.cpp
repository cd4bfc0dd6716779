#include "product/registry/errors.h"
#include "product/registry/requests.h"
#include "product/registry/routes.h"

namespace weft::registry {
namespace {

constexpr std::string_view kProposalBody = R"json({
  "type": "object",
  "properties": {
    "schema": {"type": "string", "description": "The schema as text."},
    "schemaType": {"type": "string", "enum": ["AVRO", "JSON", "PROTOBUF"], "default": "AVRO"},
    "references": {"type": "array", "items": {"type": "object", "required": ["name", "subject", "version"], "properties": {
      "name": {"type": "string"}, "subject": {"type": "string"}, "version": {"type": "integer"}}}},
    "metadata": {"type": "object"}, "ruleSet": {"type": "object"},
    "id": {"type": "integer", "description": "For mode IMPORT."}, "version": {"type": "integer"}}})json";

// The version that a path names, as far as it is to be seen.
Result<Entry> entry_of(const Request& request, const Registry& registry, Deleted which) {
  Subject subject = TRY(subject_of(request));
  const int number = TRY(version_of(request.param("version")));
  return registry.read([&](const State& state) -> Result<Entry> {
    // An alias stands in for a subject that is not there.
    if (!state.has(subject, which)) {
      const Config* config = state.config(subject);
      const json::Value* alias = config == nullptr ? nullptr : config->find("alias");
      if (alias != nullptr) subject = TRY(parse_subject(alias->text_or(""), subject.context));
    }
    if (!state.has(subject, which)) return no_subject(to_string(subject));
    const Version* version = number == -1 ? state.latest(subject) : state.version(subject, number);
    if (number == -1 && version == nullptr && which == Deleted::include)
      version = &state.versions(subject)->rbegin()->second;
    if (version == nullptr || !shows(which, *version)) return no_version(request.param("version"));
    return Entry{subject, *version};
  });
}

Answer list_subjects(Request& request, const Registry& registry) {
  const std::string context = TRY(context_of(request));
  // At the root all contexts are listed; below a context's path, that context.
  const bool is_root = context == kDefaultContext && !request.query.contains("subjectPrefix");
  const SubjectPrefix prefix = parse_prefix(is_root ? ":*:" : request.query_or("subjectPrefix", ""), context);
  const Deleted which = deleted_of(request);
  std::vector<std::string> names;
  registry.read([&](const State& state) {
    state.each_subject([&](const Subject& subject, const State::Versions&) {
      if (prefix.covers(subject) && state.has(subject, which)) names.push_back(to_string(subject));
    });
  });
  names = page_of_list(request, std::move(names));
  return answer(request, json::Array(names.begin(), names.end()));
}

Answer list_versions(Request& request, const Registry& registry) {
  const Subject subject = TRY(subject_of(request));
  const Deleted which = deleted_of(request);
  std::vector<int> numbers;
  TRY(registry.read([&](const State& state) -> Result<> {
    if (!state.has(subject, which)) return no_subject(to_string(subject));
    for (const auto& [number, version] : *state.versions(subject)) {
      if (shows(which, version)) numbers.push_back(number);
    }
    return {};
  }));
  return answer(request, to_array(page_of_list(request, std::move(numbers))));
}

Answer register_schema(Request& request, Registry& registry, const WriteCheck& may_write) {
  const Subject subject = TRY(subject_of(request));
  TRY(may_write(request, subject.context));
  const Proposal proposal = TRY(proposal_of(request));
  const Entry entry = TRY(registry.add(subject, proposal, actor_of(request)));
  // The text only when a form of it is asked for: clients keep what they sent beside the id.
  json::Object object{
      {"id", entry.version.id}, {"version", entry.version.number}, {"guid", to_string(entry.version.guid)}};
  if (!request.query_or("format", "").empty())
    object.set("schema", TRY(text_answer(request, registry, subject.context, *entry.version.schema)));
  return answer(request, object);
}

Answer look_up_schema(Request& request, const Registry& registry) {
  const Subject subject = TRY(subject_of(request));
  const Proposal proposal = TRY(proposal_of(request));
  const Entry entry = TRY(registry.look_up(subject, proposal, deleted_of(request)));
  return answer(request, TRY(entry_answer(request, registry, entry)));
}

Registry::Removal removal_of(const Request& request) {
  return flag(request, "permanent") ? Registry::Removal::permanent : Registry::Removal::soft;
}

Answer delete_subject(Request& request, Registry& registry, const WriteCheck& may_write) {
  const Subject subject = TRY(subject_of(request));
  TRY(may_write(request, subject.context));
  return answer(request, to_array(TRY(registry.remove(subject, removal_of(request), actor_of(request)))));
}

Answer delete_version(Request& request, Registry& registry, const WriteCheck& may_write) {
  const Subject subject = TRY(subject_of(request));
  TRY(may_write(request, subject.context));
  int version = TRY(version_of(request.param("version")));
  if (version == -1) version = TRY(entry_of(request, registry, Deleted::exclude)).version.number;
  TRY(registry.remove(subject, version, removal_of(request), actor_of(request)));
  return answer(request, version);
}

Answer referenced_by(Request& request, const Registry& registry) {
  const Entry entry = TRY(entry_of(request, registry, Deleted::include));
  auto ids = registry.read([&](const State& state) { return state.referrers(entry.subject, entry.version.number); });
  return answer(request, to_array(page_of_list(request, std::move(ids))));
}

// The latest version whose metadata has all of the `key`=`value` pairs.
Answer by_metadata(Request& request, const Registry& registry) {
  const Subject subject = TRY(subject_of(request));
  std::vector<std::string> keys, values;
  for (const auto& [name, value] : request.query_items) {
    if (name == "key") keys.push_back(value);
    if (name == "value") values.push_back(value);
  }
  if (keys.size() != values.size())
    return refuse(Code::unprocessable, "Each `key` of the query needs a `value`, in the same order");
  const auto found = registry.read([&](const State& state) -> Result<Entry> {
    if (!state.has(subject, deleted_of(request))) return no_subject(to_string(subject));
    const State::Versions& versions = *state.versions(subject);
    for (auto each = versions.rbegin(); each != versions.rend(); ++each) {
      if (!shows(deleted_of(request), each->second)) continue;
      const json::Value metadata = json_of(each->second.metadata);
      bool has_all = true;
      for (std::size_t i = 0; i < keys.size(); ++i)
        has_all = has_all && metadata["properties"][keys[i]].text_or("\x01") == values[i];
      if (has_all) return Entry{subject, each->second};
    }
    return no_schema();
  });
  return answer(request, TRY(entry_answer(request, registry, TRY(found))));
}

Answer test_compatibility(Request& request, const Registry& registry, int version) {
  const Subject subject = TRY(subject_of(request));
  const Proposal proposal = TRY(proposal_of(request));
  const Verdict verdict = TRY(registry.test(subject, proposal, version));
  json::Object object{{"is_compatible", verdict.is_compatible}};
  if (flag(request, "verbose")) {
    object.set("messages", json::Array(verdict.messages.begin(), verdict.messages.end()));
  }
  return answer(request, object);
}

void route(App& app, std::string method, std::string path, std::string summary, Handler handler,
           std::vector<QueryParameter> parameters, std::string_view body = {}) {
  app.route({.method = std::move(method),
             .path = std::string(kPrefix) + path,
             .access = Access::signed_in,
             .summary = std::move(summary),
             .handler = std::move(handler),
             .request_schema = std::string(body),
             .media_type = std::string(kMediaType),
             .other_media_types = {"application/json"},
             .query_parameters = std::move(parameters)});
}

}  // namespace

void add_subject_routes(App& app, Registry& registry, WriteCheck may_write) {
  route(app, "GET", "/subjects", "List subjects", [&](Request& request) { return list_subjects(request, registry); },
        {"subjectPrefix", "deleted", "deletedOnly", "offset", "limit"});
  route(
      app, "POST", "/subjects/{subject}", "Look up a schema under a subject",
      [&](Request& request) { return look_up_schema(request, registry); }, {"normalize", "format", "deleted"},
      kProposalBody);
  route(app, "DELETE", "/subjects/{subject}", "Delete a subject, softly or for good",
        [&, may_write](Request& request) { return delete_subject(request, registry, may_write); }, {"permanent"});
  route(app, "GET", "/subjects/{subject}/versions", "List a subject's versions",
        [&](Request& request) { return list_versions(request, registry); },
        {"deleted", "deletedOnly", "offset", "limit"});
  route(
      app, "POST", "/subjects/{subject}/versions", "Register a schema under a subject",
      [&, may_write](Request& request) { return register_schema(request, registry, may_write); },
      {"normalize", "format"}, kProposalBody);
  route(app, "GET", "/subjects/{subject}/versions/{version}", "Read a version of a subject",
        [&](Request& request) -> Answer {
          const Entry entry = TRY(entry_of(request, registry, deleted_of(request)));
          return answer(request, TRY(entry_answer(request, registry, entry)));
        },
        {"format", "referenceFormat", "deleted", "findTags"});
  route(app, "DELETE", "/subjects/{subject}/versions/{version}", "Delete a version, softly or for good",
        [&, may_write](Request& request) { return delete_version(request, registry, may_write); }, {"permanent"});
  route(app, "GET", "/subjects/{subject}/versions/{version}/schema", "Read the text of a version",
        [&](Request& request) -> Answer {
          const Entry entry = TRY(entry_of(request, registry, deleted_of(request)));
          return Response::text(TRY(text_answer(request, registry, entry.subject.context, *entry.version.schema)),
                                media_type(request));
        },
        {"format", "deleted"});
  route(app, "GET", "/subjects/{subject}/versions/{version}/referencedby", "List the ids that refer to a version",
        [&](Request& request) { return referenced_by(request, registry); }, {"deleted", "offset", "limit"});
  route(app, "GET", "/subjects/{subject}/metadata", "Read the latest version with given metadata",
        [&](Request& request) { return by_metadata(request, registry); }, {"key", "value", "format", "deleted"});
  route(
      app, "POST", "/compatibility/subjects/{subject}/versions", "Test a schema by the subject's level",
      [&](Request& request) { return test_compatibility(request, registry, 0); }, {"normalize", "verbose"},
      kProposalBody);
  route(
      app, "POST", "/compatibility/subjects/{subject}/versions/{version}", "Test a schema against one version",
      [&](Request& request) -> Answer {
        return test_compatibility(request, registry, TRY(version_of(request.param("version"))));
      },
      {"normalize", "verbose"}, kProposalBody);
}

}  // namespace weft::registry
