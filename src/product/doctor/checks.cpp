#include "product/doctor/checks.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/text.h"
#include "product/audit/chain.h"

namespace weft::doctor {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kDiskFreeMin = 1ULL << 30;
constexpr double kDiskShareMin = 0.05;
constexpr rlim_t kDescriptorsMin = 4096;
constexpr int kAuditLinks = 10'000;
// Nobody's clock is right before this was written.
const Time kEarliest = time_of(1'767'225'600'000'000);

Finding ok(std::string check, std::string message) {
  return {.check = std::move(check), .verdict = Verdict::ok, .message = std::move(message)};
}
Finding warning(std::string check, std::string message) {
  return {.check = std::move(check), .verdict = Verdict::warning, .message = std::move(message)};
}
Finding failed(std::string check, std::string message) {
  return {.check = std::move(check), .verdict = Verdict::failed, .message = std::move(message)};
}

Finding fences(App& app) {
  const auto facts = app.engine().fences();
  if (!facts) return failed("engine.fences", facts.error().message + "; no query can run");
  std::string open;
  for (const auto& [what, verdict] : (*facts)["tried"].object()) {
    if (verdict.text_or("") != "refused") open += (open.empty() ? "" : ", ") + std::string(what);
  }
  if (!open.empty())
    return failed("engine.fences", format("a worker can still: {}; run Weft on a kernel with Landlock or seccomp, and "
                                          "outside of a sandbox that takes them away",
                                          open));
  const json::Value& raised = (*facts)["fences"];
  const std::string words = format("Landlock {}, seccomp {}", raised["landlock"].integer_or(0) > 0 ? "on" : "off",
                                   raised["seccomp"].boolean_or(false) ? "on" : "off");
  if (raised["landlock"].integer_or(0) == 0)
    return warning("engine.fences", words + ": what was tried is refused, by one fence in place of two");
  return ok("engine.fences", words + "; files, network, processes and signals are refused");
}

class Discard final : public ByteSink {
 public:
  Result<> write(std::string_view) override { return {}; }
};

Finding worker(App& app) {
  auto run = [&]() -> Result<> {
    auto session = TRY(app.engine().session(engine::WorkClass::interactive, {}, {}));
    TRY(session->parse("SELECT 1"));
    TRY(session->bind({.sql = "SELECT 1", .relations = {}, .parameters = {}}, {}));
    Discard out;
    TRY(session->run({}, engine::Format::json, out));
    return {};
  };
  const auto done = run();
  return done ? ok("engine.worker", "a worker starts and answers") : failed("engine.worker", done.error().message);
}

Finding database(App& app) {
  std::string said;
  const auto done = app.store().read([&](store::Session& session) {
    return session.each("PRAGMA quick_check(1)", {}, [&](const store::Row& row) -> Result<> {
      said = row.text(0);
      return {};
    });
  });
  if (!done) return failed("store.database", done.error().message);
  return said == "ok"
             ? ok("store.database", "mesh.db is whole")
             : failed("store.database", "mesh.db is damaged: " + said + "; stop the server and restore a backup");
}

Finding audit_chain(App& app) {
  audit::Verifier verifier;
  std::optional<std::string> problem;
  const auto done = app.store().read([&](store::Session& session) {
    return session.each(
        "SELECT sequence, time, actor, action, subject, outcome, request_id, details, hash FROM audit ORDER BY "
        "sequence LIMIT ?1",
        {std::int64_t{kAuditLinks}}, [&](const store::Row& row) -> Result<> {
          if (problem) return {};
          problem = verifier.next({.sequence = row.integer(0),
                                   .time = row.integer(1),
                                   .actor = row.text(2),
                                   .action = row.text(3),
                                   .subject = row.text(4),
                                   .outcome = row.text(5),
                                   .request_id = row.text(6),
                                   .details = row.text(7),
                                   .hash = row.text(8)});
          return {};
        });
  });
  if (!done) return failed("audit.chain", done.error().message);
  if (problem) return failed("audit.chain", *problem + "; `weft audit verify` tells more");
  return ok("audit.chain",
            format("{} records from the first on are intact; `weft audit verify` reads all", verifier.count()));
}

Finding tables(App& app) {
  std::vector<std::string> lost;
  std::uint64_t seen = 0;
  const auto done = app.store().read([&](store::Session& session) {
    return session.each("SELECT port, location FROM lake_tables", {}, [&](const store::Row& row) -> Result<> {
      ++seen;
      const auto key = app.objects().key_of(row.text(1));
      if (!key || !app.objects().size(*key)) lost.push_back(row.text(0));
      return {};
    });
  });
  if (!done) return failed("lake.tables", done.error().message);
  if (!lost.empty())
    return failed("lake.tables",
                  format("the current metadata of {} cannot be read: restore a backup", text::join(lost, ", ")));
  return ok("lake.tables", format("{} tables have their metadata", seen));
}

Finding permissions(App& app) {
  for (const char* name : {"", "mesh.db", "admin.token"}) {
    const fs::path path = app.settings().data / name;
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0 || (facts.st_mode & 0077) == 0) continue;
    if (*name != '\0' && (facts.st_mode & 0004) == 0) continue;
    return warning("files.permissions",
                   format("{} is open to other users: chmod go= {}", path.string(), path.string()));
  }
  return ok("files.permissions", "the mesh's folder is its owner's alone");
}

Finding disk(App& app) {
  std::error_code error;
  const auto space = fs::space(app.settings().data, error);
  if (error) return failed("files.disk", format("{}: {}", app.settings().data.string(), error.message()));
  const std::string words =
      format("{} of {} are free", text::human_bytes(space.available), text::human_bytes(space.capacity));
  const bool is_tight = space.available < kDiskFreeMin ||
                        static_cast<double>(space.available) < kDiskShareMin * static_cast<double>(space.capacity);
  return is_tight ? warning("files.disk", words + ": publishes will be refused when it is full")
                  : ok("files.disk", words);
}

Finding descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < kDescriptorsMin)
    return warning(
        "process.descriptors",
        format("{} open files at most: raise it (ulimit -n 65536) before serving many clients", limit.rlim_max));
  return ok("process.descriptors", format("{} open files at most", limit.rlim_max));
}

Finding clock(App& app) {
  const Time now = app.clock().now();
  return now < kEarliest ? failed("process.clock", format("the clock says {}: set it", to_rfc3339(now)))
                         : ok("process.clock", to_rfc3339(now));
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::warning:
      return "warning";
    case Verdict::failed:
      return "failed";
  }
  return "failed";
}

std::vector<Finding> examine(App& app) {
  return {fences(app),      worker(app), database(app), audit_chain(app), tables(app),
          permissions(app), disk(app),   descriptors(), clock(app)};
}

}  // namespace weft::doctor
