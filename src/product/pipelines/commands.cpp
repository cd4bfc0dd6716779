#include "product/pipelines/commands.h"

#include "base/text.h"

namespace weft::pipelines {
namespace {

Result<int> run(Invocation& call) {
  Api* api = TRY(call.api());
  const json::Value answer =
      TRY(api->post("/v1/pipelines/" + text::percent_encode(call.text("NAME")) + "/runs", json::Object{}));
  if (call.out().format() != OutputFormat::table) {
    call.out().object(answer);
    return 0;
  }
  call.out().text(format("committed  {}  {} rows  snapshot {}  ({})\n", answer["port"].text_or(""),
                         text::human_count(static_cast<std::uint64_t>(answer["rows"].integer_or(0))),
                         answer["snapshot_id"].integer_or(0), answer["run_id"].text_or("")));
  return 0;
}

}  // namespace

std::vector<Command> commands() {
  const Option name{.name = "NAME", .value = "NAME", .summary = "The pipeline", .is_required = true};
  return {
      {.name = "run",
       .summary = "Run a pipeline: its query's rows become one publish",
       .description = "Runs as its domain, under that domain's grants; its lineage is recorded by itself.\n\n  weft "
                      "run departures",
       .options = {name},
       .run = run},
      {.name = "pipelines list",
       .summary = "Pipelines",
       .description = "",
       .options = {},
       .run = [](Invocation& call) -> Result<int> {
         Api* api = TRY(call.api());
         const json::Value page = TRY(api->get("/v1/pipelines"));
         call.out().rows(page["items"].array(), {"name", "domain", "output", "mode", "description"});
         return 0;
       }},
      {.name = "pipelines show",
       .summary = "One pipeline and its runs",
       .description = "",
       .options = {name},
       .run = [](Invocation& call) -> Result<int> {
         Api* api = TRY(call.api());
         const std::string path = "/v1/pipelines/" + text::percent_encode(call.text("NAME"));
         json::Value pipeline = TRY(api->get(path));
         pipeline.object().set("runs", TRY(api->get(path + "/runs"))["items"]);
         call.out().object(pipeline);
         return 0;
       }},
  };
}

}  // namespace weft::pipelines
