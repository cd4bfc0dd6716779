#include "product/registry/errors.h"
#include "product/registry/requests.h"
#include "product/registry/routes.h"

namespace weft::registry {
namespace {

// The subject of the path, or the context itself.
Result<Subject> place_of(const Request& request) {
  if (request.params.contains("subject")) return subject_of(request);
  return Subject{.context = TRY(context_of(request)), .name = ""};
}

bool names_subject(const Request& request) { return request.params.contains("subject"); }

Answer read_config(Request& request, const Registry& registry) {
  const Subject place = TRY(place_of(request));
  const auto config = registry.read([&](const State& state) -> std::optional<Config> {
    if (!names_subject(request) || flag(request, "defaultToGlobal")) return in_scope(state.places(place));
    const Config* own = state.config(place);
    return own == nullptr ? std::nullopt : std::optional(*own);
  });
  if (!config) {
    return refuse(Code::no_subject_compatibility,
                  format("Subject '{}' does not have subject-level compatibility configured", to_string(place)));
  }
  return answer(request, *config);
}

Answer write_config(Request& request, Registry& registry, const WriteCheck& may_write) {
  const Subject place = TRY(place_of(request));
  TRY(may_write(request, place.context));
  const json::Value body = TRY(body_of(request));
  const Config before = registry.read([&](const State& state) {
    const Config* own = state.config(place);
    return own == nullptr ? Config() : *own;
  });
  const Config after = TRY(updated(before, body));
  TRY(registry.set_config(place, after, actor_of(request)));
  json::Object echo = body.object();
  if (const auto* level = after.find("compatibilityLevel"); level != nullptr && !body["compatibility"].is_null())
    echo.set("compatibility", *level);
  return answer(request, echo);
}

Answer delete_config(Request& request, Registry& registry, const WriteCheck& may_write) {
  const Subject place = TRY(place_of(request));
  TRY(may_write(request, place.context));
  const auto before = registry.read([&](const State& state) -> std::optional<Config> {
    const Config* own = state.config(place);
    if (own == nullptr) return names_subject(request) ? std::nullopt : std::optional(in_scope({}));
    return *own;
  });
  if (!before) return no_subject(to_string(place));
  TRY(registry.set_config(place, std::nullopt, actor_of(request)));
  return answer(request, *before);
}

json::Object mode_to_json(Mode mode) { return {{"mode", to_string(mode)}}; }

Answer read_mode(Request& request, const Registry& registry) {
  const Subject place = TRY(place_of(request));
  const auto mode = registry.read([&](const State& state) -> std::optional<Mode> {
    if (!names_subject(request) || flag(request, "defaultToGlobal")) return state.mode_in_scope(place);
    const Mode* own = state.mode(place);
    return own == nullptr ? std::nullopt : std::optional(*own);
  });
  if (!mode) {
    return refuse(Code::no_subject_mode,
                  format("Subject '{}' does not have subject-level mode configured", to_string(place)));
  }
  return answer(request, mode_to_json(*mode));
}

Answer write_mode(Request& request, Registry& registry, const WriteCheck& may_write) {
  const Subject place = TRY(place_of(request));
  TRY(may_write(request, place.context));
  const json::Value body = TRY(body_of(request));
  const Mode mode = TRY(parse_mode(body["mode"].text_or("")));
  TRY(registry.set_mode(place, mode, flag(request, "force") ? Registry::Force::yes : Registry::Force::no,
                        actor_of(request)));
  return answer(request, mode_to_json(mode));
}

// The subjects of a context whose own mode goes with the context's.
std::vector<Subject> with_modes(const Registry& registry, const Subject& place) {
  return registry.read([&](const State& state) {
    std::vector<Subject> all;
    state.each_subject([&](const Subject& subject, const State::Versions&) {
      if (place.name.empty() && subject.context == place.context && state.mode(subject) != nullptr)
        all.push_back(subject);
    });
    return all;
  });
}

Answer delete_mode(Request& request, Registry& registry, const WriteCheck& may_write) {
  const Subject place = TRY(place_of(request));
  TRY(may_write(request, place.context));
  const auto before = registry.read([&](const State& state) -> std::optional<Mode> {
    const Mode* own = state.mode(place);
    if (own == nullptr) return names_subject(request) ? std::nullopt : std::optional(Mode::readwrite);
    return *own;
  });
  if (!before) return no_subject(to_string(place));
  TRY(registry.set_mode(place, std::nullopt, Registry::Force::no, actor_of(request)));
  if (flag(request, "recursive")) {
    for (const Subject& subject : with_modes(registry, place))
      TRY(registry.set_mode(subject, std::nullopt, Registry::Force::no, actor_of(request)));
  }
  return answer(request, mode_to_json(*before));
}

Answer list_contexts(Request& request, const Registry& registry) {
  auto names = registry.read([](const State& state) { return state.contexts(); });
  names = page_of_list(request, std::move(names));
  return answer(request, json::Array(names.begin(), names.end()));
}

Answer delete_context(Request& request, Registry& registry, const WriteCheck& may_write) {
  const std::string context = TRY(parse_context(request.param("context")));
  TRY(may_write(request, context));
  const Subject place{.context = context, .name = ""};
  const bool has_subjects = registry.read([&](const State& state) {
    bool any = false;
    state.each_subject(
        [&](const Subject& subject, const State::Versions&) { any = any || subject.context == context; });
    return any;
  });
  if (has_subjects) return refuse(Code::context_not_empty, format("Context '{}' is not empty", context));
  TRY(registry.set_config(place, std::nullopt, actor_of(request)));
  TRY(registry.set_mode(place, std::nullopt, Registry::Force::no, actor_of(request)));
  return Response{.status = 204, .headers = {}, .body = std::string()};
}

struct RouteText {
  std::string method, path, summary;
  std::vector<QueryParameter> parameters;
  std::string body;
  int status = 200;
};

void route(App& app, RouteText text, Handler handler) {
  app.route({.method = std::move(text.method),
             .path = std::string(kPrefix) + text.path,
             .access = Access::signed_in,
             .summary = std::move(text.summary),
             .handler = std::move(handler),
             .request_schema = std::move(text.body),
             .media_type = std::string(kMediaType),
             .other_media_types = {"application/json"},
             .query_parameters = std::move(text.parameters),
             .status = text.status});
}

constexpr const char* kConfigBody =
    R"json({"type": "object", "properties": {"compatibility": {"type": "string"}, "normalize": {"type": "boolean"}, "alias": {"type": "string"},
      "compatibilityGroup": {"type": "string"}, "compatibilityPolicy": {"enum": ["STRICT", "LENIENT"]}, "validateFields": {"type": "boolean"},
      "defaultMetadata": {"type": "object"}, "overrideMetadata": {"type": "object"}, "defaultRuleSet": {"type": "object"}, "overrideRuleSet": {"type": "object"}}})json";
