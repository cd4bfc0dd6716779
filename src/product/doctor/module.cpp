#include "app/module.h"

#include "product/doctor/checks.h"

namespace weft::doctor {
namespace {

Answer examine_route(App& app) {
  json::Array checks;
  bool is_sound = true;
  for (const Finding& finding : examine(app)) {
    is_sound = is_sound && finding.verdict != Verdict::failed;
    checks.push_back(
        json::Object{{"check", finding.check}, {"verdict", to_string(finding.verdict)}, {"message", finding.message}});
  }
  json::Object answer{{"is_sound", is_sound}, {"version", WEFT_VERSION}};
  answer.set("checks", json::Value(std::move(checks)));
  return Response::json(answer);
}

Result<> install(App& app) {
  app.route(
      {.method = "GET",
       .path = "/v1/doctor",
       .access = Access::administrator,
       .summary = "Tries what the installation depends on",
       .handler = [&app](Request&) { return examine_route(app); },
       .lane = Lane::heavy,
       .response_schema =
           R"({"type":"object","properties":{"is_sound":{"type":"boolean"},"version":{"type":"string"},"checks":{"type":"array","items":
{"type":"object","properties":{"check":{"type":"string"},"verdict":{"enum":["ok","warning","failed"]},"message":{"type":"string"}}}}}})"});
  return {};
}

Result<json::Value> ask(Invocation& call) {
  Api* api = TRY(call.api());
  return api->get("/v1/doctor");
}

Result<int> doctor(Invocation& call) {
  const auto asked = ask(call);
  if (!asked) {
    // Whatever the kind of error is, nothing was examined: 1 would say that a check failed.
    call.out().note(format("weft: {} [{}]", asked.error().message, asked.error().code));
    return 2;
  }
  const json::Value& answer = *asked;
  if (call.out().format() == OutputFormat::table) {
    for (const json::Value& check : answer["checks"].array()) {
      call.out().text(format("{:<8} {:<20} {}\n", check["verdict"].text_or(""), check["check"].text_or(""),
                             check["message"].text_or("")));
    }
  } else {
    call.out().object(answer);
  }
  return answer["is_sound"].boolean_or(false) ? 0 : 1;
}

std::vector<Command> commands() {
  return {{.name = "doctor",
           .summary = "Try what this installation depends on",
           .description = "Fences, workers, database, audit chain, tables, permissions, disk. Exit status 1 when a "
                          "check failed, 2 when\nnothing could be examined.\n\n  weft --data .weft doctor",
           .options = {},
           .run = doctor}};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "doctor", .migrations = {}, .install = install, .commands = commands};

}  // namespace weft::doctor
