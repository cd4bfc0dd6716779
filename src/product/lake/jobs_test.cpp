#include <gtest/gtest.h>

#include "product/lake/test_lake.h"

namespace weft::lake {
namespace {

class LakeJobs : public ::testing::Test, protected TestLake {};

TEST_F(LakeJobs, AppendsAddUpAndEndTheirLeases) {
  const auto first = publish(CommitKind::append, 3);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->row_count, 3U);
  const auto second = publish(CommitKind::append, 4);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->row_count, 7U);
  EXPECT_EQ(leases(), 0);
  EXPECT_EQ(current().size(), 2U);
  const auto now = table();
  EXPECT_EQ(now->row_count, 7U);
  EXPECT_EQ(now->file_count, 2U);
  EXPECT_EQ(now->byte_count, 8U);
  EXPECT_EQ(now->metadata.last_sequence_number, 2);
  EXPECT_EQ(now->metadata.current_snapshot()->parent_id, first->snapshot_id);
  EXPECT_EQ(now->metadata_location, second->metadata_location);
  EXPECT_EQ(count("SELECT snapshot_id FROM lake_tables"), second->snapshot_id);
  reopen();
  EXPECT_EQ(table()->row_count, 7U);
  EXPECT_EQ(current().size(), 2U);
}

TEST_F(LakeJobs, ALeaseThatEndedCommitsNothingAndIsNotRenewed) {
  ASSERT_TRUE(publish());
  const Lease lease = begin();
  auto file = write(lease);
  clock_.advance(17min);
  ASSERT_TRUE(lake_->collect({}));
  EXPECT_FALSE(is_there(file.name));
  EXPECT_EQ(lake_->renew(lease).error().code, "lake.lease_lost");
  EXPECT_FALSE(lake_->commit(commit_of(lease, CommitKind::append, {file})));
  EXPECT_EQ(lake_->commit(commit_of(lease, CommitKind::append, {})).error().code, "lake.lease_lost");
  EXPECT_EQ(table()->row_count, 1U);
  EXPECT_TRUE(lost().empty());
}

TEST_F(LakeJobs, ARenewedLeaseLivesOn) {
  const Lease lease = begin();
  auto file = write(lease);
  clock_.advance(14min);
  ASSERT_TRUE(lake_->renew(lease));
  clock_.advance(14min);
  ASSERT_TRUE(lake_->collect({}));
  EXPECT_TRUE(lake_->commit(commit_of(lease, CommitKind::append, {file})));
  EXPECT_TRUE(lost().empty());
}

TEST_F(LakeJobs, ALeaseLastsAsLongAsTheLongestPublishMay) {
  settings_.query_timeout = 3600s;
  reopen();
  const Lease lease = begin();
  auto file = write(lease);
  clock_.advance(61min);
  ASSERT_TRUE(lake_->collect({}));
  EXPECT_TRUE(lake_->commit(commit_of(lease, CommitKind::append, {file})));
  EXPECT_TRUE(lost().empty());
}

TEST_F(LakeJobs, AnAbandonedPublishLeavesNothing) {
  const Lease lease = begin();
  write(lease);
  const auto made = all_keys();
  ASSERT_TRUE(lake_->abandon(lease));
  EXPECT_EQ(leases(), 0);
  const auto left = all_keys();
  for (const std::string& key : made) EXPECT_EQ(left.contains(key), !key.starts_with(lease.prefix)) << key;
  EXPECT_TRUE(lake_->abandon(lease)) << "twice is fine";
}

TEST_F(LakeJobs, WhatWasCommittedIsNotAbandoned) {
  const Lease lease = begin();
  auto file = write(lease);
  ASSERT_TRUE(lake_->commit(commit_of(lease, CommitKind::append, {file})));
  EXPECT_TRUE(lake_->abandon(lease));
  EXPECT_TRUE(lost().empty());
}

// A commit that runs while its lease is being collected: either it fails, or its files stay.
TEST_F(LakeJobs, ACommitAndTheCollectionOfItsLeaseNeverBothWin) {
  for (int round = 0; round < 20; ++round) {
    // Collected first, by its id, and slowly.
    const Lease slow = begin();
    for (int i = 0; i < 300; ++i) write(slow);
    clock_.advance(2ms);
    const Lease lease = begin();
    auto file = write(lease);
    clock_.advance(17min);
    std::jthread collector([&] { EXPECT_TRUE(lake_->collect({})); });
    while (leases() > 1) std::this_thread::yield();
    const auto done = lake_->commit(commit_of(lease, CommitKind::append, {file}));
    collector.join();
    EXPECT_TRUE(!done || lost().empty());
    if (HasFailure()) return;
  }
}

TEST_F(LakeJobs, AProcessThatDiedWithALeaseLeavesFilesThatAreCollected) {
  ASSERT_TRUE(publish());
  const Lease lease = begin();
  const std::string left = write(lease).name;
  reopen();
  ASSERT_TRUE(lake_->collect({}));
  EXPECT_TRUE(is_there(left)) << "its lease has not ended";
  clock_.advance(17min);
  ASSERT_TRUE(lake_->collect({}));
  EXPECT_FALSE(is_there(left));
  EXPECT_EQ(leases(), 0);
  EXPECT_TRUE(lost().empty());
}

