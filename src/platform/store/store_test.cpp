#include "platform/store/store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <latch>
#include <thread>

#include "base/ids.h"
#include "platform/store/connection.h"

namespace weft::store {
namespace {

namespace fs = std::filesystem;

constexpr Migration kFirst[] = {
    {.version = 1,
     .sql = "CREATE TABLE things (name TEXT PRIMARY KEY, size INTEGER, body BLOB); CREATE TABLE t2 (x);"}};
constexpr Migration kBoth[] = {kFirst[0], {.version = 2, .sql = "ALTER TABLE things ADD COLUMN colour TEXT;"}};
constexpr ModuleMigrations kOld[] = {{.module = "things", .migrations = kFirst}};
constexpr ModuleMigrations kNew[] = {{.module = "things", .migrations = kBoth}};

constexpr std::string_view kInsert = "INSERT INTO things (name, size) VALUES (?1, ?2)";
constexpr std::string_view kCount = "SELECT count(*) FROM things";

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { folder_ = fs::temp_directory_path() / ("weft-store-" + to_string(random_uuid())); }
  void TearDown() override {
    store_.reset();
    fs::remove_all(folder_);
  }
  Result<> open(std::span<const ModuleMigrations> migrations = kOld) {
    store_.reset();
    store_ = TRY(Store::open({.folder = folder_, .migrations = migrations}));
    return {};
  }
  Result<> insert(std::string_view name, std::int64_t size = 0, Durability durability = Durability::now) {
    return store_->write(
        [&](Session& session) -> Result<> {
          TRY(session.run(kInsert, {name, size}));
          return {};
        },
        durability);
  }
  std::int64_t count() {
    const auto counted = store_->read_value<std::int64_t>([](Session& session) -> Result<std::int64_t> {
      return TRY(session.first(kCount, {}, [](const Row& row) { return row.integer(0); })).value_or(-1);
    });
    EXPECT_TRUE(counted);
    return counted.value_or(-1);
  }

  fs::path folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, WhatIsWrittenIsThereAfterOpeningAgain) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(insert("a"));
  ASSERT_TRUE(insert("b", 2, Durability::soon));
  ASSERT_TRUE(open());
  EXPECT_EQ(count(), 2);
}

TEST_F(StoreTest, EveryKindOfValueComesBackAsItWas) {
  ASSERT_TRUE(open());
  const std::string text("a\0ü", 4), bytes("\xff\x00\xfe", 3);
  ASSERT_TRUE(store_->write([&](Session& session) -> Result<> {
    TRY(session.run("INSERT INTO things VALUES (?1, ?2, ?3)", {std::string_view(text), INT64_MIN, Blob{bytes}}));
    TRY(session.run("INSERT INTO t2 VALUES (?1)", {1.5}));
    TRY(session.run("INSERT INTO t2 VALUES (?1)", {param(std::optional<std::string_view>())}));
    TRY(session.run("INSERT INTO t2 VALUES (?1)", {std::string_view()}));
    return {};
  }));
  ASSERT_TRUE(store_->read([&](Session& session) -> Result<> {
    TRY(session.each("SELECT * FROM things", {}, [&](const Row& row) -> Result<> {
      EXPECT_EQ(row.text(0), text);
      EXPECT_EQ(row.integer(1), INT64_MIN);
      EXPECT_EQ(row.view(2), bytes);
      return {};
    }));
    const auto all = TRY(session.all("SELECT x FROM t2 ORDER BY rowid", {}, [](const Row& row) {
      return row.is_null(0) ? std::string("null") : row.text(0);
    }));
    EXPECT_EQ(all, (std::vector<std::string>{"1.5", "null", ""}));
    return {};
  }));
}

