#include "product/registry/requests.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "product/registry/errors.h"
#include "product/registry/routes.h"
#include "product/registry/rules.h"

namespace weft::registry {
namespace {

constexpr std::size_t kBodyMax = 8 << 20;
constexpr std::string_view kContexts = "/registry/contexts/";

}  // namespace

std::string route_path(std::string_view path) {
  if (path.size() == kPrefix.size() + 1) return std::string(kPrefix);  // With a slash behind it.
  if (!path.starts_with(kContexts)) return std::string(path);
  const auto end = path.find('/', kContexts.size());
  return end == std::string_view::npos ? std::string(path) : std::string(kPrefix) + std::string(path.substr(end));
}

Result<std::string> context_of(const Request& request) {
  const std::string_view path = request.path;
  if (!path.starts_with(kContexts)) return std::string(kDefaultContext);
  const auto end = path.find('/', kContexts.size());
  if (end == std::string_view::npos) return std::string(kDefaultContext);
  const auto name = text::percent_decode(path.substr(kContexts.size(), end - kContexts.size()));
  if (!name) return refuse(Code::invalid_subject, "The context in the path is not percent-encoded UTF-8");
  return parse_context(*name);
}

Result<Subject> subject_of(const Request& request) {
  const std::string context = TRY(context_of(request));
  return parse_subject(request.param("subject"), context);
}

Actor actor_of(const Request& request) { return {.name = request.principal.name, .request_id = request.request_id}; }

bool flag(const Request& request, std::string_view name) {
  return text::iequals(request.query_or(name, "false"), "true");
}

Deleted deleted_of(const Request& request) {
  if (flag(request, "deletedOnly")) return Deleted::only;
  return flag(request, "deleted") ? Deleted::include : Deleted::exclude;
}

Result<int> version_of(std::string_view text) {
  if (text == "latest" || text == "-1") return -1;
  const auto number = text::parse_integer(text);
  if (!number || *number < 1 || *number > 2147483647) {
    return refuse(Code::invalid_version,
                  format("The specified version '{}' is not a valid version id. Allowed values are between [1, 2^31-1] "
                         "and the string \"latest\"",
                         text));
  }
  return static_cast<int>(*number);
}

Result<json::Value> body_of(const Request& request) {
  const std::string text = TRY(request.text(kBodyMax));
  if (text.empty()) return refuse(Code::unprocessable, "The request has no body");
  auto value = json::parse(text, {.bytes_max = kBodyMax});
  if (!value) return refuse(Code::malformed, value.error().message);
  if (!value->is_object()) return refuse(Code::unprocessable, "The body is not a JSON object");
  return value;
}

Result<Proposal> proposal_of(const Request& request) {
  const json::Value body = TRY(body_of(request));
  if (!body["schema"].is_null() && !body["schema"].is_text())
    return refuse(Code::unprocessable, "`schema` is not a text: the schema is sent as a JSON string");
  if (!body["schemaType"].is_null() && !body["schemaType"].is_text())
    return refuse(Code::unprocessable, "`schemaType` is not a text");
  const auto number = [&](std::string_view name) {
    const std::int64_t value = body[name].integer_or(0);
    return value > 0 && value <= 2147483647 ? static_cast<int>(value) : 0;
  };
  return Proposal{.language = TRY(parse_language(body["schemaType"].text_or(""))),
                  .text = std::string(body["schema"].text_or("")),
                  .references = TRY(references_of(body["references"])),
                  .metadata = TRY(checked_metadata(body["metadata"])),
                  .rules = TRY(checked_rules(body["ruleSet"])),
                  .version = number("version"),
                  .id = number("id"),
                  .normalizes = flag(request, "normalize")};
}

std::pair<std::size_t, std::size_t> page_bounds(const Request& request, std::size_t size) {
  const std::int64_t offset =
      std::max<std::int64_t>(text::parse_integer(request.query_or("offset", "0")).value_or(0), 0);
  const std::int64_t limit = text::parse_integer(request.query_or("limit", "-1")).value_or(-1);
  const std::size_t begin = std::min(size, static_cast<std::size_t>(offset));
  if (limit < 0) return {begin, size};
  return {begin, begin + std::min(size - begin, static_cast<std::size_t>(limit))};
}

json::Object entry_to_json(const Entry& entry) {
  const Version& version = entry.version;
  json::Object object{{"subject", to_string(entry.subject)},
                      {"version", version.number},
                      {"id", version.id},
                      {"guid", to_string(version.guid)}};
  if (version.schema->language != Language::avro) object.set("schemaType", to_string(version.schema->language));
  if (!version.schema->references.empty()) object.set("references", references_to_json(version.schema->references));
  if (!version.metadata.empty()) object.set("metadata", json_of(version.metadata));
  if (!version.rules.empty()) object.set("ruleSet", json_of(version.rules));
  object.set("schema", version.schema->text);
  object.set("ts", version.time_ms);
  object.set("deleted", version.is_deleted);
  return object;
}

Result<std::string> text_answer(const Request& request, const Registry& registry, const std::string& context,
                                const SchemaText& schema) {
  const auto wanted = request.query_or("format", "");
  if (wanted.empty()) return schema.text;
  const Parsed parsed = TRY(registry.parsed(context, schema));
  return parsed.formatted(wanted).value_or(schema.text);
}

Result<json::Object> entry_answer(const Request& request, const Registry& registry, const Entry& entry) {
  json::Object object = entry_to_json(entry);
  object.set("schema", TRY(text_answer(request, registry, entry.subject.context, *entry.version.schema)));
  return object;
}

json::Array to_array(const std::vector<int>& numbers) { return {numbers.begin(), numbers.end()}; }

}  // namespace weft::registry
