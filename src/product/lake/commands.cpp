#include "product/lake/commands.h"

#include "base/json.h"
#include "base/text.h"

namespace weft::lake {
namespace {

Result<int> describe(Invocation& call) {
  Api* api = TRY(call.api());
  const json::Value port = TRY(api->get(TRY(port_path(*api, call.text("NAME")))));
  if (call.out().format() == OutputFormat::json || call.out().format() == OutputFormat::yaml) {
    call.out().object(port);
    return 0;
  }
  json::Object head = port.object();
  head.erase("columns");
  call.out().object(head);
  json::Array rows;
  for (const json::Value& column : port["columns"].array()) {
    json::Value type = column["type"].is_text() ? column["type"] : json::Value(json::write(column["type"]));
    rows.push_back(json::Object{{"column", column["name"]},
                                {"type", std::move(type)},
                                {"required", column["required"]},
                                {"key", column["primary_key_position"].integer_or(0) > 0},
                                {"description", column["description"]}});
  }
  call.out().text("\n");
  call.out().rows(rows, {"column", "type", "required", "key", "description"});
  return 0;
}

Result<int> list_snapshots(Invocation& call) {
  Api* api = TRY(call.api());
  const json::Value page = TRY(api->get(TRY(port_path(*api, call.text("NAME"))) + "/snapshots"));
  call.out().rows(page["items"].array(), {"snapshot_id", "time", "operation", "is_current"});
  return 0;
}

Result<int> roll_back(Invocation& call) {
  Api* api = TRY(call.api());
  const auto id = text::parse_integer(call.text("SNAPSHOT"));
  if (!id) return fail(ErrorKind::invalid, "lake.snapshot_id", "{} is no snapshot id", call.text("SNAPSHOT"));
  call.out().object(
      TRY(api->post(TRY(port_path(*api, call.text("NAME"))) + ":rollback", json::Object{{"snapshot_id", *id}})));
  return 0;
}

const Option kName{
    .name = "NAME", .value = "NAME", .summary = "domain.product or domain.product.port", .is_required = true};

}  // namespace

Result<std::string> port_path(Api& api, const std::string& name) {
  const auto parts = text::split(name, '.');
  if (parts.size() < 2 || parts.size() > 3)
    return fail(ErrorKind::invalid, "port.name", "{} is no name like domain.product or domain.product.port", name);
  const std::string product =
      format("/v1/products/{}/{}", text::percent_encode(parts[0]), text::percent_encode(parts[1]));
  std::string port(parts.back());
  if (parts.size() == 2) {
    // The port named like the product, else the first.
    const json::Value described = TRY(api.get(product));
    const json::Value& ports = described["ports"];
    bool is_there = false;
    if (ports.is_array()) {
      for (const json::Value& each : ports.array()) is_there = is_there || each["name"].text_or("") == port;
      if (!is_there && !ports.array().empty()) port = ports.array()[0]["name"].text_or("");
    }
  }
  return product + "/ports/" + text::percent_encode(port);
}

std::vector<Command> commands() {
  return {
      {.name = "describe",
       .summary = "A port: its columns, its table, its Iceberg metadata_location",
       .description = "  weft describe aviation.flights",
       .options = {kName},
       .run = describe},
      {.name = "snapshots list",
       .summary = "The snapshots of a table, newest first",
       .description = "Query one with AT (VERSION => id).",
       .options = {kName},
       .run = list_snapshots},
      {.name = "rollback",
       .summary = "Make an older snapshot current again",
       .description = "Nothing is lost: the later snapshots stay readable until they expire.",
       .options = {kName, {.name = "SNAPSHOT", .value = "ID", .summary = "The snapshot's id", .is_required = true}},
       .run = roll_back},
  };
}

}  // namespace weft::lake
