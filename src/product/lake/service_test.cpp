#include <gtest/gtest.h>

#include "product/lake/test_lake.h"

namespace weft::lake {
namespace {

class LakeTest : public ::testing::Test, protected TestLake {};

TEST_F(LakeTest, ATableIsMadeAtItsFirstUseAndStaysTheSameOne) {
  const auto made = table();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->snapshot_id, std::nullopt);
  EXPECT_EQ(made->row_count, 0U);
  EXPECT_TRUE(current().empty());
  EXPECT_TRUE(objects_->key_of(made->metadata.location)->starts_with("lake/sales/orders/orders-"));
  reopen();
  EXPECT_EQ(table()->metadata_location, made->metadata_location);
  EXPECT_EQ(table()->metadata.table_uuid, made->metadata.table_uuid);
}

TEST_F(LakeTest, ManyFirstUsesAtOnceMakeOneTable) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_TRUE(lake_->table(kOrders)); });
  threads.clear();
  EXPECT_EQ(count("SELECT count(*) FROM lake_tables"), 1);
  EXPECT_EQ(all_keys().size(), 1U) << "one metadata file";
}

TEST_F(LakeTest, OnlyPortsOfTypeTableWithAContractHaveOne) {
  EXPECT_EQ(lake_->table({"sales", "orders", "other"}).error().code, "lake.no_table");
  declare({});
  EXPECT_EQ(lake_->table(kOrders).error().code, "lake.no_table");
  EXPECT_EQ(lake_->begin(kOrders, "ada").error().kind, ErrorKind::not_found);
  EXPECT_TRUE(all_keys().empty());
}

TEST_F(LakeTest, AnOverwriteReplacesAllAndTheOldSnapshotIsStillReadable) {
  const auto first = publish(CommitKind::append, 3);
  ASSERT_TRUE(first);
  const auto before = current();
  ASSERT_TRUE(publish(CommitKind::overwrite, 2));
  EXPECT_EQ(table()->row_count, 2U);
  EXPECT_EQ(current().size(), 1U);
  EXPECT_NE(current(), before);
  const auto old = lake_->table_at(kOrders, {.version = first->snapshot_id, .timestamp = {}});
  ASSERT_TRUE(old) << old.error().message;
  EXPECT_EQ((*old)->row_count, 3U);
  const auto files = lake_->files(**old, {});
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 1U);
  EXPECT_EQ(*objects_->key_of((*files)[0].path), *before.begin());
  const auto opened = lake_->open((*files)[0]);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->row_count, 3U);
}

TEST_F(LakeTest, AnOverwriteOfNothingByNothingIsAnEmptySnapshot) {
  const auto committed = lake_->commit(commit_of(begin(), CommitKind::overwrite, {}));
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_EQ(committed->row_count, 0U);
  EXPECT_TRUE(current().empty());
  reopen();
  EXPECT_EQ(table()->snapshot_id, committed->snapshot_id);
}

TEST_F(LakeTest, AnUpsertRemovesExactlyTheFilesThatItNames) {
  ASSERT_TRUE(publish());
  const std::string gone = *current().begin();
  ASSERT_TRUE(publish());
  auto kept = current();
  kept.erase(gone);
  const Lease lease = begin();
  Commit commit = commit_of(lease, CommitKind::overwrite, {write(lease, 5)});
  commit.removed_paths = {objects_->uri(gone)};
  commit.base_snapshot = table()->snapshot_id;
  const auto done = lake_->commit(std::move(commit));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->row_count, 6U);
  EXPECT_FALSE(current().contains(gone));
  EXPECT_TRUE(current().contains(*kept.begin()));
}

TEST_F(LakeTest, WhatWasPreparedOnAnOlderSnapshotIsRefusedAndChangesNothing) {
  ASSERT_TRUE(publish());
  const auto base = table();
  const std::string read = *current().begin();
  const Lease lease = begin();
  ASSERT_TRUE(publish());
  const auto before = table()->metadata_location;
  Commit commit = commit_of(lease, CommitKind::overwrite, {write(lease)});
  commit.removed_paths = {objects_->uri(read)};
  commit.base_snapshot = base->snapshot_id;
  const auto refused = lake_->commit(commit);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_EQ(refused.error().code, "lake.moved");
  EXPECT_EQ(table()->metadata_location, before);
  EXPECT_EQ(leases(), 1) << "the caller abandons it";
  // Without the base, a file that is not current gives it away.
  commit.base_snapshot.reset();
  commit.removed_paths = {objects_->uri("lake/sales/orders/none.parquet")};
  EXPECT_EQ(lake_->commit(commit).error().code, "lake.moved");
  EXPECT_EQ(table()->metadata_location, before);
}

