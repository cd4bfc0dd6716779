#include "platform/objects/objects.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include "base/ids.h"

namespace weft::objects {
namespace {

namespace fs = std::filesystem;

class ObjectsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("weft-objects-" + to_string(random_uuid()));
    auto opened = Objects::open(folder_);
    ASSERT_TRUE(opened);
    objects_ = std::move(*opened);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::set<std::string> keys(std::string_view prefix) {
    std::set<std::string> all;
    const auto done = objects_->each(prefix, [&](const Info& info) -> Result<> {
      all.insert(info.key);
      return {};
    });
    EXPECT_TRUE(done);
    return all;
  }

  fs::path folder_;
  std::unique_ptr<Objects> objects_;
};

TEST_F(ObjectsTest, WhatIsPutIsReadBackWhole) {
  const std::string bytes("a\0b\xff", 4);
  ASSERT_TRUE(objects_->put("lake/t/one.bin", bytes));
  EXPECT_EQ(*objects_->get("lake/t/one.bin"), bytes);
  EXPECT_EQ(*objects_->size("lake/t/one.bin"), 4U);
  EXPECT_EQ(keys("lake"), (std::set<std::string>{"lake/t/one.bin"}));
}

TEST_F(ObjectsTest, AnObjectIsNeverReplaced) {
  ASSERT_TRUE(objects_->put("lake/a", "first"));
  const auto again = objects_->put("lake/a", "second");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "objects.exists");
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_EQ(*objects_->get("lake/a"), "first");
  EXPECT_EQ(objects_->create("lake/a").error().code, "objects.exists");
  EXPECT_EQ(keys("lake").size(), 1U) << "a temporary file was left";
}

TEST_F(ObjectsTest, KeysThatLeaveTheFolderAreRefused) {
  const std::string long_segment(201, 'a');
  for (const std::string& key :
       {std::string("../x"), std::string("a/../x"), std::string("/etc/passwd"), std::string("a//b"), std::string(""),
        std::string("a/"), std::string("."), std::string("a b"), std::string("a\0b", 3), std::string("ä"),
        std::string("a\\b"), std::string("a%2e"), long_segment}) {
    EXPECT_EQ(objects_->put(key, "x").error().code, "objects.key") << key;
    EXPECT_EQ(objects_->get(key).error().code, "objects.key") << key;
    EXPECT_EQ(objects_->create(key).error().code, "objects.key") << key;
    EXPECT_EQ(objects_->remove(key).error().code, "objects.key") << key;
    EXPECT_EQ(objects_->remove_all(key).error().code, "objects.key") << key;
    EXPECT_EQ(objects_->size(key).error().code, "objects.key") << key;
  }
  EXPECT_TRUE(objects_->put(std::string(200, 'a'), "x"));
}

TEST_F(ObjectsTest, ASymbolicLinkIsNotFollowed) {
  std::ofstream(folder_ / "secret") << "secret";
  fs::create_directory(folder_ / "lake");
  fs::create_symlink(folder_ / "secret", folder_ / "lake" / "link");
  EXPECT_FALSE(objects_->get("lake/link"));
  EXPECT_TRUE(keys("lake").empty());
}

TEST_F(ObjectsTest, WhatIsMissingIsNotFoundAndMayBeRemoved) {
  EXPECT_EQ(objects_->get("lake/none").error().code, "objects.missing");
  EXPECT_EQ(objects_->size("lake/none").error().kind, ErrorKind::not_found);
  EXPECT_TRUE(objects_->remove("lake/none"));
  EXPECT_TRUE(objects_->remove_all("lake/none"));
  EXPECT_TRUE(keys("none").empty());
}

TEST_F(ObjectsTest, AFolderIsNoObject) {
  ASSERT_TRUE(objects_->put("lake/t/a", "x"));
  ASSERT_FALSE(objects_->size("lake/t"));
  EXPECT_EQ(objects_->size("lake/t").error().code, "objects.missing");
  EXPECT_FALSE(objects_->get("lake/t"));
}

