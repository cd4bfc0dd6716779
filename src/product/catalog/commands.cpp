#include "product/catalog/commands.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/json.h"
#include "base/text.h"
#include "product/catalog/folder_files.h"
#include "product/catalog/plan.h"
#include "product/catalog/scaffold.h"

namespace weft::catalog {
namespace {

const Option kFolder{
    .name = "FOLDER", .value = "FOLDER", .summary = "The mesh's folder of documents", .otherwise = "."};
const Option kSource{.name = "--source",
                     .value = "NAME",
                     .summary = "What the documents come from; --prune touches only its own",
                     .otherwise = "default"};
const Option kPrune{
    .name = "--prune", .value = "", .summary = "Delete what this source declared before and does not any more"};

Result<int> init(Invocation& call) {
  const std::filesystem::path folder = call.text("FOLDER");
  std::error_code error;
  for (const auto& [name, text] : scaffold()) {
    if (std::filesystem::exists(folder / name, error))
      return fail(ErrorKind::conflict, "init.exists", "{} is there already; nothing was written",
                  (folder / name).string());
  }
  for (const auto& [name, text] : scaffold()) {
    const auto path = folder / name;
    std::filesystem::create_directories(path.parent_path(), error);
    std::ofstream out(path, std::ios::binary);
    out << text;
    if (!out.flush()) return fail(ErrorKind::unavailable, "init.write", "{} cannot be written", path.string());
    call.out().note(format("wrote {}", path.string()));
  }
  call.out().note(format("Next: weft validate {} && weft apply {}", folder.string(), folder.string()));
  return 0;
}

std::string line_of(const Problem& problem) {
  return format("{}:{}:{} {} {}\n", problem.file, problem.line, problem.column, problem.code, problem.message);
}

Result<int> validate(Invocation& call) {
  const std::string folder = call.text("FOLDER");
  auto files = read_folder(folder);
  if (!files) {
    call.out().note("weft: " + files.error().message + " [" + files.error().code + "]");
    return 2;
  }
  ReadFiles read = read_files(*files, "git:default");
  for (Problem& problem : build_mesh(read.documents).problems) read.problems.push_back(std::move(problem));
  sort_problems(read.problems);
  if (call.has("--sarif")) {
    call.out().text(sarif_of(read.problems));
  } else if (call.out().format() == OutputFormat::table) {
    for (const Problem& problem : read.problems) call.out().text(line_of(problem));
    call.out().note(format("{}: {} document{}, {} problem{}", folder, read.documents.size(),
                           read.documents.size() == 1 ? "" : "s",
                           read.problems.empty() ? std::string("no") : std::to_string(read.problems.size()),
                           read.problems.size() == 1 ? "" : "s"));
  } else {
    json::Array rows;
    for (const Problem& problem : read.problems) rows.push_back(to_json(problem));
    call.out().rows(rows, {"file", "line", "column", "severity", "code", "message", "pointer"});
  }
  const bool has_errors = std::any_of(read.problems.begin(), read.problems.end(),
                                      [](const Problem& problem) { return problem.severity == "error"; });
  return has_errors ? 1 : 0;
}

Result<json::Object> proposal_of(Invocation& call) {
  json::Array files;
  for (SourceFile& file : TRY(read_folder(call.text("FOLDER")))) {
    // A file that is no text cannot travel as JSON; validating says what is wrong with it.
    if (!text::is_valid_utf8(file.text))
      return fail(ErrorKind::invalid, "yaml.invalid_utf8", "{} is not valid UTF-8; `weft validate` lists all problems",
                  file.path);
    files.push_back(json::Object{{"path", file.path}, {"text", std::move(file.text)}});
  }
  json::Object body{{"source", "git:" + call.text("--source")}, {"prune", call.has("--prune")}};
  body.set("files", json::Value(std::move(files)));
  return body;
}

std::string shown(const json::Value& value) {
  std::string text = value.is_null() ? "(nothing)" : json::write(value);
  return text.size() > 80 ? text.substr(0, 79) + "…" : text;
}

void print_plan(Output& out, const json::Value& plan) {
  for (const json::Value& change : plan["changes"].array()) {
    const auto action = change["action"].text_or("");
    out.text(format("{} {} {}\n",
                    action == "create"   ? "+"
                    : action == "delete" ? "-"
                                         : "~",
                    change["kind"].text_or(""), change["name"].text_or("")));
    for (const json::Value& field : change["fields"].array()) {
      out.text(
          format("    {}: {} → {}\n", field["pointer"].text_or(""), shown(field["before"]), shown(field["after"])));
    }
  }
  for (const json::Value& breaking : plan["breaking"].array()) {
    out.text(format("! {}: {}\n", breaking["port"].text_or(""), breaking["what"].text_or("")));
    for (const json::Value& user : breaking["affected"].array())
      out.text(format("    breaks for {}\n", user.text_or("")));
  }
  for (const json::Value& notice : plan["notices"].array()) out.text(format("! {}\n", notice.text_or("")));
  for (const json::Value& problem : plan["problems"].array()) {
    out.text(format("✗ {}:{}:{} {} {}\n", problem["file"].text_or(""), problem["line"].integer_or(0),
                    problem["column"].integer_or(0), problem["code"].text_or(""), problem["message"].text_or("")));
  }
}

std::string summary(const json::Value& plan) {
  std::map<std::string, int> counts;
  for (const json::Value& change : plan["changes"].array()) ++counts[std::string(change["action"].text_or(""))];
  return format("{} to create, {} to change, {} to delete, {} breaking", counts["create"], counts["change"],
                counts["delete"], plan["breaking"].array().size());
}

Result<json::Value> get_plan(Invocation& call, const json::Object& body) {
  Api* api = TRY(call.api());
  return api->post("/v1/mesh:plan", body);
}

Result<int> plan(Invocation& call) {
  json::Object body = TRY(proposal_of(call));
  if (call.has("--against")) {
    const auto revision = text::parse_integer(call.text("--against"));
    if (!revision) return fail(ErrorKind::invalid, "mesh.revision", "{} is no revision", call.text("--against"));
    body.set("against", *revision);
  }
  const json::Value plan = TRY(get_plan(call, body));
  if (call.out().format() == OutputFormat::table) {
    print_plan(call.out(), plan);
    call.out().note(format("against revision {}: {}", plan["base_revision"].integer_or(0),
                           plan["changes"].array().empty() ? std::string("nothing to do") : summary(plan)));
  } else {
    call.out().object(plan);
  }
  const std::string fail_on = call.text("--fail-on");
  const bool is_breaking = !plan["breaking"].array().empty();
  const bool fails = (fail_on != "none" && is_breaking) || (fail_on == "warn" && !plan["notices"].array().empty());
  return plan["problems"].array().empty() && !fails ? 0 : 1;
}

// Whether somebody at a terminal says yes; without one, --yes must.
Result<bool> is_confirmed(Invocation& call) {
  if (call.has("--yes")) return true;
  if (::isatty(0) != 1) return fail(ErrorKind::invalid, "apply.confirm", "nobody is there to confirm: add --yes");
  call.out().note("Apply? Type yes:");
  std::string answer;
  std::getline(std::cin, answer);
  return text::trim(answer) == "yes";
}

Result<int> apply(Invocation& call) {
  json::Object body = TRY(proposal_of(call));
  const json::Value plan = TRY(get_plan(call, body));
  const bool is_table = call.out().format() == OutputFormat::table;
  if (is_table) print_plan(call.out(), plan);
  if (!plan["problems"].array().empty()) {
    if (!is_table) call.out().object(plan);
    call.out().note(format("nothing was applied: {} problem(s)", plan["problems"].array().size()));
    for (const json::Value& problem : plan["problems"].array()) {
      if (problem["code"].text_or("") == "access.denied")
        call.out().note(format("  {}", problem["message"].text_or("")));
    }
    return 1;
  }
  if (plan["changes"].array().empty()) {
    if (!is_table) call.out().object(plan);
    call.out().note(
        format("nothing to do: the mesh is as declared, at revision {}", plan["base_revision"].integer_or(0)));
    return 0;
  }
  if (!TRY(is_confirmed(call))) {
    call.out().note("nothing was applied");
    return 1;
  }
  body.set("base_revision", plan["base_revision"]);
  Api* api = TRY(call.api());
  const json::Value done = TRY(api->post("/v1/mesh:apply", body));
  if (!is_table) call.out().object(done);
  call.out().note(format("revision {}: {}", done["revision"].integer_or(0), summary(done)));
  if (is_table && done["stages"].is_array()) {
    for (const json::Value& stage : done["stages"].array())
      call.out().note(format("  {} is now {}", stage["product"].text_or(""), stage["to"].text_or("")));
    for (const json::Value& missing : done["missing"].array())
      call.out().note(format("  {} waits for {}", missing["product"].text_or(""), missing["message"].text_or("")));
  }
  return 0;
}

Result<int> list(Invocation& call, const std::string& path, const std::vector<std::string>& columns) {
  Api* api = TRY(call.api());
  json::Array all;
  std::string cursor;
  do {
    const json::Value page = TRY(api->get(path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=1000" +
                                          (cursor.empty() ? "" : "&cursor=" + cursor)));
    for (const json::Value& item : page["items"].array()) all.push_back(item);
    cursor = page["next"].text_or("");
  } while (!cursor.empty());
  call.out().rows(all, columns);
  return 0;
}

Result<int> show(Invocation& call, const std::string& path) {
  Api* api = TRY(call.api());
  call.out().object(TRY(api->get(path)));
  return 0;
}

Result<std::string> product_path(const std::string& name) {
  const auto parts = text::split(name, '.');
  if (parts.size() != 2) return fail(ErrorKind::invalid, "product.name", "{} is no name like domain.product", name);
  return format("/v1/products/{}/{}", text::percent_encode(parts[0]), text::percent_encode(parts[1]));
}

Result<int> show_contract(Invocation& call) {
  Api* api = TRY(call.api());
  const std::string path = "/v1/contracts/" + text::percent_encode(call.text("ID"));
  if (call.out().format() != OutputFormat::table) return show(call, path);
  Api::Call request;
  request.path = path + "?form=original";
  const Response answer = TRY(api->send(std::move(request)));
  if (answer.status >= 400) return show(call, path);  // Says what is wrong.
  call.out().text(std::get<std::string>(answer.body));
  return 0;
}

Option positional(std::string_view name, std::string_view summary) {
  return {.name = name, .value = name, .summary = summary, .is_required = true};
}

std::vector<Command> declare_commands() {
  return {
      {.name = "init",
       .summary = "Write a mesh that validates, to start from",
       .description = "  weft init my-mesh",
       .options = {kFolder},
       .run = init},
      {.name = "validate",
       .summary = "All problems of a folder of documents",
       .description = "Prints file:line:column code message for each. Needs no mesh. Exit status 0 clean, 1 problems, "
                      "2 could not run.\n\n  weft validate my-mesh\n  weft validate --sarif . > problems.sarif",
       .options = {kFolder, {.name = "--sarif", .value = "", .summary = "As SARIF 2.1.0, for code hosts"}},
       .run = validate},
      {.name = "plan",
       .summary = "What applying a folder would change, break and need",
       .description = "  weft plan my-mesh\n  weft plan my-mesh --against 12\n  weft plan my-mesh --fail-on breaking",
       .options = {kFolder,
                   kSource,
                   kPrune,
                   {.name = "--against", .value = "REVISION", .summary = "Compare with this revision"},
                   {.name = "--fail-on",
                    .value = "WHAT",
                    .summary = "Exit with 1 when something breaks, or (warn) a version does not fit its changes, too",
                    .otherwise = "none",
                    .choices = {"none", "breaking", "warn"}}},
       .run = plan},
      {.name = "apply",
       .summary = "Make a folder's documents the mesh's next revision",
       .description = "Plans, shows the plan, and applies it in one transaction against the revision that was "
                      "planned.\n\n  weft apply my-mesh\n  weft apply my-mesh --prune --yes",
       .options = {kFolder, kSource, kPrune, {.name = "--yes", .value = "", .summary = "Do not ask"}},
       .run = apply},
      {.name = "history",
       .summary = "The mesh's revisions, newest first",
       .description = "",
       .options = {},
       .run =
           [](Invocation& call) {
             return list(call, "/v1/mesh/revisions",
                         {"revision", "time", "principal", "source", "created", "changed", "deleted"});
           }},
  };
}

}  // namespace

std::vector<Command> commands() {
  std::vector<Command> all = declare_commands();
  all.push_back({.name = "products list",
                 .summary = "Products and the stages they reached",
                 .description = "",
                 .options = {{.name = "--domain", .value = "DOMAIN", .summary = "Only of this domain"},
                             {.name = "--stage", .value = "STAGE", .summary = "Only in this stage"}},
                 .run = [](Invocation& call) {
                   return list(call,
                               format("/v1/products?domain={}&stage={}", text::percent_encode(call.text("--domain")),
                                      text::percent_encode(call.text("--stage"))),
                               {"name", "stage", "requested_stage", "ports", "description"});
                 }});
  all.push_back(
      {.name = "products show",
       .summary = "One product: ports, stage and what that waits for",
       .description = "",
       .options = {positional("NAME", "domain.product")},
       .run = [](Invocation& call) -> Result<int> { return show(call, TRY(product_path(call.text("NAME")))); }});
  all.push_back(
      {.name = "domains list", .summary = "Domains", .description = "", .options = {}, .run = [](Invocation& call) {
         return list(call, "/v1/domains", {"name", "owner", "on_call", "description"});
       }});
  all.push_back(
      {.name = "domains show",
       .summary = "One domain",
       .description = "",
       .options = {positional("NAME", "The domain")},
       .run = [](Invocation& call) { return show(call, "/v1/domains/" + text::percent_encode(call.text("NAME"))); }});
  all.push_back(
      {.name = "contract list", .summary = "Contracts", .description = "", .options = {}, .run = [](Invocation& call) {
         return list(call, "/v1/contracts", {"id", "version", "status", "domain", "name"});
       }});
  all.push_back({.name = "contract show",
                 .summary = "One contract, as it was written",
                 .description = "With -o json as JSON.",
                 .options = {positional("ID", "The contract's id")},
                 .run = show_contract});
  all.push_back({.name = "search",
                 .summary = "Products, columns and domains that speak of something",
                 .description = "",
                 .options = {positional("TEXT", "What to look for")},
                 .run = [](Invocation& call) -> Result<int> {
                   Api* api = TRY(call.api());
                   const json::Value page = TRY(api->get("/v1/search?q=" + text::percent_encode(call.text("TEXT"))));
                   call.out().rows(page["items"].array(), {"kind", "name", "description"});
                   return 0;
                 }});
  return all;
}

}  // namespace weft::catalog