TEST_F(LakeJobs, OrphansAreCollectedOnceTheyAreADayOldAndNothingElseIs) {
  ASSERT_TRUE(publish());
  ASSERT_TRUE(publish(CommitKind::overwrite));
  const std::string folder = *objects_->key_of(table()->metadata.location);
  const auto used = all_keys();
  const std::string data = folder + "/data/pub_x/data-1.parquet", metadata = folder + "/metadata/9-x.metadata.json",
                    manifest = folder + "/metadata/x-m0.avro", dead = folder + "/data/pub_x/dead-1.parquet",
                    other = "lake/sales/elsewhere/data-1.parquet";
  for (const auto& key : {data, metadata, manifest, dead, other}) ASSERT_TRUE(objects_->put(key, "x"));
  clock_.advance(23h);
  ASSERT_TRUE(lake_->collect({}));
  EXPECT_TRUE(is_there(data));
  clock_.advance(2h);
  ASSERT_TRUE(lake_->collect({}));
  auto left = used;
  left.insert({dead, other});
  EXPECT_EQ(all_keys(), left);
}

TEST_F(LakeJobs, FilesOfALongPublishThatRenewsItsLeaseAreNotCollected) {
  ASSERT_TRUE(publish());
  const Lease lease = begin();
  auto file = write(lease);
  for (int i = 0; i < 30; ++i) {
    clock_.advance(1h);
    ASSERT_TRUE(lake_->renew(lease));
  }
  ASSERT_TRUE(lake_->collect({}));
  ASSERT_TRUE(lake_->commit(commit_of(lease, CommitKind::append, {file})));
  ASSERT_TRUE(lake_->collect({}));
  EXPECT_TRUE(lost().empty());
}

TEST_F(LakeJobs, NothingIsDeletedWhileABackupKeepsTheFiles) {
  ASSERT_TRUE(publish());
  const std::string orphan = *objects_->key_of(table()->metadata.location) + "/data/pub_x/data-1.parquet";
  ASSERT_TRUE(objects_->put(orphan, "x"));
  clock_.advance(25h);
  std::atomic<bool> is_done = false;
  std::jthread collector;
  {
    const auto kept = lake_->keep_files();
    collector = std::jthread([&] {
      EXPECT_TRUE(lake_->collect({}));
      is_done = true;
    });
    // What a backup does meanwhile does not wait for the collector.
    ASSERT_TRUE(publish());
    EXPECT_FALSE(is_done);
    EXPECT_TRUE(is_there(orphan));
  }
  collector.join();
  EXPECT_FALSE(is_there(orphan));
}

TEST_F(LakeJobs, OldSnapshotsExpireButTheTenNewestAndTheirFilesAreCollected) {
  std::vector<std::int64_t> ids;
  std::vector<std::string> files;
  for (int i = 0; i < 13; ++i) {
    ids.push_back(publish(CommitKind::overwrite)->snapshot_id);
    files.push_back(*current().begin());
  }
  ASSERT_TRUE(lake_->expire({}));
  EXPECT_EQ(table()->metadata.snapshots.size(), 13U) << "younger than five days";
  clock_.advance(121h);
  ASSERT_TRUE(lake_->expire({}));
  EXPECT_EQ(table()->metadata.snapshots.size(), 10U);
  EXPECT_EQ(lake_->table_at(kOrders, {.version = ids[2], .timestamp = {}}).error().code, "lake.no_snapshot");
  EXPECT_TRUE(lake_->table_at(kOrders, {.version = ids[3], .timestamp = {}}));
  EXPECT_TRUE(is_there(files[2]));
  ASSERT_TRUE(lake_->collect({}));
  for (int i = 0; i < 13; ++i) EXPECT_EQ(is_there(files[i]), i >= 3) << i;
  EXPECT_EQ(table()->row_count, 1U);
  reopen();
  EXPECT_EQ(table()->metadata.snapshots.size(), 10U);
  const auto location = table()->metadata_location;
  ASSERT_TRUE(lake_->expire({}));
  EXPECT_EQ(table()->metadata_location, location) << "nothing to expire writes nothing";
}

TEST_F(LakeJobs, AFileOfAnExpiredSnapshotThatIsStillCurrentStays) {
  ASSERT_TRUE(publish());
  const std::string first = *current().begin();
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(publish());
  clock_.advance(200h);
  ASSERT_TRUE(lake_->expire({}));
  ASSERT_TRUE(lake_->collect({}));
  EXPECT_EQ(table()->metadata.snapshots.size(), 10U);
  EXPECT_TRUE(is_there(first));
  EXPECT_EQ(current().size(), 13U);
  EXPECT_TRUE(lost().empty());
}

TEST_F(LakeJobs, ASnapshotThatWasRolledBackToSurvivesItsExpiry) {
  const auto first = publish(CommitKind::overwrite, 3);
  const std::string file = *current().begin();
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(publish(CommitKind::overwrite));
  ASSERT_TRUE(lake_->roll_back(kOrders, first->snapshot_id, {}));
  clock_.advance(200h);
  ASSERT_TRUE(lake_->expire({}));
  ASSERT_TRUE(lake_->collect({}));
  EXPECT_EQ(table()->row_count, 3U);
  EXPECT_TRUE(is_there(file));
}

