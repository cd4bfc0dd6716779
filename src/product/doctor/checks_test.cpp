#include "product/doctor/checks.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/ids.h"
#include "product/audit/audit.h"

namespace weft::doctor {
namespace {

namespace fs = std::filesystem;

constexpr store::Migration kTables[] = {{.version = 1,
                                         .sql =
                                             "CREATE TABLE lake_tables (port TEXT PRIMARY KEY, location TEXT NOT NULL);"
                                             "CREATE TABLE lake_leases (publish_id TEXT, prefix TEXT, expires INTEGER);"
                                             "CREATE TABLE audit (sequence INTEGER PRIMARY KEY, time INTEGER, actor "
                                             "TEXT, action TEXT, subject TEXT, outcome "
                                             "TEXT, request_id TEXT, details TEXT, hash TEXT);"}};
constexpr store::ModuleMigrations kModules[] = {{.module = "lake", .migrations = kTables}};

class FixedClock final : public Clock {
 public:
  Time now() const override { return time; }
  std::chrono::steady_clock::time_point steady() const override { return {}; }
  Time time = time_of(1'800'000'000'000'000);
};

// Stands for a pool of workers without starting one.
class FakeEngine final : public engine::Engine {
 public:
  void warm() override {}
  Result<std::unique_ptr<engine::Session>> session(engine::WorkClass, const engine::Limits&, std::stop_token) override {
    return fail(ErrorKind::unavailable, "engine.start", "weft-engine cannot be started: no such file");
  }
  Result<json::Value> fences() override { return facts; }
  json::Object facts{{"tried", json::Object{{"network", "refused"}}},
                     {"fences", json::Object{{"landlock", 3}, {"seccomp", true}}}};
};

class DoctorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::canonical(fs::temp_directory_path()) / ("weft-doctor-" + to_string(random_uuid()));
    data_ = root_ / "mesh";
    store_ = std::move(*store::Store::open({.folder = data_, .migrations = kModules}));
    objects_ = std::move(*objects::Objects::open(data_));
    app_ = std::make_unique<App>(App::Parts{.settings = {.data = data_},
                                            .clock = clock_,
                                            .store = *store_,
                                            .objects = *objects_,
                                            .engine = engine_,
                                            .metrics = metrics_});
  }
  void TearDown() override {
    app_.reset();
    store_.reset();
    fs::remove_all(root_);
  }
  Finding find(std::string_view check) {
    for (Finding& finding : examine(*app_)) {
      if (finding.check == check) return std::move(finding);
    }
    ADD_FAILURE() << "there is no check " << check;
    return {};
  }
  void run(std::string_view sql) {
    ASSERT_TRUE(store_->write([&](store::Session& session) -> Result<> {
      TRY(session.run(sql));
      return {};
    }));
  }
  void add_table(const std::string& port, const std::string& location) {
    ASSERT_TRUE(store_->write([&](store::Session& session) -> Result<> {
      TRY(session.run("INSERT INTO lake_tables VALUES (?1, ?2)", {port, location}));
      return {};
    }));
  }

