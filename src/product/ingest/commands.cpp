#include "product/ingest/commands.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "app/problem.h"
#include "base/json.h"
#include "base/text.h"
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

Result<int> publish_one(Invocation& call, const std::string& path, const std::string& file) {
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
  request.path = path + "/publishes" + query;
  request.headers.add("Content-Type", "application/octet-stream");
  if (call.has("--key")) request.headers.add("Idempotency-Key", call.text("--key"));
  request.body = &source;
  request.body_size = opened.size;
  request.cancelled = call.interrupted();
  Api* api = TRY(call.api());
  const Response answer = TRY(api->send(std::move(request)));
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
