#include "product/contracts/commands.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/json.h"
#include "formats/odcs/diff.h"
#include "formats/yaml/yaml.h"
#include "product/contracts/export.h"
#include "product/contracts/lint.h"

namespace weft::contracts {
namespace {

constexpr std::size_t kLineBytesMax = yaml::kBytesMax * 2;

// ---- lint

Result<int> lint_lines(Invocation& call) {
  std::ios::sync_with_stdio(false);
  std::string line;
  bool are_valid = true;
  while (std::getline(std::cin, line)) {
    if (line.empty()) continue;
    if (line.size() > kLineBytesMax)
      return fail(ErrorKind::limit, "contract.line", "a line has {} bytes; at most {}", line.size(), kLineBytesMax);
    const std::string answer = lint_line(line);
    are_valid = are_valid && answer.starts_with("{\"valid\":true");
    call.out().text(answer + "\n");
  }
  return are_valid ? 0 : 1;
}

Result<catalog::SourceFile> read_source(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorKind::unavailable, "contract.file", "{} cannot be read", path);
  return catalog::SourceFile{.path = path, .text = std::string((std::istreambuf_iterator<char>(in)), {})};
}

void print_problems(Output& out, const std::vector<catalog::Problem>& problems) {
  if (out.format() == OutputFormat::table) {
    for (const catalog::Problem& each : problems)
      out.text(format("{}:{}:{} {} {}\n", each.file, each.line, each.column, each.code, each.message));
    return;
  }
  json::Array rows;
  for (const catalog::Problem& each : problems) {
    rows.push_back(json::Object{{"file", each.file},
                                {"line", each.line},
                                {"column", each.column},
                                {"severity", each.severity},
                                {"code", each.code},
                                {"message", each.message},
                                {"pointer", each.pointer}});
  }
  out.rows(rows, {"file", "line", "column", "severity", "code", "message", "pointer"});
}

// Workflow commands of GitHub's runners: each problem beside its line.
void print_annotations(Output& out, const std::vector<catalog::Problem>& problems) {
  for (const catalog::Problem& each : problems) {
    std::string message;
    for (const char c : each.message) message += c == '%' ? "%25" : c == '\n' ? "%0A" : std::string(1, c);
    out.text(format("::{} file={},line={},col={},title={}::{}\n", each.severity == "warning" ? "warning" : "error",
                    each.file, each.line, each.column, each.code, message));
  }
}

Result<int> run_lint(Invocation& call) {
  if (call.has("--jsonl")) return lint_lines(call);
  const auto& files = call.list("FILE");
  if (files.empty()) return fail(ErrorKind::invalid, "contract.file", "name at least one FILE, or give --jsonl");
  std::vector<catalog::Problem> problems;
  for (const std::string& path : files) {
    for (catalog::Problem& each : lint(TRY(read_source(path)))) problems.push_back(std::move(each));
  }
  if (call.has("--sarif"))
    call.out().text(catalog::sarif_of(problems));
  else if (call.has("--github"))
    print_annotations(call.out(), problems);
  else
    print_problems(call.out(), problems);
  const auto errors =
      std::count_if(problems.begin(), problems.end(), [](const auto& each) { return each.severity == "error"; });
  call.out().note(format("{} file{}, {} problem{}", files.size(), files.size() == 1 ? "" : "s", problems.size(),
                         problems.size() == 1 ? "" : "s"));
  return errors == 0 ? 0 : 1;
}

// ---- diff

json::Value change_to_json(const odcs::Change& change) {
  return json::Object{{"weight", odcs::to_string(change.rule->weight)},
                      {"code", change.rule->code},
                      {"where", change.where},
                      {"hurts", change.rule->hurts},
                      {"pointer", change.pointer},
                      {"before", change.before},
                      {"after", change.after},
                      {"message", change.message}};
}

bool fails_on(const std::string& level, const std::vector<odcs::Change>& changes) {
  if (level == "none" || changes.empty()) return false;
  const odcs::Weight worst = changes.front().rule->weight;
  if (level == "breaking") return worst == odcs::Weight::breaking;
  return level == "any" || worst >= odcs::Weight::additive;
}

Result<int> run_diff(Invocation& call) {
  const odcs::Contract before = TRY(read_contract(call.text("OLD"))), after = TRY(read_contract(call.text("NEW")));
  const auto changes = odcs::diff(before, after);
  const std::string version = odcs::version_problem(before, after, changes);
  if (call.out().format() == OutputFormat::table) {
    for (const odcs::Change& each : changes) {
      const std::string hurts = each.rule->hurts.empty() ? "" : format(" — for {}", each.rule->hurts);
      call.out().text(format("{:<13} {:<24} {}: {}{}\n", odcs::to_string(each.rule->weight), each.rule->code,
                             each.where, each.message, hurts));
    }
    if (!version.empty()) call.out().text(format("version: {}\n", version));
    call.out().note(changes.empty() ? std::string("no changes") : format("{} change(s)", changes.size()));
  } else {
    json::Array all;
    for (const odcs::Change& each : changes) all.push_back(change_to_json(each));
    call.out().object(
        json::Object{{"changes", std::move(all)},
                     {"verdict", changes.empty() ? "none" : odcs::to_string(changes.front().rule->weight)},
                     {"version_problem", version.empty() ? json::Value() : json::Value(version)}});
  }
  return fails_on(call.text("--fail-on"), changes) || !version.empty() ? 1 : 0;
}

Result<int> run_changelog(Invocation& call) {
  const odcs::Contract before = TRY(read_contract(call.text("OLD"))), after = TRY(read_contract(call.text("NEW")));
  const auto changes = odcs::diff(before, after);
  std::string text = format("## {} {}\n", after.name.empty() ? after.id : after.name, after.version);
  for (const odcs::Weight weight : {odcs::Weight::breaking, odcs::Weight::additive, odcs::Weight::documentation}) {
    std::string lines;
    for (const odcs::Change& each : changes) {
      if (each.rule->weight == weight) lines += format("- `{}`: {}\n", each.where, each.message);
    }
    if (lines.empty()) continue;
    text += format("\n### {}\n\n{}",
                   weight == odcs::Weight::breaking   ? "Breaking"
                   : weight == odcs::Weight::additive ? "Added"
                                                      : "Documentation",
                   lines);
  }
  if (changes.empty()) text += format("\nNothing changed since {}.\n", before.version);
  call.out().text(text);
  return 0;
}

Result<int> run_rules(Invocation& call) {
  json::Array rows;
  for (const odcs::Rule& each : odcs::rules()) {
    rows.push_back(json::Object{{"code", each.code},
                                {"weight", odcs::to_string(each.weight)},
                                {"hurts", each.hurts},
                                {"meaning", each.meaning}});
  }
  call.out().rows(rows, {"code", "weight", "hurts", "meaning"});
  return 0;
}

// ---- export

Result<int> write_export(Invocation& call, const odcs::Contract& contract, const ExportTerms& terms) {
  const Exported out = TRY(export_contract(contract, terms));
  call.out().text(out.text);
  for (const std::string& each : out.left_out) call.out().note("left out: " + each);
  return 0;
}

Result<int> run_export(Invocation& call) {
  const odcs::Contract contract = TRY(read_contract(call.text("FILE")));
  return write_export(
      call, contract,
      {.format = call.text("--to"), .dialect = call.text("--dialect"), .object = call.text("--object")});
}

Result<int> run_docs(Invocation& call) {
  const odcs::Contract contract = TRY(read_contract(call.text("FILE")));
  return write_export(call, contract,
                      {.format = call.has("--html") ? "html" : "markdown", .dialect = "", .object = ""});
}

Option file(std::string_view name, std::string_view summary) {
  return {.name = name, .value = name, .summary = summary, .otherwise = "", .is_required = true};
}

std::vector<Command> export_commands() {
  return {
      {.name = "contract export",
       .summary = "A contract as a schema of another language",
       .description = "What the format cannot carry is said on standard error.\n\n"
                      "  weft contract export orders.yaml --to sql --dialect postgres\n  weft contract export "
                      "orders.yaml --to avro",
       .options = {file("FILE", "The contract"),
                   {.name = "--to",
                    .value = "FORMAT",
                    .summary = "The format",
                    .otherwise = "",
                    .is_required = true,
                    .choices = {std::begin(kFormats), std::end(kFormats)}},
                   {.name = "--dialect",
                    .value = "DIALECT",
                    .summary = "Of sql",
                    .otherwise = "duckdb",
                    .choices = {std::begin(kDialects), std::end(kDialects)}},
                   {.name = "--object", .value = "NAME", .summary = "Only this schema object"}},
       .run = run_export},
      {.name = "contract docs",
       .summary = "A contract as a page for people",
       .description = "",
       .options = {file("FILE", "The contract"),
                   {.name = "--html", .value = "", .summary = "HTML instead of Markdown"}},
       .run = run_docs},
  };
}

}  // namespace

