#include "product/query/commands.h"

#include <fcntl.h>

#include "app/problem.h"
#include "base/json.h"
#include "base/text.h"

namespace weft::query {
namespace {

constexpr std::size_t kTableRowsMax = 1000;
constexpr std::size_t kFileBytesMax = 12 << 20;

class FdSink final : public ByteSink {
 public:
  explicit FdSink(Fd fd) : fd_(std::move(fd)) {}
  Result<> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0)
        return fail(ErrorKind::unavailable, "file.write", "the output file cannot be written: {}",
                    std::strerror(errno));
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

 private:
  Fd fd_;
};

class TextSink final : public ByteSink {
 public:
  Result<> write(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
};

Result<std::string> read_file(const std::string& path) {
  const Fd fd(path == "-" ? ::dup(0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(ErrorKind::not_found, "file.read", "{} cannot be read: {}", path, std::strerror(errno));
  std::string all;
  std::array<char, 65536> piece;
  while (true) {
    const ssize_t size = ::read(fd.get(), piece.data(), piece.size());
    if (size < 0) return fail(ErrorKind::unavailable, "file.read", "{} cannot be read: {}", path, std::strerror(errno));
    if (size == 0) return all;
    all.append(piece.data(), static_cast<std::size_t>(size));
    if (all.size() > kFileBytesMax)
      return fail(ErrorKind::limit, "sql.too_long", "{} has more than {} bytes", path, kFileBytesMax);
  }
}

// A parameter as the shell gives it: JSON where it is JSON (42, true, null, "text"), else text as it stands.
json::Value parameter_of(const std::string& text) {
  auto parsed = json::parse(text);
  return parsed && !parsed->is_object() && !parsed->is_array() ? std::move(*parsed) : json::Value(text);
}

Result<json::Object> request_of(Invocation& call) {
  std::string sql = call.text("SQL");
  if (const std::string file = call.text("--file"); !file.empty()) sql = TRY(read_file(file));
  if (sql.empty())
    return fail(ErrorKind::invalid, "query.no_sql",
                "give the query as an argument, or a file with --file (- for standard input)");
  json::Object body{{"sql", sql}};
  json::Array parameters;
  for (const std::string& each : call.list("--param")) parameters.push_back(parameter_of(each));
  if (!parameters.empty()) body.set("parameters", std::move(parameters));
  if (const std::string purpose = call.text("--purpose"); !purpose.empty()) body.set("purpose", purpose);
  if (const auto timeout = text::parse_integer(call.text("--timeout")); timeout)
    body.set("timeout_ms", *timeout * 1000);
  return body;
}

Result<Response> send(Invocation& call, const json::Object& body, ByteSink* sink) {
  class Body final : public ByteSource {
   public:
    explicit Body(std::string text) : text_(std::move(text)) {}
    Result<std::size_t> read(char* out, std::size_t size) override {
      const std::size_t taken = text_.copy(out, size, at_);
      at_ += taken;
      return taken;
    }
    std::size_t size() const { return text_.size(); }

   private:
    std::string text_;
    std::size_t at_ = 0;
  };
  Body source(json::write(body));
  Api::Call request;
  request.method = "POST";
  request.path = "/v1/query";
  request.headers.add("Content-Type", "application/json");
  request.body = &source;
  request.body_size = source.size();
  request.cancelled = call.interrupted();
  Api* api = TRY(call.api());
  Response answer = TRY(api->send(std::move(request), sink));
  if (answer.status >= 400) return fail(error_of(answer));
  return answer;
}

Result<int> run_streamed(Invocation& call, json::Object body, std::string_view format) {
  body.set("format", format);
  const std::string path = call.text("--to");
  if (path.empty()) {
    TRY(send(call, body, &call.out().raw()));
    return 0;
  }
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return fail(ErrorKind::unavailable, "file.write", "{} cannot be written: {}", path, std::strerror(errno));
  FdSink sink(std::move(fd));
  const auto sent = send(call, body, &sink);
  if (!sent) ::unlink(path.c_str());  // Half an answer is none.
  TRY(sent);
  return 0;
}

Result<int> run_table(Invocation& call, json::Object body) {
  body.set("format", "json");
  TextSink sink;
  const Response answer = TRY(send(call, body, &sink));
  const json::Value table = TRY(json::parse(sink.text, {.bytes_max = sink.text.size() + 1, .depth_max = 200}));
  std::vector<std::string> names;
  for (const json::Value& column : table["columns"].array()) names.push_back(column["name"].text());
  json::Array rows;
  const json::Array& all = table["rows"].array();
  if (call.out().format() == OutputFormat::table && names == std::vector<std::string>{"explain_key", "explain_value"}) {
    for (const json::Value& row : all) call.out().text(row.array()[1].text_or(""));
    return 0;
  }
  const std::size_t shown =
      call.out().format() == OutputFormat::table ? std::min(all.size(), kTableRowsMax) : all.size();
  for (std::size_t i = 0; i < shown; ++i) {
    json::Object row;
    for (std::size_t c = 0; c < names.size(); ++c) row.add(names[c], all[i].array()[c]);
    rows.push_back(std::move(row));
  }
  call.out().rows(rows, names);
  const auto id = answer.headers.get("weft-query-id").value_or("");
  call.out().note(
      format("{} rows{} · {}", text::human_count(all.size()),
             shown < all.size() ? format(", {} shown (all with --format csv)", text::human_count(shown)) : "", id));
  return 0;
}

Result<int> run_query(Invocation& call) {
  json::Object body = TRY(request_of(call));
  const std::string format = call.text("--format");
  if (!format.empty()) return run_streamed(call, std::move(body), format);
  if (!call.text("--to").empty()) return run_streamed(call, std::move(body), "csv");
  return run_table(call, std::move(body));
}

Result<int> list_queries(Invocation& call) {
  Api* api = TRY(call.api());
  const json::Value page = TRY(api->get(format("/v1/queries?limit={}", call.text("--limit"))));
  call.out().rows(page["items"].array(), {"query_id", "started", "principal", "status", "rows", "wall_micros", "sql"});
  return 0;
}

Result<int> show_query(Invocation& call) {
  Api* api = TRY(call.api());
  call.out().object(TRY(api->get("/v1/queries/" + text::percent_encode(call.text("QUERY")))));
  return 0;
}

Result<int> cancel_query(Invocation& call) {
  Api* api = TRY(call.api());
  call.out().object(
      TRY(api->post("/v1/queries/" + text::percent_encode(call.text("QUERY")) + ":cancel", json::Object{})));
  return 0;
}

}  // namespace

std::vector<Command> commands() {
  return {
      {.name = "query",
       .summary = "Ask the mesh with SQL",
       .description =
           "Runs one SELECT over domain.product names, as you: you see what you were granted. mesh.* holds the "
           "facts.\n\n"
           "  weft query \"SELECT origin, count(*) FROM aviation.flights GROUP BY ALL ORDER BY 2 DESC LIMIT 5\"\n"
           "  weft query \"SELECT * FROM aviation.flights AT (VERSION => 123) LIMIT 10\"\n"
           "  weft query --file report.sql --format parquet --to report.parquet",
       .options =
           {{.name = "SQL", .value = "SQL", .summary = "The query"},
            {.name = "--file", .value = "FILE", .summary = "Read the query from a file, - for standard input"},
            {.name = "--param", .value = "VALUE", .summary = "Value of $1, $2, …; once each", .is_repeatable = true},
            {.name = "--format",
             .value = "FORMAT",
             .summary = "Stream the answer's bytes in this format",
             .choices = {"json", "ndjson", "csv", "parquet", "arrow"}},
            {.name = "--to", .value = "FILE", .summary = "Write to a file instead of standard output"},
            {.name = "--purpose", .value = "TEXT", .summary = "What the data is wanted for, where a grant asks"},
            {.name = "--timeout", .value = "SECONDS", .summary = "Give up after this long"}},
       .run = run_query},
      {.name = "queries list",
       .summary = "Your latest queries",
       .description = "Administrators see everybody's.",
       .options = {{.name = "--limit", .value = "N", .summary = "How many", .otherwise = "20"}},
       .run = list_queries},
      {.name = "queries show",
       .summary = "One query: what it read, why it was allowed, how it ended",
       .description = "",
       .options = {{.name = "QUERY", .value = "QUERY", .summary = "The id (Weft-Query-Id)", .is_required = true}},
       .run = show_query},
      {.name = "queries cancel",
       .summary = "Cancel a running query",
       .description = "",
       .options = {{.name = "QUERY", .value = "QUERY", .summary = "The id (Weft-Query-Id)", .is_required = true}},
       .run = cancel_query},
  };
}

}  // namespace weft::query
