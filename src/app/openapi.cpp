#include "app/openapi.h"

#include "base/json.h"
#include "base/text.h"

namespace weft {
namespace {

json::Value schema_of(const std::string& text) {
  if (text.empty()) return json::Object{};
  auto parsed = json::parse(text);
  CHECK(parsed.has_value());
  return std::move(*parsed);
}

json::Value content_of(std::string_view media_type, json::Value schema) {
  return json::Object{{std::string(media_type), json::Object{{"schema", std::move(schema)}}}};
}

std::string operation_id(const Route& route) {
  std::string id = text::lower(route.method);
  for (const char c : route.path) {
    const bool keeps = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (keeps) {
      id += c;
    } else if (id.back() != '_') {
      id += '_';
    }
  }
  while (id.back() == '_') id.pop_back();
  return id;
}

json::Array parameters_of(const Route& route) {
  json::Array all;
  std::string_view rest = route.path;
  for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    const auto close = rest.find('}', open);
    all.push_back(json::Object{{"name", std::string(rest.substr(open + 1, close - open - 1))},
                               {"in", "path"},
                               {"required", true},
                               {"schema", json::Object{{"type", "string"}}}});
    rest.remove_prefix(close + 1);
  }
  for (const QueryParameter& each : route.query_parameters) {
    all.push_back(json::Object{
        {"name", each.name}, {"in", "query"}, {"required", each.is_required}, {"schema", schema_of(each.schema)}});
  }
  return all;
}

json::Value operation_of(const Route& route) {
  json::Object operation{{"operationId", operation_id(route)}, {"summary", route.summary}};
  const auto segments = text::split(route.path, '/');
  if (segments.size() > 2) {
    operation.set("tags", json::Array{std::string(segments[2].substr(0, segments[2].find(':')))});
  }
  if (auto parameters = parameters_of(route); !parameters.empty()) operation.set("parameters", std::move(parameters));
  if (!route.request_schema.empty()) {
    operation.set(
        "requestBody",
        json::Object{{"required", true}, {"content", content_of("application/json", schema_of(route.request_schema))}});
  }
  if (!route.body_media_types.empty()) {
    json::Object content;
    for (const std::string& type : route.body_media_types) content.set(type, json::Object{});
    operation.set("requestBody", json::Object{{"required", true}, {"content", std::move(content)}});
  }
  json::Value answers = content_of(route.media_type, schema_of(route.response_schema));
  for (const std::string& type : route.other_media_types) answers.object().set(type, json::Object{});
  json::Object responses;
  responses.set(std::to_string(route.status), json::Object{{"description", "Done."}, {"content", std::move(answers)}});
  responses.set("default", json::Object{{"$ref", "#/components/responses/Problem"}});
  operation.set("responses", std::move(responses));
  if (route.access == Access::anyone) operation.set("security", json::Array{});
  return operation;
}

json::Value components() {
  json::Object problem{
      {"type", "object"},
      {"required", json::Array{"type", "title", "status", "detail", "code"}},
      {"properties", json::Object{{"type", json::Object{{"type", "string"}}},
                                  {"title", json::Object{{"type", "string"}}},
                                  {"status", json::Object{{"type", "integer"}}},
                                  {"detail", json::Object{{"type", "string"}}},
                                  {"code", json::Object{{"type", "string"}, {"description", "Stable; for programs."}}},
                                  {"kind", json::Object{{"type", "string"}}},
                                  {"request_id", json::Object{{"type", "string"}}}}}};
  json::Object response{
      {"description", "A problem document (RFC 9457)."},
      {"content", content_of("application/problem+json", json::Object{{"$ref", "#/components/schemas/Problem"}})}};
  return json::Object{
      {"schemas", json::Object{{"Problem", std::move(problem)}}},
      {"responses", json::Object{{"Problem", std::move(response)}}},
      {"securitySchemes", json::Object{{"bearer", json::Object{{"type", "http"}, {"scheme", "bearer"}}},
                                       {"basic", json::Object{{"type", "http"}, {"scheme", "basic"}}}}}};
}

}  // namespace

std::string openapi_of(const std::vector<Route>& routes) {
  json::Object paths;
  for (const Route& route : routes) {
    if (!paths.contains(route.path)) paths.set(route.path, json::Object{});
    paths.find(route.path)->object().set(text::lower(route.method), operation_of(route));
  }
  json::Object document{
      {"openapi", "3.1.0"},
      {"info", json::Object{{"title", "Weft"},
                            {"version", WEFT_VERSION},
                            {"license", json::Object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
      {"servers", json::Array{json::Object{{"url", "/"}}}},
      {"security", json::Array{json::Object{{"bearer", json::Array{}}}, json::Object{{"basic", json::Array{}}}}},
      {"paths", std::move(paths)},
      {"components", components()}};
  return json::write(document);
}

}  // namespace weft