TEST_F(StoreTest, AWriteThatFailsLeavesNothingAndHarmsNoOther) {
  ASSERT_TRUE(open());
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&, i] {
        for (int j = 0; j < 25; ++j) {
          const auto done = store_->write([&](Session& session) -> Result<> {
            TRY(session.run(kInsert, {format("{}-{}", i, j), std::int64_t{j}}));
            if (j % 5 == 0) return fail(ErrorKind::refused, "test.no", "no");
            return {};
          });
          if (!done && done.error().code == "test.no") ++refused;
        }
      });
    }
  }
  EXPECT_EQ(refused, 16 * 5);
  EXPECT_EQ(count(), 16 * 20);
}

TEST_F(StoreTest, AnExceptionInAWriteIsItsErrorAlone) {
  ASSERT_TRUE(open());
  const auto done = store_->write([&](Session& session) -> Result<> {
    TRY(session.run(kInsert, {"a", std::int64_t{1}}));
    throw std::runtime_error("boom");
  });
  EXPECT_EQ(done.error().kind, ErrorKind::internal);
  EXPECT_EQ(count(), 0);
  EXPECT_TRUE(insert("b"));
}

TEST_F(StoreTest, ABrokenConstraintIsAConflict) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(insert("a"));
  const auto again = insert("a");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "store.constraint");
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_EQ(count(), 1);
}

TEST_F(StoreTest, WritesSeeThoseBeforeThemAndAreCounted) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(store_->write([&](Session& session) -> Result<> {
    for (const char* name : {"a", "b", "c"}) TRY(session.run(kInsert, {name, std::int64_t{1}}));
    EXPECT_EQ(TRY(session.run("UPDATE things SET size = 2 WHERE name < 'c'")), 2);
    EXPECT_EQ(TRY(session.run("DELETE FROM things WHERE name = 'z'")), 0);
    return {};
  }));
}

TEST_F(StoreTest, AReaderKeepsItsSnapshotWhileOthersWrite) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(insert("a"));
  ASSERT_TRUE(store_->read([&](Session& session) -> Result<> {
    const auto counted = [&]() -> Result<std::int64_t> {
      return TRY(session.first(kCount, {}, [](const Row& row) { return row.integer(0); })).value_or(-1);
    };
    EXPECT_EQ(TRY(counted()), 1);
    TRY(insert("b"));
    EXPECT_EQ(TRY(counted()), 1);
    return {};
  }));
  EXPECT_EQ(count(), 2);
}

TEST_F(StoreTest, AReadCannotWrite) {
  ASSERT_TRUE(open());
  const auto done = store_->read([&](Session& session) -> Result<> {
    TRY(session.run(kInsert, {"a", std::int64_t{1}}));
    return {};
  });
  EXPECT_FALSE(done);
  EXPECT_EQ(count(), 0);
}

// With a fixed pool each of these would hold one connection and wait for a second for ever.
TEST_F(StoreTest, ReadsWithinReadsDoNotWaitForEachOther) {
  ASSERT_TRUE(open());
  constexpr int kThreads = 12;
  std::latch all_hold_one(kThreads);
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        (void)store_->read([&](Session&) -> Result<> {
          all_hold_one.arrive_and_wait();
          done += count() == 0 ? 1 : 0;
          return {};
        });
      });
    }
  }
  EXPECT_EQ(done, kThreads);
}

TEST_F(StoreTest, ARowMayAskWithTheStatementThatGaveIt) {
  ASSERT_TRUE(open());
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(insert(name, 1));
  int inner = 0, outer = 0;
  constexpr std::string_view kAll = "SELECT name FROM things WHERE size = ?1 ORDER BY name";
  ASSERT_TRUE(store_->read([&](Session& session) {
    return session.each(kAll, {std::int64_t{1}}, [&](const Row& row) -> Result<> {
      const std::string name = row.text(0);
      ++outer;
      TRY(session.each(kAll, {std::int64_t{1}}, [&](const Row&) -> Result<> {
        ++inner;
        return {};
      }));
      EXPECT_EQ(row.text(0), name);
      return {};
    });
  }));
  EXPECT_EQ(outer, 3);
  EXPECT_EQ(inner, 9);
}