  fs::path root_, data_;
  FixedClock clock_;
  FakeEngine engine_;
  metrics::Registry metrics_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<objects::Objects> objects_;
  std::unique_ptr<App> app_;
};

TEST_F(DoctorTest, ASoundMeshHasNoFailureButWhatItsEngineSays) {
  for (const Finding& finding : examine(*app_)) {
    EXPECT_FALSE(finding.message.empty()) << finding.check;
    if (finding.check == "engine.worker" || finding.check == "files.disk") continue;
    EXPECT_EQ(finding.verdict, Verdict::ok) << finding.check << ": " << finding.message;
  }
}

TEST_F(DoctorTest, AMetadataFileThatIsGoneIsAFailureThatNamesItsTable) {
  ASSERT_TRUE(objects_->put("lake/d/p/metadata/1.metadata.json", "{}"));
  add_table("d.p.p", objects_->uri("lake/d/p/metadata/1.metadata.json"));
  EXPECT_EQ(find("lake.tables").verdict, Verdict::ok);
  ASSERT_TRUE(objects_->remove("lake/d/p/metadata/1.metadata.json"));
  const Finding finding = find("lake.tables");
  EXPECT_EQ(finding.verdict, Verdict::failed);
  EXPECT_NE(finding.message.find("d.p.p"), std::string::npos);
  EXPECT_NE(finding.message.find("restore"), std::string::npos);
}

TEST_F(DoctorTest, AFolderThatWasMovedIsToldFromOneThatLostFiles) {
  add_table("d.p.p", "file:///somewhere/else/lake/d/p/metadata/1.metadata.json");
  const Finding finding = find("lake.tables");
  EXPECT_EQ(finding.verdict, Verdict::failed);
  EXPECT_NE(finding.message.find("moved"), std::string::npos);
}

TEST_F(DoctorTest, AWorkerThatCannotStartIsAFailureWithItsReason) {
  const Finding finding = find("engine.worker");
  EXPECT_EQ(finding.verdict, Verdict::failed);
  EXPECT_NE(finding.message.find("cannot be started"), std::string::npos);
}

TEST_F(DoctorTest, AFenceThatIsOpenIsAFailureAndOneOfTwoAWarning) {
  engine_.facts.set("fences", json::Object{{"landlock", 0}, {"seccomp", true}});
  EXPECT_EQ(find("engine.fences").verdict, Verdict::warning);
  engine_.facts.set("tried", json::Object{{"files", "refused"}, {"network", "allowed"}});
  const Finding finding = find("engine.fences");
  EXPECT_EQ(finding.verdict, Verdict::failed);
  EXPECT_NE(finding.message.find("network"), std::string::npos);
  EXPECT_EQ(finding.message.find("files,"), std::string::npos);
}

class ChainTest : public DoctorTest {
 protected:
  void append(int records) {
    audit::Audit audit(*store_, clock_);
    for (int i = 0; i < records; ++i) {
      ASSERT_TRUE(audit.append({.actor = "ada",
                                .action = "test",
                                .subject = std::to_string(i),
                                .outcome = "committed",
                                .request_id = "r",
                                .details = {}}));
    }
  }
};

TEST_F(ChainTest, AnIntactChainIsCounted) {
  append(20);
  const Finding finding = find("audit.chain");
  EXPECT_EQ(finding.verdict, Verdict::ok);
  EXPECT_NE(finding.message.find("20"), std::string::npos);
}

TEST_F(ChainTest, AnEditedFirstMiddleOrLastRecordIsFound) {
  append(20);
  for (const int record : {1, 10, 20}) {
    run(format("UPDATE audit SET actor = 'eve' WHERE sequence = {}", record));
    const Finding finding = find("audit.chain");
    EXPECT_EQ(finding.verdict, Verdict::failed) << record;
    EXPECT_NE(finding.message.find(format("record {} ", record)), std::string::npos) << finding.message;
    run(format("UPDATE audit SET actor = 'ada' WHERE sequence = {}", record));
  }
  EXPECT_EQ(find("audit.chain").verdict, Verdict::ok);
}

TEST_F(ChainTest, AGapIsFound) {
  append(20);
  run("DELETE FROM audit WHERE sequence BETWEEN 7 AND 9");
  const Finding finding = find("audit.chain");
  EXPECT_EQ(finding.verdict, Verdict::failed);
  EXPECT_NE(finding.message.find("records 7 to 9"), std::string::npos) << finding.message;
}

TEST_F(DoctorTest, WhatOthersMayReadIsAWarning) {
  ASSERT_EQ(::chmod(data_.c_str(), 0750), 0);
  EXPECT_EQ(find("files.permissions").verdict, Verdict::warning);
  ASSERT_EQ(::chmod(data_.c_str(), 0700), 0);
  EXPECT_EQ(find("files.permissions").verdict, Verdict::ok);
  ASSERT_EQ(::chmod((data_ / "mesh.db").c_str(), 0644), 0);
  const Finding finding = find("files.permissions");
  EXPECT_EQ(finding.verdict, Verdict::warning);
  EXPECT_NE(finding.message.find("mesh.db"), std::string::npos);
}

TEST_F(DoctorTest, WhatKilledProcessesLeftIsAWarningOnceItIsOld) {
  const fs::path upload = data_ / "staging" / "upload", unfinished = root_ / "mesh.restoring-1";
  fs::create_directories(data_ / "staging");
  fs::create_directories(unfinished);
  std::ofstream(upload) << "half";
  EXPECT_EQ(find("files.leftovers").verdict, Verdict::ok);
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(25);
  fs::last_write_time(upload, old);
  EXPECT_NE(find("files.leftovers").message.find(upload.string()), std::string::npos);
  fs::remove(upload);
  fs::last_write_time(unfinished, old);
  EXPECT_NE(find("files.leftovers").message.find(unfinished.string()), std::string::npos);
  fs::remove(unfinished);
  const auto now = micros(clock_.now());
  run(format("INSERT INTO lake_leases VALUES ('p', 'lake/p/data/p', {})", now - 1'000'000));
  EXPECT_EQ(find("files.leftovers").verdict, Verdict::ok);
  run(format("UPDATE lake_leases SET expires = {}", now - 25LL * 3'600'000'000));
  const Finding finding = find("files.leftovers");
  EXPECT_EQ(finding.verdict, Verdict::warning);
  EXPECT_NE(finding.message.find("lake/p/data/p"), std::string::npos);
}

TEST_F(DoctorTest, AClockBeforeThisProgramWasWrittenIsAFailure) {
  clock_.time = time_of(0);
  EXPECT_EQ(find("process.clock").verdict, Verdict::failed);
}

}  // namespace
}  // namespace weft::doctor
