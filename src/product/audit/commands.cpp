#include "product/audit/commands.h"

#include <fstream>
#include <sstream>

#include "app/problem.h"
#include "base/json.h"
#include "base/text.h"

namespace weft::audit {
namespace {

Result<json::Value> verify_against(Api& api, const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorKind::not_found, "audit.anchor", "{} cannot be read", file);
  std::ostringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  TextSource source(text);
  Api::Call call;
  call.method = "POST";
  call.path = "/v1/audit:verify";
  call.headers.add("Content-Type", "application/x-ndjson");
  call.body = &source;
  call.body_size = all.str().size();
  const Response answer = TRY(api.send(std::move(call)));
  if (answer.status >= 400) return fail(error_of(answer));
  return json::parse(std::get<std::string>(answer.body));
}

Result<int> verify(Invocation& call) {
  Api* api = TRY(call.api());
  const std::string anchor = call.text("--anchor");
  const json::Value answer = anchor.empty() ? TRY(api->get("/v1/audit:verify")) : TRY(verify_against(*api, anchor));
  if (call.out().format() != OutputFormat::table) {
    call.out().object(answer);
  } else if (answer["is_intact"].boolean_or(false)) {
    call.out().text(format("intact: {} records, head {}\n",
                           text::human_count(static_cast<std::uint64_t>(answer["records"].integer_or(0))),
                           answer["head"].text_or("")));
  } else {
    call.out().text(
        format("BROKEN at record {}: {}\n", answer["first_bad"].integer_or(0), answer["problem"].text_or("")));
  }
  return answer["is_intact"].boolean_or(false) ? 0 : 1;
}

Result<int> list(Invocation& call) {
  Api* api = TRY(call.api());
  std::string path = "/v1/audit?limit=" + (call.has("--limit") ? call.text("--limit") : "20");
  for (const std::string name : {"actor", "action", "subject", "since", "until"}) {
    if (call.has("--" + name)) path += "&" + name + "=" + text::percent_encode(call.text("--" + name));
  }
  const json::Value page = TRY(api->get(path));
  call.out().rows(page["items"].array(), {"sequence", "time", "actor", "action", "subject", "outcome"});
  return 0;
}

}  // namespace

std::vector<Command> commands() {
  const Option limit{.name = "--limit", .value = "N", .summary = "How many", .otherwise = "20"};
  return {
      {.name = "audit verify",
       .summary = "Whether the audit's chain is whole",
       .description = "Finds edits, gaps and reordering, and says where. With heads that were kept elsewhere also cut "
                      "tails and rewrites.\n\n  weft audit verify --anchor heads-kept-elsewhere.jsonl",
       .options = {{.name = "--anchor", .value = "FILE", .summary = "Heads that were exported (audit-heads.jsonl)"}},
       .run = verify},
      {.name = "audit tail", .summary = "The newest audit records", .description = "", .options = {limit}, .run = list},
      {.name = "audit search",
       .summary = "Audit records by actor, action, subject and time",
       .description = "  weft audit search --action access.deny --since 2026-01-01T00:00:00Z",
       .options = {limit,
                   {.name = "--actor", .value = "NAME", .summary = "Who"},
                   {.name = "--action", .value = "ACTION", .summary = "Like query.access"},
                   {.name = "--subject", .value = "TEXT", .summary = "What it was done to, in part"},
                   {.name = "--since", .value = "TIME", .summary = "RFC 3339"},
                   {.name = "--until", .value = "TIME", .summary = "RFC 3339"}},
       .run = list},
  };
}

}  // namespace weft::audit