TEST_F(StoreTest, StatementsBeyondThoseThatAreKeptDoNotEndTheOneInUse) {
  ASSERT_TRUE(open());
  for (const char* name : {"a", "b"}) ASSERT_TRUE(insert(name, 1));
  std::vector<std::string> seen;
  ASSERT_TRUE(store_->read([&](Session& session) {
    return session.each("SELECT name FROM things ORDER BY name", {}, [&](const Row& row) -> Result<> {
      for (int i = 0; i < 1100; ++i)
        TRY(session.each(format("SELECT {}", i), {}, [](const Row&) -> Result<> { return {}; }));
      seen.push_back(row.text(0));
      return {};
    });
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b"}));
}

TEST_F(StoreTest, ASecondStatementInOneTextIsRefusedNotIgnored) {
  ASSERT_TRUE(open());
  const auto done = store_->write([](Session& session) -> Result<> {
    TRY(session.run("DELETE FROM things; DELETE FROM t2"));
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "store.sql");
  EXPECT_TRUE(store_->read(
      [](Session& session) { return session.each("SELECT 1; ", {}, [](const Row&) -> Result<> { return {}; }); }));
}

using StoreDeathTest = StoreTest;

TEST_F(StoreDeathTest, AWriteWithinAWriteIsABugThatIsToldNotAHang) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        ASSERT_TRUE(open());
        (void)store_->write([&](Session&) { return insert("a"); });
      },
      "thread");
}

TEST_F(StoreTest, AFolderHasOneOwnerWhoIsNamed) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(store_->announce("http://127.0.0.1:7400"));
  const auto second = Store::open({.folder = folder_, .migrations = kOld});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "store.locked");
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
  EXPECT_NE(second.error().message.find("http://127.0.0.1:7400"), std::string::npos);
  store_.reset();
  EXPECT_TRUE(open());
}

TEST_F(StoreTest, MigrationsRunOnceAndGoOnWhereTheyStopped) {
  ASSERT_TRUE(open(kOld));
  ASSERT_TRUE(insert("kept"));
  ASSERT_TRUE(open(kNew));
  ASSERT_TRUE(store_->write([](Session& session) -> Result<> {
    EXPECT_EQ(TRY(session.run("UPDATE things SET colour = 'red'")), 1);
    return {};
  }));
  ASSERT_TRUE(open(kNew));
  EXPECT_EQ(count(), 1);
}

TEST_F(StoreTest, AMigrationThatFailsChangesNothing) {
  ASSERT_TRUE(open(kOld));
  ASSERT_TRUE(insert("kept"));
  constexpr Migration kBroken[] = {kFirst[0], {.version = 2, .sql = "DROP TABLE things; SELECT * FROM nowhere;"}};
  const ModuleMigrations broken[] = {{.module = "things", .migrations = kBroken}};
  EXPECT_FALSE(open(broken));
  ASSERT_TRUE(open(kNew));
  EXPECT_EQ(count(), 1);
}

TEST_F(StoreTest, AFolderOfANewerProgramIsRefusedAndLeftAsItWas) {
  ASSERT_TRUE(open(kNew));
  ASSERT_TRUE(insert("kept"));
  const auto refused = open(kOld);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "store.newer_schema");
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_NE(refused.error().message.find("things"), std::string::npos);
  const auto unknown = open({});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "store.newer_schema");
  ASSERT_TRUE(open(kNew));
  EXPECT_EQ(count(), 1);
}

TEST_F(StoreTest, OnlyItsOwnerMayReadAMesh) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(insert("a"));
  for (const auto& path : {folder_, folder_ / "mesh.db", folder_ / "mesh.db-wal", folder_ / "lock"}) {
    struct stat facts{};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0) << path;
    EXPECT_EQ(facts.st_mode & 0077, 0U) << path;
  }
}

TEST_F(StoreTest, AFolderThatWasThereKeepsItsMode) {
  fs::create_directories(folder_);
  ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
  ASSERT_TRUE(open());
  struct stat facts{};
  ASSERT_EQ(::stat(folder_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0755U);
}

TEST_F(StoreTest, AFileThatIsNoDatabaseIsRefused) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "mesh.db") << std::string(5000, 'x');
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "store.corrupt");
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
}

