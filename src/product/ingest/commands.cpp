#include "product/ingest/commands.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "app/problem.h"
#include "base/json.h"
#include "base/text.h"
#include "product/catalog/catalog.h"
#include "product/lake/commands.h"

namespace weft::ingest {
namespace {

// A file on its way, with a progress bar.
class FileSource final : public ByteSource {
 public:
  FileSource(Fd fd, std::uint64_t size, std::string name, Output& out)
      : fd_(std::move(fd)), size_(size), name_(std::move(name)), out_(out) {}
  Result<std::size_t> read(char* into, std::size_t bytes) override {
    while (true) {
      const ssize_t got = ::read(fd_.get(), into, bytes);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        return fail(ErrorKind::unavailable, "file.read", "{} cannot be read: {}", name_, std::strerror(errno));
      done_ += static_cast<std::uint64_t>(got);
      out_.progress(got == 0 ? "checking " + name_ : "sending " + name_, done_, size_);
      return static_cast<std::size_t>(got);
    }
  }

 private:
  Fd fd_;
  std::uint64_t size_;
  std::string name_;
  Output& out_;
  std::uint64_t done_ = 0;
};

struct Opened {
  Fd fd;
  std::optional<std::uint64_t> size;
};

Result<Opened> open_file(const std::string& path) {
  Opened opened{.fd = Fd(path == "-" ? ::dup(0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)), .size = {}};
  struct stat facts{};
  if (!opened.fd || ::fstat(opened.fd.get(), &facts) != 0)
    return fail(ErrorKind::not_found, "file.read", "{} cannot be read: {}", path, std::strerror(errno));
  if (S_ISDIR(facts.st_mode)) return fail(ErrorKind::invalid, "file.read", "{} is a folder", path);
  if (S_ISREG(facts.st_mode)) opened.size = static_cast<std::uint64_t>(facts.st_size);
  return opened;
}

void report(Output& out, const json::Value& answer) {
  if (out.format() != OutputFormat::table) return out.object(answer);
  out.text(format("committed  {}  {} rows  {}  snapshot {}\n", answer["port"].text_or(""),
                  text::human_count(static_cast<std::uint64_t>(answer["rows"].integer_or(0))),
                  text::human_bytes(static_cast<std::uint64_t>(answer["bytes"].integer_or(0))),
                  answer["snapshot_id"].integer_or(0)));
  std::size_t passed = 0;
  for (const json::Value& check : answer["checks"].array()) {
    if (check["status"].text_or("") == "passed") ++passed;
    if (check["status"].text_or("") == "warned")
      out.text(format("  warning  {}: {} failing\n", check["id"].text_or(""), check["failures"].integer_or(0)));
  }
  out.text(format("  {} of {} checks passed", passed, answer["checks"].array().size()));
  if (const auto dead = answer["dead_letters"].integer_or(0); dead > 0)
    out.text(format(", {} row(s) set aside as dead letters", dead));
  out.text("\n");
  for (const json::Value& each : answer["unchecked"].array())
    out.text(format("  unchecked  {}: {}\n", each["id"].text_or(""), each["why"].text_or("")));
}

// Sends a file to `action` of a port's path, with the options of how to read it.
Result<Response> send_file(Invocation& call, const std::string& path, std::string_view action,
                           const std::string& file) {
  Opened opened = TRY(open_file(file));
  FileSource source(std::move(opened.fd), opened.size.value_or(0), file, call.out());
  Api::Call request;
  request.method = "POST";
  std::string query;
  for (const std::string name : {"mode", "format", "delim", "nullstr"}) {
    if (call.has("--" + name))
      query += (query.empty() ? "?" : "&") + name + "=" + text::percent_encode(call.text("--" + name));
  }
  if (call.has("--no-header")) query += (query.empty() ? std::string("?") : std::string("&")) + "header=false";
  request.path = path + std::string(action) + query;
  request.headers.add("Content-Type", "application/octet-stream");
  if (call.has("--key")) request.headers.add("Idempotency-Key", call.text("--key"));
  request.body = &source;
  request.body_size = opened.size;
  request.cancelled = call.interrupted();
  Api* api = TRY(call.api());
  return api->send(std::move(request));
}

Result<int> publish_one(Invocation& call, const std::string& path, const std::string& file) {
  const Response answer = TRY(send_file(call, path, "/publishes", file));
  if (answer.status >= 400) {
    Error error = error_of(answer);
    // Checks repeat what the problems say in words.
    if (call.out().format() == OutputFormat::table) error.details.erase("checks");
    return fail(std::move(error));
  }
  report(call.out(), TRY(json::parse(std::get<std::string>(answer.body))));
  return 0;
}

Result<int> publish(Invocation& call) {
  Api* api = TRY(call.api());
  const std::string path = TRY(lake::port_path(*api, call.text("NAME")));
  if (call.has("--key") && call.list("FILE").size() > 1)
    return fail(ErrorKind::invalid, "publish.key", "--key names one publish: give one file");
  for (const std::string& file : call.list("FILE")) TRY(publish_one(call, path, file));
  return 0;
}

// ---- contract test

struct Tested {
  std::string file;
  json::Value answer;
};

std::string escaped(std::string_view text) {
  std::string all;
  for (const char c : text) {
    if (c == '&' || c == '<' || c == '>' || c == '"')
      all += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&quot;";
    else
      all += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return all;
}

// JUnit's XML: a suite a file, a case a check; what is wrong with the file as a whole is a case of its own.
std::string junit_of(const std::vector<Tested>& all) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const Tested& each : all) {
    const json::Array &checks = each.answer["checks"].array(), &problems = each.answer["problems"].array();
    std::size_t failures = 0;
    std::string cases;
    for (const json::Value& check : checks) {
      const auto status = check["status"].text_or("");
      cases += format("    <testcase classname=\"{}\" name=\"{}\"", escaped(each.answer["port"].text_or("")),
                      escaped(check["id"].text_or("")));
      failures += status == "failed" ? 1 : 0;
      cases += status == "failed"   ? format("><failure message=\"{} failing, value {}\"/></testcase>\n",
                                             check["failures"].integer_or(0), escaped(json::write(check["value"])))
               : status == "passed" ? "/>\n"
                                    : format("><skipped message=\"{}\"/></testcase>\n", escaped(status));
    }
    for (const json::Value& problem : problems) {
      if (problem["code"].text_or("").starts_with("rule.")) continue;  // Its check says so already.
      ++failures;
      cases += format("    <testcase classname=\"{}\" name=\"{}\"><failure message=\"{}\"/></testcase>\n",
                      escaped(each.answer["port"].text_or("")), escaped(problem["code"].text_or("")),
                      escaped(problem["message"].text_or("")));
    }
    const auto count = std::count(cases.begin(), cases.end(), '\n');
    text += format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n{}  </testsuite>\n", escaped(each.file),
                   count, failures, cases);
  }
  return text + "</testsuites>\n";
}