TEST_F(LakeTest, WhatTheCallerAddsIsWrittenWithThePointerOrNotAtAll) {
  ASSERT_TRUE(publish());
  const auto before = table()->metadata_location;
  const Lease lease = begin();
  Commit commit = commit_of(lease, CommitKind::append, {write(lease)});
  commit.also = [](store::Session& session, const Committed&) -> Result<> {
    TRY(session.run("INSERT INTO lake_tables VALUES ('x.y.z', '', '', NULL)"));
    return fail(ErrorKind::refused, "test.no", "no");
  };
  EXPECT_EQ(lake_->commit(commit).error().code, "test.no");
  EXPECT_EQ(table()->metadata_location, before);
  EXPECT_EQ(count("SELECT count(*) FROM lake_tables"), 1);
  EXPECT_EQ(leases(), 1);
  commit.also = [](store::Session& session, const Committed& done) -> Result<> {
    EXPECT_EQ(done.row_count, 2U);
    TRY(session.run("INSERT INTO lake_tables VALUES ('x.y.z', '', '', NULL)"));
    return {};
  };
  EXPECT_TRUE(lake_->commit(commit));
  EXPECT_EQ(count("SELECT count(*) FROM lake_tables"), 2);
  reopen();
  EXPECT_EQ(table()->row_count, 2U);
}

TEST_F(LakeTest, CommitsAtOnceAllCount) {
  constexpr int kThreads = 4, kEach = 8;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        const auto done = publish();
        EXPECT_TRUE(done) << done.error().message;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(table()->row_count, std::uint64_t{kThreads * kEach});
  EXPECT_EQ(current().size(), std::size_t{kThreads * kEach});
  EXPECT_EQ(table()->metadata.snapshots.size(), std::size_t{kThreads * kEach});
  std::int64_t sequence = 0;
  for (const auto& snapshot : table()->metadata.snapshots) EXPECT_EQ(snapshot.sequence_number, ++sequence);
}

TEST_F(LakeTest, OfTwoUpsertsOfOneSnapshotOneWins) {
  ASSERT_TRUE(publish());
  const auto base = table()->snapshot_id;
  const std::string read = objects_->uri(*current().begin());
  std::atomic<int> won = 0, moved = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const Lease lease = begin();
        Commit commit = commit_of(lease, CommitKind::overwrite, {write(lease, 9)});
        commit.removed_paths = {read};
        commit.base_snapshot = base;
        const auto done = lake_->commit(std::move(commit));
        ++(done ? won : moved);
        EXPECT_TRUE(done || done.error().code == "lake.moved");
      });
    }
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(moved, 3);
  EXPECT_EQ(table()->row_count, 9U);
}

TEST_F(LakeTest, MoreThanAHundredManifestsAreMergedAndNoRowIsLost) {
  constexpr int kCommits = 104;
  for (int i = 0; i < kCommits; ++i) ASSERT_TRUE(publish());
  EXPECT_EQ(table()->row_count, std::uint64_t{kCommits});
  EXPECT_EQ(current().size(), std::size_t{kCommits});
  const auto list = objects_->get(*objects_->key_of(table()->metadata.current_snapshot()->manifest_list));
  ASSERT_TRUE(list);
  const auto manifests = iceberg::read_manifest_list(*list);
  ASSERT_TRUE(manifests);
  EXPECT_LT(manifests->size(), 10U);
  std::int64_t rows = 0, oldest = kCommits;
  for (const auto& manifest : *manifests) {
    rows += manifest.added_rows + manifest.existing_rows;
    oldest = std::min(oldest, manifest.min_sequence_number);
  }
  EXPECT_EQ(rows, kCommits);
  EXPECT_EQ(oldest, 1) << "files keep the numbers of their commits";
  reopen();
  EXPECT_EQ(current().size(), std::size_t{kCommits});
}

TEST_F(LakeTest, RollingBackMakesAnOlderSnapshotCurrentAndKeepsTheNewer) {
  const auto first = publish(CommitKind::append, 3);
  const auto second = publish(CommitKind::append, 4);
  const auto done = lake_->roll_back(kOrders, first->snapshot_id, {});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->row_count, 3U);
  EXPECT_EQ(table()->snapshot_id, first->snapshot_id);
  EXPECT_TRUE(lake_->table_at(kOrders, {.version = second->snapshot_id, .timestamp = {}}));
  EXPECT_EQ(lake_->roll_back(kOrders, 1, {}).error().code, "lake.no_snapshot");
  const auto refused = lake_->roll_back(kOrders, second->snapshot_id, [](store::Session&) -> Result<> {
    return fail(ErrorKind::refused, "test.no", "no");
  });
  EXPECT_EQ(refused.error().code, "test.no");
  EXPECT_EQ(table()->snapshot_id, first->snapshot_id);
  // What follows builds on it, with a sequence number of its own.
  const auto third = publish(CommitKind::append, 5);
  EXPECT_EQ(third->row_count, 8U);
  EXPECT_EQ(table()->metadata.last_sequence_number, 3);
  EXPECT_EQ(table()->metadata.current_snapshot()->parent_id, first->snapshot_id);
}