TEST_F(StoreTest, AFullDatabaseRefusesAndRecovers) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(insert("before"));
  const auto limit = [&](std::string_view sql) {
    return store_->write(
        [&](Session& session) { return session.each(sql, {}, [](const Row&) -> Result<> { return {}; }); });
  };
  ASSERT_TRUE(limit("PRAGMA max_page_count = 12"));
  std::string code;
  for (int i = 0; i < 50 && code.empty(); ++i) {
    const std::string body(3000, 'x');
    const auto done = store_->write([&](Session& session) -> Result<> {
      TRY(session.run("INSERT INTO things VALUES (?1, 1, ?2)", {std::to_string(i), Blob{body}}));
      return {};
    });
    if (!done) code = done.error().code;
  }
  EXPECT_EQ(code, "store.full");
  const auto there = count();
  EXPECT_GE(there, 1);
  ASSERT_TRUE(limit("PRAGMA max_page_count = 100000"));
  ASSERT_TRUE(insert("after"));
  EXPECT_EQ(count(), there + 1);
}

TEST_F(StoreTest, ADiskThatTakesNoMoreLosesNothingThatWasConfirmed) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(insert("before"));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = before;
  tight.rlim_cur = 200'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  int confirmed = 1, refused = 0;
  for (int i = 0; i < 100; ++i) {
    const auto done = insert(format("{}-{}", i, std::string(5000, 'x')));
    if (done) ++confirmed;
    if (!done) {
      ++refused;
      EXPECT_EQ(done.error().kind, ErrorKind::unavailable) << done.error().message;
    }
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old);
  EXPECT_GT(refused, 0);
  ASSERT_TRUE(open());
  EXPECT_EQ(count(), confirmed);
  EXPECT_TRUE(insert("after"));
}

TEST_F(StoreTest, ACopyIsConsistentAndEndsWhileAWriterNeverPauses) {
  ASSERT_TRUE(open());
  const std::string body(200'000, 'b');
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(store_->write([&](Session& session) -> Result<> {
      TRY(session.run("INSERT INTO t2 VALUES (?1)", {Blob{body}}));
      return {};
    }));
  }
  std::atomic<int> written = 0;
  std::jthread writer([&](std::stop_token stop) {
    // Two rows at a time: a copy with an odd count would have cut a transaction.
    for (int i = 0; !stop.stop_requested(); ++i) {
      written += store_
                     ->write([&](Session& session) -> Result<> {
                       TRY(session.run(kInsert, {format("{}a", i), std::int64_t{1}}));
                       TRY(session.run(kInsert, {format("{}b", i), std::int64_t{1}}));
                       return {};
                     })
                     .has_value();
    }
  });
  while (written < 5) std::this_thread::yield();
  const auto file = folder_ / "copy.db";
  ASSERT_TRUE(store_->backup_to(file));
  writer.request_stop();
  writer.join();
  auto copy = Connection::open(file, Connection::Mode::read_only);
  ASSERT_TRUE(copy);
  const auto rows = (*copy)->first(kCount, {}, [](const Row& row) { return row.integer(0); });
  EXPECT_GE(**rows, 10);
  EXPECT_EQ(**rows % 2, 0);
  const auto check = (*copy)->first("PRAGMA integrity_check", {}, [](const Row& row) { return row.text(0); });
  EXPECT_EQ(**check, "ok");
  EXPECT_EQ(store_->backup_to(file).error().code, "backup.exists");
}

TEST_F(StoreTest, WritesFromManyThreadsAreAllThere) {
  ASSERT_TRUE(open());
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 32; ++i) {
      threads.emplace_back([&, i] {
        for (int j = 0; j < 50; ++j)
          EXPECT_TRUE(insert(format("{}-{}", i, j), j, j % 2 == 0 ? Durability::now : Durability::soon));
      });
    }
  }
  EXPECT_EQ(count(), 1600);
}

}  // namespace
}  // namespace weft::store
