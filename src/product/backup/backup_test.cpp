#include "product/backup/backup.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "base/ids.h"
#include "base/json.h"

namespace weft::backup {
namespace {

namespace fs = std::filesystem;

constexpr store::Migration kMigrations[] = {
    {.version = 1,
     .sql = "CREATE TABLE lake_leases (publish_id TEXT, prefix TEXT); CREATE TABLE things (name TEXT, body BLOB);"}};
constexpr store::ModuleMigrations kModules[] = {{.module = "lake", .migrations = kMigrations}};

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

void overwrite(const fs::path& file, const std::string& bytes) {
  fs::remove(file);  // A hard link must not change the mesh it came from.
  std::ofstream(file, std::ios::binary) << bytes;
}

// All files below a folder and what is in them.
std::map<std::string, std::string> files_of(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) all[fs::relative(entry.path(), folder).string()] = contents(entry.path());
  }
  return all;
}

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::canonical(fs::temp_directory_path()) / ("weft-backup-" + to_string(random_uuid()));
    data_ = root_ / "mesh";
    target_ = root_ / "backup";
    open();
    ASSERT_TRUE(objects_->put("lake/d/p/metadata/1.metadata.json", "{}"));
    ASSERT_TRUE(objects_->put("lake/d/p/data/pub_1/data-1.parquet", std::string(3'000'000, 'p')));
    write("first");
  }
  void TearDown() override {
    close();
    fs::remove_all(root_);
  }
  void open() {
    store_ = std::move(*store::Store::open({.folder = data_, .migrations = kModules}));
    objects_ = std::move(*objects::Objects::open(data_));
  }
  void close() {
    objects_.reset();
    store_.reset();
  }
  void write(const std::string& name) {
    ASSERT_TRUE(store_->write([&](store::Session& session) -> Result<> {
      TRY(session.run("INSERT INTO things (name) VALUES (?1)", {name}));
      return {};
    }));
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    EXPECT_TRUE(store_->read([&](store::Session& session) {
      return session.each("SELECT name FROM things ORDER BY rowid", {}, [&](const store::Row& row) -> Result<> {
        all.push_back(row.text(0));
        return {};
      });
    }));
    return all;
  }
  Result<Manifest> back_up(std::vector<std::string> needed = {}) {
    return make_backup(
        *store_, *objects_,
        {.target = target_, .now = time_of(1'800'000'000'000'000), .needed = std::move(needed), .cancelled = {}});
  }
  // Leaves the mesh's place free and says what restoring there answers.
  Result<Manifest> put_back() {
    close();
    if (fs::exists(data_)) fs::rename(data_, root_ / ("moved-" + to_string(random_uuid())));
    return restore(target_, data_, {});
  }
  void expect_refused(std::string_view code, std::string_view word) {
    const auto refused = put_back();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, code) << refused.error().message;
    EXPECT_NE(refused.error().message.find(word), std::string::npos) << refused.error().message;
    EXPECT_FALSE(fs::exists(data_));
    for (const auto& entry : fs::directory_iterator(root_))
      EXPECT_EQ(entry.path().string().find("restoring"), std::string::npos) << "left behind: " << entry.path();
  }
  void edit_manifest(const std::function<void(json::Object&)>& edit) {
    json::Value document = *json::parse(contents(target_ / kManifestName));
    edit(document.object());
    overwrite(target_ / kManifestName, json::write(document));
  }

  fs::path root_, data_, target_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<objects::Objects> objects_;
};

TEST_F(BackupTest, WhatIsRestoredIsWhatWasBackedUp) {
  const auto made = back_up({"lake/d/p/metadata/1.metadata.json"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->folder, data_.string());
  EXPECT_EQ(made->time, "2027-01-15T08:00:00.000000Z");
  const auto lake = files_of(data_ / "lake");
  write("after the backup");
  std::vector<std::uint64_t> steps;
  close();
  fs::rename(data_, root_ / "lost");
  const auto restored = restore(target_, data_, [&](std::uint64_t done, std::uint64_t) { steps.push_back(done); });
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(steps, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(files_of(data_ / "lake"), lake);
  open();
  EXPECT_EQ(names(), (std::vector<std::string>{"first"}));
}

TEST_F(BackupTest, ARestoredMeshSharesNoFileWithItsBackup) {
  ASSERT_TRUE(back_up());
  ASSERT_TRUE(put_back());
  struct stat facts{};
  ASSERT_EQ(::stat((data_ / "lake/d/p/data/pub_1/data-1.parquet").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_nlink, 1U);
  ASSERT_EQ(::stat(data_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700U);
}

TEST_F(BackupTest, SecretsLocksAndUnfinishedFilesStayBehind) {
  std::ofstream(data_ / "admin.token") << "secret";
  fs::create_directories(data_ / "staging");
  std::ofstream(data_ / "staging" / "upload") << "half";
  std::ofstream(data_ / "lake/d/p/metadata/.tmp-1234") << "half";
  ASSERT_TRUE(objects_->put("lake/d/p/data/pub_2/data-1.parquet", "half"));
  ASSERT_TRUE(store_->write([](store::Session& session) -> Result<> {
    TRY(session.run("INSERT INTO lake_leases VALUES ('pub_2', 'lake/d/p/data/pub_2')"));
    return {};
  }));
  ASSERT_TRUE(back_up());
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : files_of(target_)) paths.push_back(path);
  EXPECT_EQ(paths, (std::vector<std::string>{"lake/d/p/data/pub_1/data-1.parquet", "lake/d/p/metadata/1.metadata.json",
                                             "manifest.json", "mesh.db"}));
}

TEST_F(BackupTest, OnlyItsOwnerMayReadABackup) {
  fs::create_directories(target_);
  ASSERT_EQ(::chmod(target_.c_str(), 0755), 0);
  ASSERT_TRUE(back_up());
  for (const auto& path : {target_, target_ / "mesh.db", target_ / "manifest.json"}) {
    struct stat facts{};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0077, 0U) << path;
  }
}

TEST_F(BackupTest, AFolderThatHoldsSomethingIsRefusedAndLeftAlone) {
  fs::create_directories(target_);
  std::ofstream(target_ / "mesh.db") << "mine";
  const auto refused = back_up();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "backup.not_empty");
  EXPECT_EQ(files_of(target_), (std::map<std::string, std::string>{{"mesh.db", "mine"}}));
  fs::remove_all(target_);
  std::ofstream(target_) << "a file";
  EXPECT_EQ(back_up().error().code, "backup.not_empty");
}

TEST_F(BackupTest, TwoBackupsAtOnceIntoOneFolderLeaveOneThatIsWhole) {
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { made += back_up().has_value(); });
  }
  EXPECT_EQ(made, 1);
  EXPECT_TRUE(put_back());
}