TEST_F(LakeTest, ATimeFindsTheSnapshotThatWasCurrentThen) {
  const Time before = clock_.now() - 1s;
  const auto first = publish();
  clock_.advance(10s);
  const auto second = publish();
  clock_.advance(10s);
  ASSERT_TRUE(lake_->roll_back(kOrders, first->snapshot_id, {}));
  const Time end = clock_.now();
  auto at = [&](Time time) { return lake_->table_at(kOrders, {.version = {}, .timestamp = to_rfc3339(time)}); };
  EXPECT_EQ(at(before).error().code, "lake.no_snapshot");
  EXPECT_EQ((*at(end - 15s))->snapshot_id, first->snapshot_id);
  EXPECT_EQ((*at(end - 5s))->snapshot_id, second->snapshot_id);
  EXPECT_EQ((*at(end))->snapshot_id, first->snapshot_id);
  EXPECT_EQ(lake_->table_at(kOrders, {.version = {}, .timestamp = "yesterday"}).error().code, "query.at");
}

TEST_F(LakeTest, ATableFollowsItsContractAndOldSnapshotsKeepTheirSchema) {
  const auto first = publish();
  declare({column("id", "long"), column("note", "string"), column("added", "date")});
  const auto grown = table();
  ASSERT_EQ(grown->schema.fields.size(), 3U);
  EXPECT_EQ(grown->schema.fields[2].id, 3);
  EXPECT_EQ(grown->snapshot_id, first->snapshot_id) << "no row was touched";
  const auto old = lake_->table_at(kOrders, {.version = first->snapshot_id, .timestamp = {}});
  EXPECT_EQ((*old)->schema.fields.size(), 2U);
  reopen();
  EXPECT_EQ(table()->metadata_location, grown->metadata_location);
  // Dropped and added again, a column is another one: the old values do not come back.
  declare({column("id", "long"), column("added", "date")});
  EXPECT_EQ(table()->schema.fields.size(), 2U);
  declare({column("id", "long"), column("note", "string"), column("added", "date")});
  EXPECT_EQ(table()->schema.find("note")->id, 4);
  EXPECT_EQ(table()->schema.find("added")->id, 3);
}

TEST_F(LakeTest, AChangeThatRowsCouldNotSurviveIsRefusedWithItsReason) {
  ASSERT_TRUE(publish());
  const auto before = mesh_;
  declare({column("id", "string"), column("note", "string")});
  const auto problems = lake_->check(*before, *mesh_);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "lake.incompatible_change");
  EXPECT_EQ(problems[0].severity, "error");
  EXPECT_EQ(lake_->table(kOrders).error().code, "lake.incompatible_change");
  declare({column("id", "long"), column("note", "string"), column("more", "string")});
  EXPECT_TRUE(lake_->check(*before, *mesh_).empty());
}

// Two readers of two revisions at once: the one that comes late with the older must not take the table back.
TEST_F(LakeTest, ATableNeverGoesBackToAnOlderRevision) {
  ASSERT_TRUE(table());
  declare({column("id", "long"), column("note", "string"), column("extra", "string")});
  const auto older = mesh_;
  reopen();
  catalog_->mesh = older;
  catalog_->after_current = [&] {
    declare({column("id", "long"), column("note", "string"), column("extra", "string"), column("added", "date")});
    EXPECT_NE(table()->schema.find("added"), nullptr);
    ASSERT_TRUE(publish());
  };
  (void)table();
  const auto now = table();
  ASSERT_NE(now->schema.find("added"), nullptr);
  EXPECT_EQ(now->schema.find("added")->id, 4) << "the column went and came back as another one";
}

TEST_F(LakeTest, TheFirstUpsertsOfATableDoNotWipeEachOther) {
  const auto base = table()->snapshot_id.value_or(kNoSnapshot);
  const Lease first = begin(), second = begin();
  Commit commit = commit_of(first, CommitKind::overwrite, {write(first, 3)});
  commit.base_snapshot = base;
  ASSERT_TRUE(lake_->commit(commit));
  commit = commit_of(second, CommitKind::overwrite, {write(second, 4)});
  commit.base_snapshot = base;
  EXPECT_EQ(lake_->commit(commit).error().code, "lake.moved");
  EXPECT_EQ(table()->row_count, 3U);
}

}  // namespace
}  // namespace weft::lake