std::vector<catalog::Problem> problems_of(const std::vector<Tested>& all) {
  std::vector<catalog::Problem> problems;
  for (const Tested& each : all) {
    for (const json::Value& problem : each.answer["problems"].array()) {
      const auto& rows = problem["sample_rows"];
      const bool has_row = rows.is_array() && !rows.array().empty();
      problems.push_back({.file = each.file,
                          .line = has_row ? static_cast<int>(rows.array()[0].integer_or(1)) : 1,
                          .column = 1,
                          .code = std::string(problem["code"].text_or("")),
                          .message = std::string(problem["message"].text_or(""))});
    }
  }
  return problems;
}

void print_tested(Invocation& call, const std::vector<Tested>& all) {
  if (call.has("--junit")) return call.out().text(junit_of(all));
  if (call.has("--sarif")) return call.out().text(catalog::sarif_of(problems_of(all)));
  if (call.has("--github")) {
    for (const catalog::Problem& each : problems_of(all))
      call.out().text(format("::error file={},line={},title={}::{}\n", each.file, each.line, each.code, each.message));
    return;
  }
  if (call.out().format() != OutputFormat::table) {
    for (const Tested& each : all) call.out().object(each.answer);
    return;
  }
  for (const Tested& each : all) {
    call.out().text(format("{}  {}  {} rows against {} {}\n", each.answer["status"].text_or(""), each.file,
                           text::human_count(static_cast<std::uint64_t>(each.answer["rows_read"].integer_or(0))),
                           each.answer["port"].text_or(""), each.answer["contract_version"].text_or("")));
    for (const json::Value& problem : each.answer["problems"].array())
      call.out().text(format("  {} {}\n", problem["code"].text_or(""), problem["message"].text_or("")));
    for (const json::Value& skipped : each.answer["unchecked"].array())
      call.out().text(format("  unchecked  {}: {}\n", skipped["id"].text_or(""), skipped["why"].text_or("")));
  }
}

Result<int> contract_test(Invocation& call) {
  Api* api = TRY(call.api());
  const std::string path = TRY(lake::port_path(*api, call.text("NAME")));
  std::vector<Tested> all;
  bool have_passed = true;
  for (const std::string& file : call.list("FILE")) {
    const Response answer = TRY(send_file(call, path, ":check", file));
    if (answer.status >= 400) return fail(error_of(answer));
    all.push_back({file, TRY(json::parse(std::get<std::string>(answer.body)))});
    have_passed = have_passed && all.back().answer["status"].text_or("") == "passed";
  }
  print_tested(call, all);
  return have_passed ? 0 : 1;
}