TEST_F(BackupTest, AFileThatATableNeedsAndThatIsLostIsNamed) {
  ASSERT_TRUE(objects_->remove("lake/d/p/data/pub_1/data-1.parquet"));
  const auto refused = back_up({"lake/d/p/metadata/1.metadata.json", "lake/d/p/data/pub_1/data-1.parquet"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "backup.lost_file");
  EXPECT_NE(refused.error().message.find("lake/d/p/data/pub_1/data-1.parquet"), std::string::npos);
  EXPECT_FALSE(fs::exists(target_)) << "an unfinished backup was left";
}

TEST_F(BackupTest, ACancelledBackupLeavesNothing) {
  std::stop_source source;
  source.request_stop();
  const auto refused =
      make_backup(*store_, *objects_, {.target = target_, .now = {}, .needed = {}, .cancelled = source.get_token()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::cancelled);
  EXPECT_FALSE(fs::exists(target_));
}

TEST_F(BackupTest, AFlippedByteIsRefusedWithTheFilesName) {
  ASSERT_TRUE(back_up());
  for (const std::string path : {"lake/d/p/data/pub_1/data-1.parquet", "mesh.db"}) {
    const std::string good = contents(target_ / path);
    std::string bad = good;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
    overwrite(target_ / path, bad);
    expect_refused("restore.damaged", path);
    overwrite(target_ / path, good);
  }
  EXPECT_TRUE(put_back());
}

TEST_F(BackupTest, AMissingShorterOrLongerFileIsRefusedWithItsName) {
  ASSERT_TRUE(back_up());
  const fs::path file = target_ / "lake/d/p/metadata/1.metadata.json";
  fs::remove(file);
  expect_refused("restore.damaged", "1.metadata.json is missing");
  overwrite(file, "{");
  expect_refused("restore.damaged", "1.metadata.json has 1 bytes");
  overwrite(file, "{}\n");
  expect_refused("restore.damaged", "1.metadata.json has 3 bytes");
  fs::remove(file);
  fs::create_symlink("/etc/passwd", file);
  expect_refused("backup.io", "1.metadata.json");
}

TEST_F(BackupTest, AFolderWithoutManifestIsNoBackup) {
  ASSERT_TRUE(back_up());
  fs::rename(target_ / kManifestName, target_ / "manifest.json.unfinished");
  expect_refused("restore.no_manifest", "did not finish");
  fs::remove_all(target_);
  expect_refused("restore.no_manifest", target_.string());
}

TEST_F(BackupTest, ANewerFormatIsRefusedWithTheVersionThatMadeIt) {
  ASSERT_TRUE(back_up());
  edit_manifest([](json::Object& manifest) {
    manifest.set("format", 2);
    manifest.set("weft_version", "9.8.7");
  });
  expect_refused("backup.newer_format", "9.8.7");
  edit_manifest([](json::Object& manifest) { manifest.set("format", json::Literal{"99999999999999999999"}); });
  expect_refused("backup.newer_format", "9.8.7");
}

TEST_F(BackupTest, AHostileManifestPlacesNothingOutside) {
  ASSERT_TRUE(back_up());
  const auto name_file = [&](const std::string& path) {
    edit_manifest([&](json::Object& manifest) {
      manifest.set("files", json::Array{json::Object{{"path", path}, {"size", 1}, {"sha256", "00"}}});
    });
  };
  for (const std::string path : {"../escape", "/etc/passwd", "lake/../../escape", "lake//x", "lake/.", "admin.token",
                                 "mesh.db-wal", "", "lake"}) {
    name_file(path);
    expect_refused("backup.manifest", "no file of a mesh");
  }
  name_file("lake/x");
  expect_refused("backup.manifest", "lacks the database");
  edit_manifest([](json::Object& manifest) {
    const json::Object file{{"path", "mesh.db"}, {"size", 1}, {"sha256", "00"}};
    manifest.set("files", json::Array{file, file});
  });
  expect_refused("backup.manifest", "twice");
  for (const std::string text : {"", "[]", "null", "{", "{\"format\":1}", "{\"format\":0,\"files\":[],\"folder\":\"\"}",
                                 "{\"format\":1,\"files\":[{}],\"folder\":\"/\"}"}) {
    overwrite(target_ / kManifestName, text);
    expect_refused("backup.manifest", "no manifest");
  }
}

TEST_F(BackupTest, ARestoreNeedsAnEmptyPlace) {
  ASSERT_TRUE(back_up());
  const auto refused = restore(target_, data_, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "restore.not_empty");
  EXPECT_EQ(names(), (std::vector<std::string>{"first"}));
  close();
  fs::rename(data_, root_ / "lost");
  fs::create_directories(data_);
  EXPECT_TRUE(restore(target_, data_, {})) << "an empty folder is fine";
}

TEST_F(BackupTest, AMeshGoesBackToWhereItCameFromOnly) {
  ASSERT_TRUE(back_up());
  const auto refused = restore(target_, root_ / "elsewhere", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "restore.place");
  EXPECT_NE(refused.error().message.find(data_.string()), std::string::npos);
  EXPECT_FALSE(fs::exists(root_ / "elsewhere"));
}

TEST_F(BackupTest, ThePlaceMayBeNamedWithASlashAtItsEndOrThroughALink) {
  ASSERT_TRUE(back_up());
  close();
  fs::rename(data_, root_ / "lost");
  ASSERT_TRUE(restore(target_, data_.string() + "/", {}));
  fs::remove_all(data_);
  fs::create_symlink(root_, root_ / "link");
  EXPECT_TRUE(restore(target_, root_ / "link" / "mesh", {}));
  EXPECT_TRUE(fs::exists(data_ / "mesh.db"));
}

TEST_F(BackupTest, AFullDiskPlacesNothing) {
  ASSERT_TRUE(back_up());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = before;
  tight.rlim_cur = 1'000'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  expect_refused("backup.io", "data-1.parquet");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old);
}

TEST_F(BackupTest, AManifestOfManyFilesIsReadBack) {
  Manifest manifest{
      .weft_version = "1", .time = "", .folder = "/mesh", .files = {{.path = "mesh.db", .size = 1, .sha256 = "00"}}};
  for (int i = 0; i < 150'000; ++i)
    manifest.files.push_back({.path = format("lake/d/p/data/{}", i), .size = 1, .sha256 = std::string(64, '0')});
  const auto read = manifest_of(to_json(manifest));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->files.size(), manifest.files.size());
}

}  // namespace
}  // namespace weft::backup
