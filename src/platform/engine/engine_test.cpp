#include "platform/engine/engine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include <cstdlib>
#include <fstream>
#include <mutex>
#include <random>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "platform/engine/pool.h"

// The pool against the real worker.
namespace weft::engine {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::filesystem::path program() {
  if (const char* named = std::getenv("WEFT_ENGINE"); named != nullptr) return named;
  if (const char* build = std::getenv("WEFT_BUILD"); build != nullptr)
    return std::filesystem::path(build) / "weft-engine";
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "weft-engine";
}

class Text final : public ByteSink {
 public:
  Result<> write(std::string_view bytes) override {
    all += bytes;
    return {};
  }
  std::string all;
};

// The worker processes of this test.
// Children by their own word: /proc/self/task/*/children may leave some out while others come and go.
std::set<pid_t> worker_pids() {
  std::set<pid_t> pids;
  std::error_code gone;
  for (const auto& process : std::filesystem::directory_iterator("/proc", gone)) {
    const auto pid = text::parse_integer(process.path().filename().string());
    std::ifstream stat(process.path() / "stat");
    std::string line;
    if (!pid || !std::getline(stat, line)) continue;
    std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
    std::string state;
    pid_t parent = 0;
    if (fields >> state >> parent && parent == ::getpid()) pids.insert(static_cast<pid_t>(*pid));
  }
  return pids;
}

// The processor time of all workers, in clock ticks.
std::uint64_t worker_ticks() {
  std::uint64_t all = 0;
  for (const pid_t pid : worker_pids()) {
    std::ifstream stat(format("/proc/{}/stat", pid));
    std::string line;
    std::getline(stat, line);
    // After the name in brackets come 11 fields, then user and system time.
    std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    std::uint64_t user = 0, system = 0;
    fields >> user >> system;
    all += user + system;
  }
  return all;
}

void wait_until_busy() {
  const std::uint64_t before = worker_ticks();
  while (worker_ticks() < before + 3) std::this_thread::yield();
}

File file_of(std::string_view bytes, std::uint64_t rows) {
  File file;
  file.fd = Fd(::memfd_create("rows", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  file.size = bytes.size();
  file.name = "rows";
  file.row_count = rows;
  return file;
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() { open({}); }

  void open(Options options) {
    options.program = program();
    auto opened = Engine::open(options, metrics_);
    ASSERT_TRUE(opened) << opened.error().message;
    engine_ = std::move(*opened);
  }

  std::unique_ptr<Session> session(Limits limits = {}, std::stop_token cancelled = {},
                                   WorkClass work = WorkClass::interactive) {
    auto opened = engine_->session(work, limits, std::move(cancelled));
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

  // The whole road of one query over at most one relation, `rows`.
  Result<std::string> ask(Session& session, const std::string& sql, Format format = Format::json,
                          json::Array parameters = {}) {
    const Parsed parsed = TRY(session.parse(sql));
    Query query{
        .sql = sql, .relations = std::vector<int>(parsed.tables.size(), 0), .parameters = std::move(parameters)};
    std::vector<Relation> relations;
    std::vector<RelationData> data;
    if (!parsed.tables.empty()) {
      relations.push_back(rows_);
      data.push_back({.relation = 0, .files = {}});
      data[0].files.push_back(file_of(lines_, rows_.row_count));
    }
    TRY(session.bind(query, relations));
    Text text;
    const Outcome outcome = TRY(session.run(std::move(data), format, text));
    EXPECT_EQ(outcome.bytes, text.all.size());
    const std::lock_guard lock(outcome_mutex_);
    outcome_ = outcome;
    return text.all;
  }
  Result<std::string> ask(const std::string& sql, Limits limits = {}) { return ask(*session(limits), sql); }

  void expect_served() {
    const auto answer = ask("SELECT 42 AS answer");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ((*json::parse(*answer))["rows"], (*json::parse("[[42]]")));
  }

  metrics::Registry metrics_;
  std::unique_ptr<Engine> engine_;
  Relation rows_{.name = "mesh.queries",
                 .kind = RelationKind::rows,
                 .columns = {{.field_id = 1, .name = "id", .type = "long", .mask_sql = ""},
                             {.field_id = 2, .name = "name", .type = "string", .mask_sql = ""},
                             {.field_id = 3, .name = "at", .type = "timestamptz", .mask_sql = ""},
                             {.field_id = 4, .name = "cost", .type = "decimal(10, 2)", .mask_sql = ""}},
                 .row_filter_sql = "",
                 .row_count = 3,
                 .view_sql = "",
                 .view_relations = {}};
  std::string lines_ =
      "{\"id\":9007199254740993,\"name\":\"a,\\\"b\\\"\",\"at\":\"2026-01-02T03:04:05Z\",\"cost\":1.50}\n"
      "{\"id\":2,\"name\":\"\",\"at\":null,\"cost\":-0.01}\n{\"id\":3}\n";
  std::mutex outcome_mutex_;
  Outcome outcome_;  // Of the last answer.
};

TEST_F(EngineTest, AnswersInEachTextFormat) {
  auto one = session();
  EXPECT_EQ(ask(*one, "SELECT * FROM mesh.queries ORDER BY id DESC").value_or(""),
            "{\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"},{\"name\":\"name\",\"type\":\"VARCHAR\"},{\"name\":"
            "\"at\",\"type\":\"TIMESTAMP WITH TIME ZONE\"},"
            "{\"name\":\"cost\",\"type\":\"DECIMAL(10,2)\"}],\"rows\":[[9007199254740993,\"a,\\\"b\\\"\",\"2026-01-"
            "02T03:04:05Z\",1.50],[3,null,null,null],"
            "[2,\"\",null,-0.01]],\"row_count\":3}\n");
  EXPECT_EQ(outcome_.rows, 3U);
  EXPECT_GT(outcome_.wall_micros, 0);
  auto two = session();
  const auto lines = ask(*two, "SELECT name, \"at\" FROM mesh.queries ORDER BY id", Format::ndjson);
  ASSERT_TRUE(lines) << lines.error().message;
  EXPECT_EQ(*lines,
            "{\"name\":\"\",\"at\":null}\n{\"name\":null,\"at\":null}\n{\"name\":\"a,\\\"b\\\"\",\"at\":\"2026-01-"
            "02T03:04:05Z\"}\n");
  auto three = session();
  EXPECT_EQ(ask(*three, "SELECT id, name, cost FROM mesh.queries ORDER BY id", Format::csv).value_or(""),
            "id,name,cost\r\n2,\"\",-0.01\r\n3,,\r\n9007199254740993,\"a,\"\"b\"\"\",1.50\r\n");
}

TEST_F(EngineTest, TellsWhatItBound) {
  auto one = session();
  const Parsed parsed =
      one->parse("SELECT name, sum(cost) AS total FROM mesh.queries WHERE id > 1 GROUP BY name").value();
  ASSERT_EQ(parsed.tables.size(), 1U);
  EXPECT_EQ(parsed.tables[0].parts, (std::vector<std::string>{"mesh", "queries"}));
  const Plan plan = one->bind({.sql = "SELECT name, sum(cost) AS total FROM mesh.queries WHERE id > 1 GROUP BY name",
                               .relations = {0},
                               .parameters = {}},
                              {rows_})
                        .value();
  ASSERT_EQ(plan.columns.size(), 2U);
  EXPECT_EQ(plan.columns[1].name, "total");
  EXPECT_EQ(plan.columns[1].type, json::Value("decimal(38, 2)"));
  ASSERT_EQ(plan.columns[1].from.size(), 2U);
  EXPECT_EQ(plan.columns[1].from[0].column, "cost");
  EXPECT_EQ(plan.columns[1].from[0].use, Use::value);
  EXPECT_EQ(plan.columns[1].from[1].column, "name");
  EXPECT_EQ(plan.columns[1].from[1].use, Use::group);
  EXPECT_EQ(plan.relations[0].columns, (std::vector<std::string>{"cost", "id", "name"}));
}

TEST_F(EngineTest, ParametersAreValues) {
  json::Array parameters;
  parameters.emplace_back(7);
  parameters.emplace_back("x' OR 1=1");
  parameters.emplace_back(nullptr);
  auto one = session();
  const auto answer = ask(*one, "SELECT $1 + 1 AS a, $2 AS b, $3 IS NULL AS c", Format::ndjson, std::move(parameters));
  EXPECT_EQ(answer.value_or(""), "{\"a\":8,\"b\":\"x' OR 1=1\",\"c\":true}\n");
  auto two = session();
  EXPECT_EQ(ask(*two, "SELECT $2", Format::json).error().code, "sql.parameters");
}

TEST_F(EngineTest, AnErrorOfTheQueryCostsNoWorker) {
  expect_served();
  const auto before = worker_pids();
  for (const auto& [sql, code] :
       std::map<std::string, std::string>{{"SELEC 1", "sql.syntax"},
                                          {"SELECT * FROM read_csv('/etc/passwd')", "sql.not_allowed"},
                                          {"SELECT nothing FROM mesh.queries", "sql.unknown_column"},
                                          {"DROP TABLE x", "sql.not_allowed"},
                                          {"SELECT 'x'::INTEGER", "sql.run"}}) {
    const auto answer = ask(sql);
    ASSERT_FALSE(answer) << sql;
    EXPECT_EQ(answer.error().code, code) << sql << ": " << answer.error().message;
  }
  expect_served();
  EXPECT_EQ(worker_pids(), before);
}

TEST_F(EngineTest, SessionsLeaveNothingBehind) {
  auto one = session();
  EXPECT_TRUE(ask(*one, "SELECT count(*) FROM mesh.queries"));
  one.reset();
  lines_ = "{\"id\":1}\n";
  // The same worker, the same relation, other rows.
  EXPECT_EQ(ask("SELECT count(*) AS n FROM mesh.queries").value_or("").find("[[1]]") != std::string::npos, true);
}

TEST_F(EngineTest, ALimitOnRowsHolds) {
  Limits limits;
  limits.rows_max = 10;
  EXPECT_TRUE(ask("SELECT * FROM range(10)", limits));
  EXPECT_EQ(ask("SELECT * FROM range(11)", limits).error().code, "query.too_many_rows");
  limits = {};
  limits.sql_bytes_max = 20;
  EXPECT_EQ(ask("SELECT 'more than twenty bytes'", limits).error().code, "sql.too_long");
}

TEST_F(EngineTest, ATimeOutAlwaysWorks) {
  expect_served();
  Limits limits;
  limits.time_max = milliseconds(150);
  for (const char* sql : {"SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000) b",
                          "SELECT max(length(repeat(i::VARCHAR, 50))) FROM range(100000000000) t(i)"}) {
    const auto answer = ask(sql, limits);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, "engine.timeout") << answer.error().message;
    EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
  }
  expect_served();
}

TEST_F(EngineTest, CancellingEndsAQueryAtOnce) {
  expect_served();
  std::stop_source stop;
  auto one = session({}, stop.get_token());
  std::jthread canceller([&] {
    wait_until_busy();
    stop.request_stop();
  });
  const auto answer = ask(*one, "SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000) b");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "engine.cancelled");
  expect_served();
}

TEST_F(EngineTest, AReaderThatIsGoneEndsTheQuery) {
  class Gone final : public ByteSink {
   public:
    Result<> write(std::string_view) override { return fail(ErrorKind::cancelled, "http.closed", "gone"); }
  } gone;
  auto one = session();
  const std::string sql = "SELECT i, repeat('x', 100) FROM range(10000000) t(i)";
  ASSERT_TRUE(one->parse(sql));
  ASSERT_TRUE(one->bind({.sql = sql, .relations = {}, .parameters = {}}, {}));
  EXPECT_EQ(one->run({}, Format::csv, gone).error().code, "http.closed");
  one.reset();
  expect_served();
}

TEST_F(EngineTest, FencesHold) {
  const auto facts = engine_->fences();
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_TRUE((*facts)["fences"]["seccomp"].boolean_or(false));
  ASSERT_GE((*facts)["tried"].object().size(), 7U);
  for (const auto& [what, verdict] : (*facts)["tried"].object()) EXPECT_EQ(verdict.text_or(""), "refused") << what;
}

class SmallEngineTest : public EngineTest {
 protected:
  SmallEngineTest() {
    Options options;
    options.memory_bytes = 1400ULL << 20;
    open(options);
  }
};

TEST_F(SmallEngineTest, AMemoryBombCostsOneQuery) {
  const std::string bombs[] = {
      "SELECT length(repeat('x', (n * 100000)::BIGINT)) FROM range(1, 100000) t(n) ORDER BY 1 DESC",
      "SELECT count(*) FROM (SELECT list(i) FROM range(2000000000) t(i))",
      "SELECT length(string_agg(repeat('y', 1000), ',')) FROM range(100000000)",
      "SELECT * FROM (SELECT a.range x, b.range y FROM range(10000000) a, range(10000000) b) ORDER BY x * y LIMIT 5",
      "SELECT max(length(repeat(repeat('z', 100000), 100000)))",
      "SELECT len(range(3000000000))",
  };
  Limits limits;
  limits.time_max = milliseconds(6000);
  for (const std::string& bomb : bombs) {
    std::atomic<bool> is_over = false;
    std::jthread beside([&] {
      while (!is_over) expect_served();
    });
    const auto answer = ask(bomb, limits);
    is_over = true;
    beside.join();
    if (!answer) {
      EXPECT_TRUE(answer.error().code == "engine.out_of_memory" || answer.error().code == "engine.timeout" ||
                  answer.error().code == "sql.run")
          << bomb << ": " << answer.error().code << " " << answer.error().message;
    }
    expect_served();
  }
}

TEST_F(SmallEngineTest, WhatEscapesTheEnginesAccountingIsSeen) {
  const auto answer =
      ask("SELECT length(string_agg(repeat('x', (n * 100000)::BIGINT), '')) FROM range(1, 100000) t(n)");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "engine.out_of_memory") << answer.error().message;
  EXPECT_EQ(answer.error().kind, ErrorKind::limit);
  expect_served();
}

TEST_F(EngineTest, ASpillFolderHoldsWhatMemoryDoesNot) {
  const auto folder = std::filesystem::temp_directory_path() / format("weft-spill-{}", ::getpid());
  std::filesystem::create_directories(folder / "worker-of-before");
  Options options;
  options.memory_bytes = 700ULL << 20;
  options.spill_folder = folder;
  open(options);
  EXPECT_FALSE(std::filesystem::exists(folder / "worker-of-before"));
  auto one = session({}, {}, WorkClass::batch);
  const auto answer = ask(*one,
                          "SELECT count(*) AS n FROM (SELECT DISTINCT hash(i), hash(i + 1), hash(i + 2), hash(i + 3) "
                          "FROM range(12000000) t(i))");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NE(answer->find("[[12000000]]"), std::string::npos);
  one.reset();
  const json::Value facts = engine_->fences().value();
  for (const auto& [what, verdict] : facts["tried"].object()) EXPECT_EQ(verdict.text_or(""), "refused") << what;
  engine_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

TEST_F(EngineTest, WorkersKilledAtEveryStageEndOneQueryAtMost) {
  std::mt19937 random(7);
  const std::string sql = "SELECT sum(i) AS s FROM range(3000000) t(i)";
  int died = 0;
  for (int stage = 0; stage < 60; ++stage) {
    auto one = session();
    auto kill_all = [] {
      for (const pid_t pid : worker_pids()) ::kill(pid, SIGKILL);
    };
    if (stage % 4 == 0) kill_all();
    const auto parsed = one->parse(sql);
    ASSERT_TRUE(parsed) << parsed.error().message;  // A worker that died while it was idle is replaced unseen.
    if (stage % 4 == 1) kill_all();
    const auto plan = one->bind({.sql = sql, .relations = {}, .parameters = {}}, {});
    if (stage % 4 == 2) kill_all();
    Text text;
    Result<Outcome> outcome = fail(ErrorKind::internal, "", "");
    if (plan) {
      std::jthread killer;
      if (stage % 4 == 3) {
        killer = std::jthread([&] {
          const auto moment = Steady::now() + std::chrono::microseconds(random() % 12'000);
          while (Steady::now() < moment) std::this_thread::yield();
          kill_all();
        });
      }
      outcome = one->run({}, Format::json, text);
    } else {
      EXPECT_EQ(plan.error().code, "engine.worker_died");
    }
    if (plan && !outcome) {
      EXPECT_EQ(outcome.error().code, "engine.worker_died") << outcome.error().message;
    }
    if (!plan || !outcome) ++died;
    one.reset();
    expect_served();
  }
  EXPECT_GT(died, 0);  // How many lose what they had begun depends on the moment.
}

TEST_F(EngineTest, WaitsItsTurnAndGivesUpInTime) {
  Options options;
  options.workers_max = 1;
  open(options);
  auto holder = session();
  ASSERT_TRUE(holder->parse("SELECT 1"));
  Limits limits;
  limits.time_max = milliseconds(50);
  EXPECT_EQ(ask("SELECT 1", limits).error().code, "engine.queue");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(ask(*session({}, stop.get_token()), "SELECT 1").error().code, "engine.cancelled");
  std::jthread waiter([&] { expect_served(); });
  holder.reset();
}

TEST_F(EngineTest, ManyAtOnceAllGetAnswers) {
  std::vector<std::jthread> clients;
  std::atomic<int> served = 0;
  for (int i = 0; i < 24; ++i) {
    clients.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        const auto answer = ask(*session(), i % 4 == 0 ? "SELECT count(*) AS n FROM range(2000000)" : "SELECT 7 AS n");
        if (answer && answer->find(i % 4 == 0 ? "[[2000000]]" : "[[7]]") != std::string::npos) ++served;
      }
    });
  }
  clients.clear();
  EXPECT_EQ(served, 24 * 5);
}