constexpr const char* kModeBody =
    R"json({"type": "object", "required": ["mode"], "properties": {"mode": {"type": "string"}}})json";

void add_setting_routes(App& app, Registry& registry, const WriteCheck& may_write, const std::string& suffix,
                        const std::string& of) {
  route(app, {"GET", "/config" + suffix, "Read the configuration of " + of, {"defaultToGlobal"}, "", 200},
        [&](Request& request) { return read_config(request, registry); });
  route(app, {"PUT", "/config" + suffix, "Change the configuration of " + of, {}, kConfigBody, 200},
        [&, may_write](Request& request) { return write_config(request, registry, may_write); });
  route(app, {"DELETE", "/config" + suffix, "Delete the configuration of " + of, {}, "", 200},
        [&, may_write](Request& request) { return delete_config(request, registry, may_write); });
  route(app, {"GET", "/mode" + suffix, "Read the mode of " + of, {"defaultToGlobal"}, "", 200},
        [&](Request& request) { return read_mode(request, registry); });
  route(app, {"PUT", "/mode" + suffix, "Change the mode of " + of, {"force"}, kModeBody, 200},
        [&, may_write](Request& request) { return write_mode(request, registry, may_write); });
  route(app, {"DELETE", "/mode" + suffix, "Delete the mode of " + of, {"recursive"}, "", 200},
        [&, may_write](Request& request) { return delete_mode(request, registry, may_write); });
}

}  // namespace

void add_place_routes(App& app, Registry& registry, WriteCheck may_write) {
  add_setting_routes(app, registry, may_write, "", "a context");
  add_setting_routes(app, registry, may_write, "/{subject}", "a subject");
  route(app, {"GET", "/contexts", "List contexts", {"offset", "limit", "contextPrefix"}, "", 200},
        [&](Request& request) { return list_contexts(request, registry); });
  route(app, {"DELETE", "/contexts/{context}", "Delete an empty context", {}, "", 204},
        [&, may_write](Request& request) { return delete_context(request, registry, may_write); });
  route(app, {"GET", "", "Tell that a schema registry is here", {}, "", 200},
        [](Request& request) -> Answer { return answer(request, json::Object{}); });
  route(app, {"GET", "/v1/metadata/id", "Tell which registry this is", {}, "", 200}, [](Request& request) -> Answer {
    return answer(request, json::Object{{"scope", json::Object{{"path", json::Array{}},
                                                               {"clusters", json::Object{{"kafka-cluster", "weft"},
                                                                                         {"schema-registry-cluster",
                                                                                          "schema-registry"}}}}},
                                        {"id", ""}});
  });
  route(app, {"GET", "/v1/metadata/version", "Tell the version of the API that is spoken", {}, "", 200},
        [](Request& request) -> Answer {
          return answer(request, json::Object{{"version", "7.9.0"}, {"commitId", "weft"}});
        });
  route(app, {"GET", "/v1/metadata/deployment", "Tell how the registry is deployed", {}, "", 200},
        [](Request& request) -> Answer { return answer(request, json::Object{{"attributes", json::Array{}}}); });
}

}  // namespace weft::registry