std::vector<Command> commands() {
  std::vector<Command> all = {
      {.name = "contract lint",
       .summary = "Check contracts by the standard, without a mesh",
       .description = "Reports every problem as file:line:column code message: what the standard's JSON Schema of the "
                      "document's version\n"
                      "says, and what its text says beyond. Exit status 0: no errors, 1: errors, 2: could not run.\n\n"
                      "  weft contract lint contracts/*.yaml\n  weft contract lint --github contracts/orders.yaml\n\n"
                      "--jsonl reads lines {\"apiVersion\":…,\"doc\":…} and answers "
                      "{\"valid\":…,\"conforms\":…,\"problems\":[…]}: `valid`\n"
                      "by the JSON Schema, `conforms` by the text, too.",
       .options = {{.name = "FILE",
                    .value = "FILE",
                    .summary = "Files of contracts (YAML or JSON)",
                    .otherwise = "",
                    .is_repeatable = true},
                   {.name = "--jsonl", .value = "", .summary = "Read documents from standard input, one a line"},
                   {.name = "--sarif", .value = "", .summary = "Print SARIF 2.1.0"},
                   {.name = "--github", .value = "", .summary = "Print annotations for GitHub's runners"}},
       .run = run_lint},
      {.name = "contract diff",
       .summary = "What a contract's new version changes, and whom it hurts",
       .description = "Each change is breaking, additive or documentation; `weft contract rules` lists the kinds. Exit "
                      "status 1: the new\n"
                      "version number does not fit the changes, or there are changes that --fail-on names.\n\n"
                      "  weft contract diff orders-1.yaml orders-2.yaml --fail-on breaking",
       .options = {file("OLD", "The contract as it was"),
                   file("NEW", "The contract as it becomes"),
                   {.name = "--fail-on",
                    .value = "WEIGHT",
                    .summary = "Exit with 1 when a change weighs this much",
                    .otherwise = "none",
                    .choices = {"none", "breaking", "warn", "any"}}},
       .run = run_diff},
      {.name = "contract changelog",
       .summary = "The changes of a contract's new version as Markdown",
       .description = "",
       .options = {file("OLD", "The contract as it was"), file("NEW", "The contract as it becomes")},
       .run = run_changelog},
      {.name = "contract rules",
       .summary = "The kinds of changes and what they weigh",
       .description = "",
       .options = {},
       .run = run_rules},
  };
  for (Command& each : export_commands()) all.push_back(std::move(each));
  return all;
}

}  // namespace weft::contracts
