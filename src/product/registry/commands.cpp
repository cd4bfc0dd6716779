#include "product/registry/commands.h"

#include <fstream>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "formats/evolution/evolution.h"

namespace weft::registry {
namespace {

std::string subject_path(Invocation& call) {
  return "/registry/subjects/" + text::percent_encode(call.text("SUBJECT")) + "/versions";
}

Result<int> list(Invocation& call) {
  Api* api = TRY(call.api());
  std::string path = "/registry/schemas?latestOnly=true&limit=" + call.text("--limit");
  if (call.has("--prefix")) path += "&subjectPrefix=" + text::percent_encode(call.text("--prefix"));
  const json::Value entries = TRY(api->get(path));
  json::Array rows;
  for (const json::Value& each : entries.array()) {
    rows.push_back(json::Object{{"subject", each["subject"]},
                                {"version", each["version"]},
                                {"id", each["id"]},
                                {"type", each["schemaType"].text_or("AVRO")}});
  }
  call.out().rows(rows, {"subject", "version", "id", "type"});
  return 0;
}

Result<int> show(Invocation& call) {
  Api* api = TRY(call.api());
  const json::Value entry = TRY(api->get(subject_path(call) + "/" + text::percent_encode(call.text("--version"))));
  if (call.out().format() == OutputFormat::table)
    call.out().text(std::string(entry["schema"].text_or("")) + "\n");
  else
    call.out().object(entry);
  return 0;
}

// The language by what is said, else by the file's ending.
std::string language_of(Invocation& call) {
  if (call.has("--type")) return call.text("--type");
  const std::string file = call.text("FILE");
  if (file.ends_with(".proto")) return "PROTOBUF";
  return file.ends_with(".json") ? "JSON" : "AVRO";
}

Result<json::Object> proposal_of(Invocation& call) {
  const std::string path = call.text("FILE");
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorKind::unavailable, "schema.file", "{} cannot be read", path);
  std::string schema((std::istreambuf_iterator<char>(in)), {});
  if (schema.size() > evolution::kSchemaBytesMax || !text::is_valid_utf8(schema))
    return fail(ErrorKind::invalid, "schema.file", "{} is no text of at most {} bytes", path,
                evolution::kSchemaBytesMax);
  json::Array references;
  for (const std::string& each : call.list("--reference")) {
    const auto equals = each.find('='), at = each.rfind('@');
    const auto version = at == std::string::npos ? std::nullopt : text::parse_integer(each.substr(at + 1));
    if (equals == std::string::npos || !version || at < equals)
      return fail(ErrorKind::invalid, "schema.reference", "{} is no NAME=SUBJECT@VERSION", each);
    references.push_back(json::Object{{"name", each.substr(0, equals)},
                                      {"subject", each.substr(equals + 1, at - equals - 1)},
                                      {"version", *version}});
  }
  json::Object proposal{{"schema", std::move(schema)}, {"schemaType", language_of(call)}};
  if (!references.empty()) proposal.set("references", std::move(references));
  return proposal;
}

Result<int> register_schema(Invocation& call) {
  Api* api = TRY(call.api());
  call.out().object(TRY(api->post(subject_path(call), TRY(proposal_of(call)))));
  return 0;
}

Result<int> test(Invocation& call) {
  Api* api = TRY(call.api());
  const json::Value verdict = TRY(api->post(
      "/registry/compatibility/subjects/" + text::percent_encode(call.text("SUBJECT")) + "/versions?verbose=true",
      TRY(proposal_of(call))));
  const bool is_compatible = verdict["is_compatible"].boolean_or(false);
  if (call.out().format() == OutputFormat::table) {
    call.out().text(is_compatible ? "compatible\n" : "incompatible\n");
    for (const json::Value& each : verdict["messages"].array()) call.out().text(format("  {}\n", each.text_or("")));
  } else {
    call.out().object(verdict);
  }
  return is_compatible ? 0 : 1;
}

const Option kSubject{.name = "SUBJECT",
                      .value = "SUBJECT",
                      .summary = "The subject; `:.domain:name` in a domain's context",
                      .is_required = true};
const Option kFile{.name = "FILE", .value = "FILE", .summary = "The schema's text", .is_required = true};
const Option kType{.name = "--type",
                   .value = "TYPE",
                   .summary = "AVRO, JSON or PROTOBUF; else by the file's ending: .json, .proto, others Avro",
                   .choices = {"AVRO", "JSON", "PROTOBUF"}};
const Option kReference{.name = "--reference",
                        .value = "NAME=SUBJECT@VERSION",
                        .summary = "A registered schema that the text names",
                        .is_repeatable = true};

}  // namespace

std::vector<Command> commands() {
  return {
      {.name = "schema list",
       .summary = "Subjects of the schema registry with their latest versions",
       .description = "",
       .options = {{.name = "--prefix", .value = "TEXT", .summary = "Subjects that begin so; `:*:` in all contexts"},
                   {.name = "--limit", .value = "N", .summary = "How many", .otherwise = "1000"}},
       .run = list},
      {.name = "schema show",
       .summary = "The text of a version of a subject",
       .description = "With -o json all that is known of it.",
       .options = {kSubject,
                   {.name = "--version", .value = "VERSION", .summary = "A number or latest", .otherwise = "latest"}},
       .run = show},
      {.name = "schema register",
       .summary = "Register a schema under a subject",
       .description = "  weft schema register :.sales:orders-value order.avsc\n"
                      "  weft schema register :.sales:orders-value order.proto --reference base.proto=:.sales:base@1",
       .options = {kSubject, kFile, kType, kReference},
       .run = register_schema},
      {.name = "schema test",
       .summary = "Whether a schema may become a subject's next version",
       .description = "Exit status 1: it may not, with every reason.",
       .options = {kSubject, kFile, kType, kReference},
       .run = test}};
}

}  // namespace weft::registry