TEST_F(EngineTest, IdleWorkersRetireAndWarmOnesStay) {
  Options options;
  options.idle_max = std::chrono::seconds(0);
  open(options);
  expect_served();
  const auto give_up = Steady::now() + std::chrono::seconds(10);
  while (!worker_pids().empty() && Steady::now() < give_up) std::this_thread::yield();
  EXPECT_TRUE(worker_pids().empty());
  engine_->warm();
  while (worker_pids().size() < 3 && Steady::now() < give_up) std::this_thread::yield();
  EXPECT_EQ(worker_pids().size(), 3U);
  expect_served();
}

TEST_F(EngineTest, WorkersEndWithTheirEngine) {
  expect_served();
  EXPECT_FALSE(worker_pids().empty());
  engine_.reset();
  EXPECT_TRUE(worker_pids().empty());
}

TEST_F(EngineTest, AProgramThatIsNoWorkerIsSaidSo) {
  Options options;
  options.program = "/nowhere/weft-engine";
  EXPECT_EQ(Engine::open(options, metrics_).error().code, "engine.program");
  options.program = "/bin/true";
  auto other = Engine::open(options, metrics_);
  ASSERT_TRUE(other);
  EXPECT_EQ((*other)->session(WorkClass::interactive, {}, {}).value()->parse("SELECT 1").error().code, "engine.start");
}

TEST_F(EngineTest, ForeignLineageIsAnswered) {
  const auto answer = session()->lineage(json::Object{{"sql", "INSERT INTO t SELECT a FROM s"}, {"dialect", "ansi"}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(json::write((*answer)["sources"]), "[\"s\"]");
}

}  // namespace
}  // namespace weft::engine