TEST_F(LakeJobs, FewSmallFilesAreNotWorthACompaction) {
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(publish());
  ASSERT_TRUE(lake_->compact({}));
  EXPECT_EQ(engine_.asked, 0);
  ASSERT_TRUE(publish());
  ASSERT_TRUE(lake_->compact({}));
  EXPECT_EQ(engine_.asked, 1);
}

// What a worker does that compacts into one file, but for the rows that it loses on the way.
CompactingSession::Compact compacting(std::uint64_t rows_lost, std::function<void()> meanwhile = {}) {
  return [=](const engine::PublishJob& job, const engine::MakeFile& make_file) -> Result<engine::PublishOutcome> {
    engine::PublishOutcome outcome;
    for (const engine::File& file : job.existing) outcome.rows_out += file.row_count;
    outcome.rows_out -= rows_lost;
    outcome.files.push_back(TestLake::write(make_file, outcome.rows_out));
    if (meanwhile) meanwhile();
    return outcome;
  };
}

TEST_F(LakeJobs, ManySmallFilesBecomeOneAndNoRowIsLost) {
  for (std::uint64_t rows = 1; rows <= 8; ++rows) ASSERT_TRUE(publish(CommitKind::append, rows));
  const auto before = current();
  const auto snapshot = table()->snapshot_id;
  engine_.compact = compacting(0);
  ASSERT_TRUE(lake_->compact({}));
  EXPECT_EQ(current().size(), 1U);
  EXPECT_EQ(table()->row_count, 36U);
  EXPECT_EQ(table()->metadata.current_snapshot()->summary.at("operation"), "replace");
  EXPECT_EQ(leases(), 0);
  // The snapshot before it is whole.
  const auto old = lake_->table_at(kOrders, {.version = snapshot, .timestamp = {}});
  EXPECT_EQ(lake_->files(**old, {})->size(), 8U);
  for (const std::string& key : before) EXPECT_TRUE(is_there(key));
  ASSERT_TRUE(lake_->compact({}));
  EXPECT_EQ(engine_.asked, 1) << "one file is not compacted again";
}

TEST_F(LakeJobs, ACompactionThatLostARowChangesNothing) {
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(publish());
  const auto before = all_keys();
  const auto location = table()->metadata_location;
  engine_.compact = compacting(1);
  ASSERT_TRUE(lake_->compact({}));
  EXPECT_EQ(engine_.asked, 1);
  EXPECT_EQ(table()->metadata_location, location);
  EXPECT_EQ(all_keys(), before);
  EXPECT_EQ(leases(), 0);
}

TEST_F(LakeJobs, ACompactionGivesWayToAPublish) {
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(publish());
  engine_.compact = compacting(0, [&] { EXPECT_TRUE(publish(CommitKind::overwrite, 5)); });
  ASSERT_TRUE(lake_->compact({}));
  EXPECT_EQ(table()->row_count, 5U) << "rows that were replaced did not come back";
  EXPECT_EQ(current().size(), 1U);
  EXPECT_EQ(leases(), 0);
  EXPECT_TRUE(lost().empty());
}

TEST_F(LakeJobs, ACompactionThatFindsNoRoomAbandonsItsLease) {
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(publish());
  const auto before = all_keys();
  ASSERT_TRUE(lake_->compact({}));
  EXPECT_EQ(engine_.asked, 1);
  EXPECT_EQ(leases(), 0) << "no worker was free";
  EXPECT_EQ(all_keys(), before);
}

TEST_F(LakeJobs, PartitionedTablesAreNotCompacted) {
  auto day = column("day", "date");
  day.partition_position = 1;
  close();
  std::filesystem::remove_all(root_);
  declare({column("id", "long"), day});
  open();
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(publish());
  engine_.compact = compacting(0);
  ASSERT_TRUE(lake_->compact({}));
  EXPECT_EQ(engine_.asked, 0);
}

TEST_F(LakeJobs, AJobStopsWhenItIsAskedTo) {
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(publish());
  std::stop_source source;
  source.request_stop();
  ASSERT_TRUE(lake_->compact(source.get_token()));
  EXPECT_EQ(engine_.asked, 0);
}

TEST_F(LakeJobs, ADamagedManifestFailsTheReadAndDeletesNothing) {
  ASSERT_TRUE(publish());
  const std::string file = *current().begin();
  const std::string list = *objects_->key_of(table()->metadata.current_snapshot()->manifest_list);
  reopen();
  ASSERT_TRUE(table());
  fs::resize_file(root_ / list, 100);
  EXPECT_FALSE(lake_->files(*table(), {}));
  clock_.advance(200h);
  ASSERT_TRUE(lake_->collect({})) << "one damaged table does not stop the job";
  EXPECT_TRUE(is_there(file));
  EXPECT_TRUE(is_there(list));
}

}  // namespace
}  // namespace weft::lake