TEST_F(ObjectsTest, ReadingStopsAtItsLimit) {
  ASSERT_TRUE(objects_->put("a", "12345"));
  EXPECT_EQ(*objects_->get("a", 5), "12345");
  EXPECT_EQ(objects_->get("a", 4).error().code, "objects.too_large");
}

TEST_F(ObjectsTest, AFileThatAnotherProcessFillsIsReadOnceItIsFinished) {
  Fd fd = std::move(*objects_->create("lake/p/data.parquet"));
  ASSERT_EQ(::write(fd.get(), "abc", 3), 3);
  ASSERT_TRUE(objects_->finish(fd, "lake/p/data.parquet"));
  EXPECT_EQ(*objects_->get("lake/p/data.parquet"), "abc");
}

TEST_F(ObjectsTest, UrisAndKeysAreEachOthersInverse) {
  const std::string uri = objects_->uri("lake/t/a.avro");
  EXPECT_EQ(uri, "file://" + fs::canonical(folder_).string() + "/lake/t/a.avro");
  EXPECT_EQ(*objects_->key_of(uri), "lake/t/a.avro");
  EXPECT_EQ(objects_->key_of("file:///etc/passwd").error().code, "objects.uri");
  EXPECT_EQ(objects_->key_of("s3://bucket/a").error().code, "objects.uri");
  EXPECT_EQ(objects_->key_of(objects_->uri("lake/../../x")).error().code, "objects.key");
}

TEST_F(ObjectsTest, ListingGoesThroughAllFolders) {
  std::set<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    const std::string key = format("lake/{}/{}/f{}", i % 3, i % 5, i);
    ASSERT_TRUE(objects_->put(key, "x"));
    expected.insert(key);
  }
  EXPECT_EQ(keys("lake"), expected);
  ASSERT_TRUE(objects_->remove_all("lake/1"));
  EXPECT_EQ(keys("lake").size(), 20U);
}

TEST_F(ObjectsTest, ListingStopsWhenItsVisitorFails) {
  for (const char* key : {"lake/a", "lake/b", "lake/c"}) ASSERT_TRUE(objects_->put(key, "x"));
  int seen = 0;
  const auto done = objects_->each("lake", [&](const Info&) -> Result<> {
    ++seen;
    return fail(ErrorKind::cancelled, "test.stop", "stop");
  });
  EXPECT_EQ(done.error().code, "test.stop");
  EXPECT_EQ(seen, 1);
}

// A publish that is abandoned removes its folder while a backup lists: what stays must all be seen.
TEST_F(ObjectsTest, ListingSeesAllThatStaysWhileFoldersVanish) {
  constexpr int kEach = 20;
  for (int i = 0; i < kEach; ++i) {
    ASSERT_TRUE(objects_->put(format("lake/kept{}/a", i), "x"));
    ASSERT_TRUE(objects_->put(format("lake/gone{}/below/a", i), "x"));
  }
  int kept = 0;
  const auto done = objects_->each("lake", [&](const Info& info) -> Result<> {
    for (int i = 0; kept == 0 && i < kEach; ++i) {
      if (!info.key.starts_with(format("lake/gone{}/", i))) fs::remove_all(folder_ / "lake" / format("gone{}", i));
    }
    kept += info.key.starts_with("lake/kept") ? 1 : 0;
    return {};
  });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(kept, kEach);
}

TEST_F(ObjectsTest, AFullDiskIsARefusalThatLeavesNothing) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = before;
  tight.rlim_cur = 1000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto done = objects_->put("lake/big", std::string(5000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(keys("lake").empty());
}

TEST_F(ObjectsTest, ManyWritersOfOneKeyHaveOneWinner) {
  std::atomic<int> won = 0;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 8; ++i) {
      writers.emplace_back([&, i] {
        if (objects_->put("lake/new/folder/pointer", std::to_string(i))) ++won;
      });
    }
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(keys("lake").size(), 1U);
}

}  // namespace
}  // namespace weft::objects
