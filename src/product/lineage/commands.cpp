#include "product/lineage/commands.h"

#include <unistd.h>
#include <cerrno>
#include <cstring>

#include "app/problem.h"
#include "base/json.h"
#include "base/text.h"

namespace weft::lineage {
namespace {

constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kBatchLines = 256;

Result<int> show_coverage(Invocation& call) {
  Api& api = *TRY(call.api());
  json::Array all;
  std::string path = "/v1/lineage/coverage?limit=1000";
  while (true) {
    const auto page = TRY(api.get(path));
    for (const auto& item : page["items"].array()) all.push_back(item);
    if (!page["next"].is_text()) break;
    path = "/v1/lineage/coverage?limit=1000&cursor=" + text::percent_encode(page["next"].text());
  }
  call.out().rows(all, {"product", "columns", "covered", "ratio"});
  return 0;
}

Result<int> show_lineage(Invocation& call) {
  if (call.has("--coverage")) return show_coverage(call);
  if (call.text("NAME").empty())
    return fail(ErrorKind::invalid, "lineage.no_name", "name a column: weft lineage domain.product.column");
  if (call.has("--upstream") && call.has("--downstream")) {
    return fail(ErrorKind::invalid, "lineage.direction", "choose one of --upstream and --downstream");
  }
  std::string path = "/v1/lineage?column=" + text::percent_encode(call.text("NAME"));
  path += call.has("--downstream") ? "&direction=downstream" : "&direction=upstream";
  if (const auto depth = call.text("--depth"); !depth.empty()) path += "&depth=" + text::percent_encode(depth);
  Api& api = *TRY(call.api());
  if (!call.has("--mermaid") && call.out().format() != OutputFormat::table) {
    const auto answer = TRY(api.get(path));
    if (call.out().format() == OutputFormat::csv) {
      call.out().rows(answer["edges"].array(), {"from", "to", "use", "source", "name"});
    } else {
      call.out().object(answer);
    }
    return 0;
  }
  path += call.has("--mermaid") ? "&format=mermaid" : "&format=tree";
  const auto response = TRY(api.send(
      {.method = "GET", .path = path, .headers = {}, .body = nullptr, .body_size = {}, .cancelled = call.interrupted()},
      &call.out().raw()));
  if (response.status >= 300) return fail(error_of(response));
  return 0;
}

// Lines of standard input, in batches: a request is read to its end before its answers are, so neither side waits for
// the other.
class Input {
 public:
  Result<std::string> batch() {
    std::size_t lines = 0;
    while (true) {
      const auto end = buffer_.find('\n', scanned_);
      if (end != std::string::npos) {
        scanned_ = end + 1;
        if (++lines < kBatchLines && scanned_ < kBatchBytes) continue;
        return take(scanned_);
      }
      if (lines > 0 && buffer_.size() >= kBatchBytes) return take(scanned_);
      std::array<char, 65536> piece;
      const ssize_t size = ::read(STDIN_FILENO, piece.data(), piece.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0)
        return fail(ErrorKind::unavailable, "file.read", "standard input cannot be read: {}", std::strerror(errno));
      if (size == 0) return take(buffer_.size());
      buffer_.append(piece.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  std::string take(std::size_t size) {
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    scanned_ = 0;
    return taken;
  }
  std::string buffer_;
  std::size_t scanned_ = 0;
};

Result<int> sql_lineage(Invocation& call) {
  if (!call.has("--jsonl")) {
    const auto sql = call.text("SQL");
    if (sql.empty())
      return fail(ErrorKind::invalid, "lineage.no_sql",
                  "give the SQL as an argument, or --jsonl with a request a line on standard input");
    call.out().object(
        TRY(TRY(call.api())->post("/v1/sql:lineage", json::Object{{"sql", sql}, {"dialect", call.text("--dialect")}})));
    return 0;
  }
  Api& api = *TRY(call.api());
  Input input;
  while (true) {
    const auto batch = TRY(input.batch());
    if (batch.empty()) return 0;
    TextSource body(batch);
    Headers headers;
    headers.set("Content-Type", "application/x-ndjson");
    const auto response = TRY(api.send({.method = "POST",
                                        .path = "/v1/sql:lineage",
                                        .headers = std::move(headers),
                                        .body = &body,
                                        .body_size = batch.size(),
                                        .cancelled = call.interrupted()},
                                       &call.out().raw()));
    if (response.status >= 300) return fail(error_of(response));
  }
}

}  // namespace

std::vector<Command> commands() {
  return {
      {.name = "lineage",
       .summary = "Show where a column comes from, or where it goes",
       .description =
           "Follows columns through pipelines and views, by value and by what filters, joins, groups and orders.\n"
           "\n"
           "  weft lineage insights.delays.mean_delay\n"
           "  weft lineage aviation.flights.delay --downstream --depth 2 --mermaid\n"
           "  weft lineage --coverage",
       .options = {{.name = "NAME",
                    .value = "COLUMN",
                    .summary = "domain.product.column, domain.product.port.column, or domain.product for all"},
                   {.name = "--upstream", .value = "", .summary = "What feeds it (the default)"},
                   {.name = "--downstream", .value = "", .summary = "What it feeds"},
                   {.name = "--depth", .value = "N", .summary = "Steps at most, from 1 to 100"},
                   {.name = "--mermaid", .value = "", .summary = "A Mermaid flowchart"},
                   {.name = "--coverage", .value = "", .summary = "How many columns of each product have lineage"}},
       .run = show_lineage},
      {.name = "sql lineage",
       .summary = "Lineage of SQL given as text",
       .description = "Reads SQL of any tool and says which columns feed which, without running it.\n"
                      "\n"
                      "  weft sql lineage \"INSERT INTO t SELECT a + b AS c FROM s\"\n"
                      "  weft sql lineage --jsonl < requests.jsonl     one {\"sql\",\"dialect\",\"metadata\"?} a line",
       .options = {{.name = "SQL", .value = "SQL", .summary = "A statement or a script"},
                   {.name = "--dialect", .value = "NAME", .summary = "Its dialect", .otherwise = "ansi"},
                   {.name = "--jsonl",
                    .value = "",
                    .summary = "A request a line on standard input, an answer a line on standard output"}},
       .run = sql_lineage},
  };
}

}  // namespace weft::lineage
