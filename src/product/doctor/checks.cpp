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
constexpr std::size_t kNamesMax = 10;
constexpr std::chrono::hours kLeftoverAge{24};
constexpr std::string_view kNewestLinks =
    "SELECT sequence, time, actor, action, subject, outcome, request_id, details, hash FROM audit "
    "WHERE sequence > (SELECT coalesce(max(sequence), 0) - ?1 FROM audit) ORDER BY sequence";
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

// A few names, and how many more there are.
std::string names(const std::vector<std::string>& all) {
  const std::vector<std::string> some(all.begin(), all.begin() + static_cast<long>(std::min(all.size(), kNamesMax)));
  return text::join(some, ", ") + (all.size() > kNamesMax ? format(" and {} more", all.size() - kNamesMax) : "");
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

Finding schema(App& app) {
  std::int64_t modules = 0;
  const auto done = app.store().read([&](store::Session& session) {
    return session.each("SELECT count(*) FROM schema_versions", {}, [&](const store::Row& row) -> Result<> {
      modules = row.integer(0);
      return {};
    });
  });
  // A newer or half migrated one was refused when it was opened.
  return done ? ok("store.schema", format("the tables of {} modules are those of Weft {}", modules, WEFT_VERSION))
              : failed("store.schema", done.error().message);
}

// The newest links: what was written last is what a crash would have hurt.
Finding audit_chain(App& app) {
  std::optional<audit::Link> before;
  std::optional<std::string> problem;
  std::int64_t checked = 0;
  const auto done = app.store().read([&](store::Session& session) {
    return session.each(kNewestLinks, {std::int64_t{kAuditLinks}}, [&](const store::Row& row) -> Result<> {
      audit::Link link{.sequence = row.integer(0),
                       .time = row.integer(1),
                       .actor = row.text(2),
                       .action = row.text(3),
                       .subject = row.text(4),
                       .outcome = row.text(5),
                       .request_id = row.text(6),
                       .details = row.text(7),
                       .hash = row.text(8)};
      const bool is_first = link.sequence == 1;
      if (!problem && before && link.sequence != before->sequence + 1) {
        problem = format("records {} to {} are missing", before->sequence + 1, link.sequence - 1);
      } else if (!problem && (before || is_first) &&
                 audit::hash_of(is_first ? audit::kGenesis : std::string_view(before->hash), link) != link.hash) {
        problem = format("record {} was changed, or the one before it", link.sequence);
      }
      ++checked;
      before = std::move(link);
      return {};
    });
  });
  if (!done) return failed("audit.chain", done.error().message);
  if (problem) return failed("audit.chain", *problem + "; `weft audit verify` tells more");
  return ok("audit.chain", format("the newest {} records are intact; `weft audit verify` reads all", checked));
}

Finding tables(App& app) {
  std::vector<std::string> lost, elsewhere;
  std::uint64_t seen = 0;
  const auto done = app.store().read([&](store::Session& session) {
    return session.each("SELECT port, location FROM lake_tables", {}, [&](const store::Row& row) -> Result<> {
      ++seen;
      const auto key = app.objects().key_of(row.text(1));
      if (!key) {
        elsewhere.push_back(row.text(0));
      } else if (!app.objects().size(*key)) {
        lost.push_back(row.text(0));
      }
      return {};
    });
  });
  if (!done) return failed("lake.tables", done.error().message);
  if (!elsewhere.empty()) {
    return failed("lake.tables",
                  format("{} lie outside of {}: the mesh's folder was moved, and Iceberg metadata holds absolute "
                         "paths: move it back",
                         names(elsewhere), app.objects().root().string()));
  }
  if (!lost.empty())
    return failed("lake.tables", format("the current metadata of {} is missing: restore a backup", names(lost)));
  return ok("lake.tables", format("{} tables have their metadata", seen));
}

bool is_old(const fs::directory_entry& entry) {
  std::error_code error;
  const auto changed = entry.last_write_time(error);
  return !error && fs::file_time_type::clock::now() - changed > kLeftoverAge;
}

// What killed processes left and what nothing will use: staged uploads, unfinished restores, leases nobody renews.
Finding leftovers(App& app) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(app.settings().data / "staging", error)) {
    if (is_old(entry)) found.push_back(entry.path().string());
  }
  const fs::path root = app.objects().root();
  const std::string unfinished = root.filename().string() + ".restoring-";
  for (const auto& entry : fs::directory_iterator(root.parent_path(), error)) {
    if (entry.path().filename().string().starts_with(unfinished) && is_old(entry))
      found.push_back(entry.path().string());
  }
  const std::int64_t before = micros(app.clock().now()) - micros(Time(kLeftoverAge));
  const auto done = app.store().read([&](store::Session& session) {
    return session.each("SELECT prefix FROM lake_leases WHERE expires < ?1", {before},
                        [&](const store::Row& row) -> Result<> {
                          found.push_back((root / row.text(0)).string());
                          return {};
                        });
  });
  if (!done) return failed("files.leftovers", done.error().message);
  if (found.empty()) return ok("files.leftovers", "nothing was left by processes that were killed");
  return warning("files.leftovers",
                 format("left by processes that were killed: {}; a server's jobs collect what lies in "
                        "the lake, the rest may be deleted",
                        names(found)));
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
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return failed("process.descriptors", "the limit of open files cannot be read");
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
  return {fences(app),    worker(app),      database(app), schema(app),   audit_chain(app), tables(app),
          leftovers(app), permissions(app), disk(app),     descriptors(), clock(app)};
}

}  // namespace weft::doctor