Command test_command() {
  return {.name = "contract test",
          .summary = "Hold files to the contract of a port, and change nothing",
          .description =
              "Types, required and unique columns, options and quality rules run as they would for a publish. Exit "
              "status 1:\n"
              "the contract is broken.\n\n"
              "  weft contract test sales.orders today.parquet\n  weft contract test sales.orders *.csv --junit > "
              "report.xml",
          .options = {{.name = "NAME",
                       .value = "NAME",
                       .summary = "domain.product or domain.product.port",
                       .is_required = true},
                      {.name = "FILE",
                       .value = "FILE",
                       .summary = "One or more files",
                       .is_required = true,
                       .is_repeatable = true},
                      {.name = "--mode",
                       .value = "MODE",
                       .summary = "As a publish of this mode: append looks for repeated keys in the table, too",
                       .choices = {"append", "overwrite", "upsert"}},
                      {.name = "--format",
                       .value = "FORMAT",
                       .summary = "Else by content",
                       .choices = {"parquet", "csv", "ndjson", "json"}},
                      {.name = "--delim", .value = "TEXT", .summary = "CSV: between fields; else found out"},
                      {.name = "--nullstr", .value = "TEXT", .summary = "CSV: what stands for NULL"},
                      {.name = "--no-header", .value = "", .summary = "CSV: the first line is data"},
                      {.name = "--junit", .value = "", .summary = "Print JUnit's XML"},
                      {.name = "--sarif", .value = "", .summary = "Print SARIF 2.1.0"},
                      {.name = "--github", .value = "", .summary = "Print annotations for GitHub's runners"}},
          .run = contract_test};
}

Result<int> list(Invocation& call) {
  Api* api = TRY(call.api());
  std::string path = "/v1/publishes?limit=" + call.text("--limit");
  if (call.has("--port")) path += "&port=" + text::percent_encode(call.text("--port"));
  if (call.has("--status")) path += "&status=" + text::percent_encode(call.text("--status"));
  const json::Value page = TRY(api->get(path));
  call.out().rows(page["items"].array(),
                  {"publish_id", "published", "port", "status", "rows", "bytes", "dead_letters", "principal"});
  return 0;
}

Result<int> show(Invocation& call) {
  Api* api = TRY(call.api());
  call.out().object(TRY(api->get("/v1/publishes/" + text::percent_encode(call.text("PUBLISH")))));
  return 0;
}

}  // namespace

std::vector<Command> commands() {
  return {
      test_command(),
      {.name = "publish",
       .summary = "Publish files to a port, each as one snapshot or not at all",
       .description = "Reads Parquet, CSV, NDJSON and JSON, plain or compressed with gzip or zstd; - is standard "
                      "input. Types are cast only\nwithout loss and every rule of the contract runs. Exit status 1: "
                      "refused, with every reason; nothing was changed.\n\n"
                      "  weft publish sales.orders orders.csv\n  weft publish sales.orders today.parquet --mode upsert "
                      "--key 2026-01-31",
       .options =
           {{.name = "NAME", .value = "NAME", .summary = "domain.product or domain.product.port", .is_required = true},
            {.name = "FILE",
             .value = "FILE",
             .summary = "One or more files",
             .is_required = true,
             .is_repeatable = true},
            {.name = "--mode",
             .value = "MODE",
             .summary = "append, overwrite, or upsert by primary key; else what the product says, else append",
             .choices = {"append", "overwrite", "upsert"}},
            {.name = "--format",
             .value = "FORMAT",
             .summary = "Else by content",
             .choices = {"parquet", "csv", "ndjson", "json"}},
            {.name = "--key",
             .value = "KEY",
             .summary = "Idempotency key: a repeat gives the first answer, for 7 days"},
            {.name = "--delim", .value = "TEXT", .summary = "CSV: between fields; else found out"},
            {.name = "--nullstr", .value = "TEXT", .summary = "CSV: what stands for NULL"},
            {.name = "--no-header", .value = "", .summary = "CSV: the first line is data"}},
       .run = publish},
      {.name = "publishes list",
       .summary = "Publishes, newest first",
       .description = "",
       .options = {{.name = "--port", .value = "PORT", .summary = "Of this port (domain.product.port)"},
                   {.name = "--status", .value = "STATUS", .summary = "committed or refused"},
                   {.name = "--limit", .value = "N", .summary = "How many", .otherwise = "20"}},
       .run = list},
      {.name = "publishes show",
       .summary = "One publish with what its checks found",
       .description = "",
       .options = {{.name = "PUBLISH", .value = "ID", .summary = "Its id", .is_required = true}},
       .run = show},
  };
}

}  // namespace weft::ingest
