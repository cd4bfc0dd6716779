#include "app/module.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "product/audit/audit.h"
#include "product/audit/chain.h"
#include "product/audit/commands.h"

namespace weft::audit {
namespace {

using std::chrono_literals::operator""s;

constexpr store::Migration kMigrations[] = {{1, R"sql(
CREATE TABLE audit (sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, outcome TEXT NOT NULL,
  request_id TEXT NOT NULL, details TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX audit_by_actor ON audit (actor, sequence);
)sql"}};

constexpr std::string_view kColumns = "sequence, time, actor, action, subject, outcome, request_id, details, hash";

Link link_of(const store::Row& row) {
  return {.sequence = row.integer(0),
          .time = row.integer(1),
          .actor = row.text(2),
          .action = row.text(3),
          .subject = row.text(4),
          .outcome = row.text(5),
          .request_id = row.text(6),
          .details = row.text(7),
          .hash = row.text(8)};
}

json::Object to_json(const Link& link) {
  return {{"sequence", link.sequence},
          {"time", to_rfc3339(time_of(link.time))},
          {"actor", link.actor},
          {"action", link.action},
          {"subject", link.subject},
          {"outcome", link.outcome},
          {"request_id", link.request_id},
          {"details", link.details},
          {"hash", link.hash}};
}

struct Routes {
  store::Store& store;

  // Administrators see all; others what they did themselves.
  Answer list(Request& request) const {
    const Page page = TRY(page_of(request));
    const std::int64_t before = page.after.empty() ? INT64_MAX : text::parse_integer(page.after).value_or(INT64_MAX);
    auto bound = [&](std::string_view name, std::int64_t otherwise) -> Result<std::int64_t> {
      const auto text = request.query_or(name, "");
      return text.empty() ? otherwise : micros(TRY(parse_rfc3339(text)));
    };
    const std::int64_t since = TRY(bound("since", INT64_MIN)), until = TRY(bound("until", INT64_MAX));
    const std::string sql = format(
        "SELECT {} FROM audit WHERE sequence < ?1 AND (?2 OR actor = ?3) AND (?4 = '' OR actor = ?4) AND (?5 = '' OR "
        "action = ?5) "
        "AND (?6 = '' OR instr(subject, ?6) > 0) AND time >= ?7 AND time <= ?8 ORDER BY sequence DESC LIMIT ?9",
        kColumns);
    json::Array items;
    std::string last;
    TRY(store.read([&](store::Session& session) {
      return session.each(sql,
                          {before, std::int64_t{request.principal.is_administrator}, request.principal.name,
                           request.query_or("actor", ""), request.query_or("action", ""),
                           request.query_or("subject", ""), since, until, std::int64_t{page.limit}},
                          [&](const store::Row& row) -> Result<> {
                            last = row.text(0);
                            items.push_back(to_json(link_of(row)));
                            return {};
                          });
    }));
    const bool is_full = items.size() == static_cast<std::size_t>(page.limit);
    return Response::json(page_answer(std::move(items), is_full ? std::optional(last) : std::nullopt));
  }

  // Walks the chain; anchors are heads that were kept elsewhere: lines of {"sequence","hash"}.
  Result<json::Object> verify(const std::map<std::int64_t, std::string>& anchors) const {
    Verifier verifier;
    std::optional<std::string> broken;
    std::int64_t first_bad = 0;
    const std::string sql = format("SELECT {} FROM audit ORDER BY sequence", kColumns);
    TRY(store.read([&](store::Session& session) {
      return session.each(sql, {}, [&](const store::Row& row) -> Result<> {
        if (broken) return {};
        const Link link = link_of(row);
        broken = verifier.next(link);
        const auto anchor = anchors.find(link.sequence);
        if (!broken && anchor != anchors.end() && anchor->second != link.hash)
          broken =
              format("record {} differs from the head that was kept elsewhere: the chain was rewritten", link.sequence);
        if (broken) first_bad = link.sequence;
        return {};
      });
    }));
    if (!broken && !anchors.empty() && anchors.rbegin()->first > verifier.count()) {
      first_bad = verifier.count() + 1;
      broken = format("the chain ends at record {}, a kept head knows record {}: its tail was cut", verifier.count(),
                      anchors.rbegin()->first);
    }
    json::Object answer{{"is_intact", !broken.has_value()},
                        {"records", verifier.count()},
                        {"head", verifier.head()},
                        {"anchors", anchors.size()}};
    if (broken) {
      answer.set("problem", *broken);
      answer.set("first_bad", first_bad);
    }
    return answer;
  }

  Answer verify_route(Request& request) const {
    std::map<std::int64_t, std::string> anchors;
    if (request.method == "POST") {
      for (const std::string_view line : text::split(TRY(request.text(64 << 20)), '\n')) {
        if (text::trim(line).empty()) continue;
        const json::Value head = TRY(json::parse(line));
        if (!head["sequence"].is_integer() || !head["hash"].is_text())
          return fail(ErrorKind::invalid, "audit.anchor", "an anchor is a line {{\"sequence\":…,\"hash\":\"…\"}}");
        anchors[head["sequence"].integer()] = head["hash"].text();
      }
    }
    return Response::json(TRY(verify(anchors)));
  }
};

// Appends the head to a file that a collector can carry away, whenever there is a new one.
Result<> export_head(store::Store& store, const std::filesystem::path& file, std::int64_t& exported) {
  const auto head = TRY(store.read_value<std::optional<Link>>([&](store::Session& session) {
    return session.first(format("SELECT {} FROM audit ORDER BY sequence DESC LIMIT 1", kColumns), {}, link_of);
  }));
  if (!head || head->sequence == exported) return {};
  const std::string line =
      json::write(
          json::Object{{"sequence", head->sequence}, {"hash", head->hash}, {"time", to_rfc3339(time_of(head->time))}}) +
      "\n";
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd || ::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      ::fdatasync(fd.get()) != 0) {
    return fail(ErrorKind::unavailable, "audit.export", "{} cannot be written", file.string());
  }
  exported = head->sequence;
  return {};
}

void add_system_table(App& app) {
  store::Store& store = app.store();
  app.system_table(
      {.name = "audit",
       .summary = "What was done, by whom.",
       .columns = {{"sequence", "long", ""},
                   {"time", "timestamptz", ""},
                   {"actor", "string", ""},
                   {"action", "string", ""},
                   {"subject", "string", ""},
                   {"outcome", "string", ""},
                   {"request_id", "string", ""},
                   {"details", "string", "JSON."},
                   {"hash", "string", ""}},
       .rows = [&store](const Principal& asker, const std::vector<std::string>&, const auto& row) -> Result<> {
         return store.read([&](store::Session& session) {
           return session.each(format("SELECT {} FROM audit WHERE ?1 OR actor = ?2", kColumns),
                               {std::int64_t{asker.is_administrator}, asker.name},
                               [&](const store::Row& each) { return row(to_json(link_of(each))); });
         });
       }});
}

Result<> install(App& app) {
  app.emplace<Audit>(app.store(), app.clock());
  const auto routes = std::make_shared<Routes>(Routes{app.store()});
  app.route({.method = "GET",
             .path = "/v1/audit",
             .access = Access::signed_in,
             .summary = "Audit records, newest first: all for administrators, one's own for others",
             .handler = [routes](Request& request) { return routes->list(request); },
             .query_parameters = {kLimit,
                                  kCursor,
                                  "actor",
                                  "action",
                                  "subject",
                                  {"since", R"({"type":"string","format":"date-time"})"},
                                  {"until", R"({"type":"string","format":"date-time"})"}}});
  app.route({.method = "GET",
             .path = "/v1/audit:verify",
             .access = Access::signed_in,
             .summary = "Whether the chain is whole, and where it breaks",
             .handler = [routes](Request& request) { return routes->verify_route(request); },
             .lane = Lane::heavy});
  app.route({.method = "POST",
             .path = "/v1/audit:verify",
             .access = Access::signed_in,
             .summary = "The same against heads that were kept elsewhere, a JSON line each",
             .handler = [routes](Request& request) { return routes->verify_route(request); },
             .lane = Lane::heavy});
  const auto exported = std::make_shared<std::int64_t>(0);
  app.every({.name = "audit.export_head",
             .every = 60s,
             .run = [&store = app.store(), file = app.settings().data / "audit-heads.jsonl",
                     exported](std::stop_token) { return export_head(store, file, *exported); }});
  add_system_table(app);
  return {};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "audit", .migrations = kMigrations, .install = install, .commands = commands};

}  // namespace weft::audit
