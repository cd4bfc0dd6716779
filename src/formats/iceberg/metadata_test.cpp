#include "formats/iceberg/metadata.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace weft::iceberg {
namespace {

Schema one_column(const std::string& name) {
  Schema schema;
  schema.fields.push_back({.id = 1, .name = name, .required = true, .type = "long", .doc = {}});
  return schema;
}

TableMetadata table() {
  TableMetadata metadata;
  metadata.table_uuid = "9c12d441-03fe-4693-9a96-a0705ddf69c1";
  metadata.location = "file:///lake/t";
  metadata.last_updated_ms = 1000;
  metadata.last_column_id = 1;
  metadata.schemas = {one_column("id")};
  metadata.partition_specs.emplace_back();
  metadata.sort_orders.emplace_back();
  metadata.properties = {{"key", "value"}};
  return metadata;
}

Snapshot snapshot(std::int64_t id, std::int64_t at_ms) {
  Snapshot made;
  made.snapshot_id = id;
  made.sequence_number = id;
  made.timestamp_ms = at_ms;
  made.manifest_list = "file:///lake/t/metadata/snap-" + std::to_string(id) + ".avro";
  made.summary = {{"operation", "append"}};
  made.schema_id = 0;
  return made;
}

std::vector<std::int64_t> ids(const TableMetadata& metadata) {
  std::vector<std::int64_t> all;
  for (const Snapshot& each : metadata.snapshots) all.push_back(each.snapshot_id);
  return all;
}

// The document with one edit.
std::string edited(const std::function<void(json::Object&)>& edit) {
  TableMetadata metadata = table();
  add_snapshot(metadata, snapshot(1, 1000));
  json::Value value = *json::parse(write(metadata));
  edit(value.object());
  return json::write(value);
}

TEST(IcebergMetadata, IsReadBackAsItWasWritten) {
  TableMetadata metadata = table();
  add_snapshot(metadata, snapshot(9'007'199'254'740'993, 2000));
  Snapshot second = snapshot(9'223'372'036'854'775'807, 3000);
  second.parent_id = 9'007'199'254'740'993;
  metadata = with_log_entry(metadata, "file:///lake/t/metadata/1.json", 2500);
  add_snapshot(metadata, second);
  const auto read = read_metadata(write(metadata));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(write(*read), write(metadata));
  EXPECT_EQ(ids(*read), ids(metadata)) << "ids beyond 2^53 keep their last digit";
  EXPECT_EQ(read->current_snapshot()->parent_id, second.parent_id);
  EXPECT_EQ((*json::parse(write(metadata)))["refs"]["main"]["snapshot-id"].integer(), second.snapshot_id);
}

TEST(IcebergMetadata, ATableThatWasNeverPublishedToHasNoCurrentSnapshot) {
  const json::Value value = *json::parse(write(table()));
  EXPECT_TRUE(value["current-snapshot-id"].is_null());
  EXPECT_TRUE(value["refs"].is_null());
  EXPECT_EQ(read_metadata(write(table()))->current_snapshot(), nullptr);
  // Java writes -1 for none.
  const auto java = read_metadata(edited([](json::Object& object) { object.set("current-snapshot-id", -1); }));
  ASSERT_TRUE(java);
  EXPECT_EQ(java->current_snapshot(), nullptr);
}

TEST(IcebergMetadata, VersionOneIsReadTooAndLaterVersionsAreNot) {
  const auto one = read_metadata(R"({"format-version": 1, "location": "file:///t", "last-updated-ms": 1,
    "last-column-id": 1, "schema": {"type": "struct", "fields": [{"id": 1, "name": "x", "required": false, "type": "int"}]},
    "partition-spec": [{"name": "x", "transform": "identity", "source-id": 1, "field-id": 1000}]})");
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->schema().fields.size(), 1U);
  EXPECT_EQ(one->spec().fields.size(), 1U);
  EXPECT_EQ(one->sort_order().fields.size(), 0U);
  for (const int version : {0, 3, 99}) {
    const auto refused = read_metadata(edited([&](json::Object& object) { object.set("format-version", version); }));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
    EXPECT_EQ(refused.error().code, "iceberg.version");
  }
}

TEST(IcebergMetadata, WhatLacksItsPartsIsRefused) {
  for (const char* key : {"table-uuid", "location", "schemas", "partition-specs", "last-partition-id", "sort-orders"}) {
    const auto refused = read_metadata(edited([&](json::Object& object) { object.erase(key); }));
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().code, "iceberg.metadata") << key;
  }
  for (const char* key : {"current-schema-id", "default-spec-id", "default-sort-order-id", "current-snapshot-id"}) {
    const auto refused = read_metadata(edited([&](json::Object& object) { object.set(key, 77); }));
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().code, "iceberg.metadata") << key;
  }
  for (const char* key : {"schemas", "partition-specs"}) {
    EXPECT_FALSE(read_metadata(edited([&](json::Object& object) { object.set(key, json::Array{}); }))) << key;
  }
  for (const std::string text : {"", "null", "[]", "{", "\"x\"", "{\"format-version\":2}"})
    EXPECT_FALSE(read_metadata(text)) << text;
}

TEST(IcebergMetadata, AHostileDocumentIsRefusedOrReadButNeverHalfRead) {
  for (const char* value : {"null", "1", "[]", "{}", "\"x\"", "[null]", "[1]", "[[]]", "[{}]", "-1", "1e99", "true"}) {
    for (const char* key : {"schemas", "partition-specs", "sort-orders", "snapshots", "snapshot-log", "metadata-log",
                            "properties", "refs", "current-schema-id", "default-spec-id", "default-sort-order-id"}) {
      const auto read = read_metadata(edited([&](json::Object& object) { object.set(key, *json::parse(value)); }));
      if (!read) continue;
      (void)read->schema();
      (void)read->spec();
      (void)read->sort_order();
      EXPECT_TRUE(read_metadata(write(*read))) << key << " " << value;
    }
  }
}

TEST(IcebergMetadata, TheLogOfMetadataFilesForgetsItsOldest) {
  TableMetadata metadata = table();
  metadata = with_log_entry(metadata, "", 1500);
  EXPECT_TRUE(metadata.metadata_log.empty()) << "nothing came before";
  for (int i = 0; i < kMainHistoryMax + 5; ++i) metadata = with_log_entry(metadata, std::to_string(i), 2000 + i);
  EXPECT_EQ(metadata.metadata_log.size(), static_cast<std::size_t>(kMainHistoryMax));
  EXPECT_EQ(metadata.metadata_log.front().second, "5");
  EXPECT_EQ(metadata.metadata_log.front().first, 2004) << "when that file was written";
  EXPECT_EQ(with_log_entry(metadata, "x", 3).last_updated_ms, metadata.last_updated_ms) << "time never goes back";
}

TEST(IcebergMetadata, TimesFindTheSnapshotThatWasCurrent) {
  TableMetadata metadata = table();
  EXPECT_EQ(metadata.snapshot_at(99'999), nullptr);
  add_snapshot(metadata, snapshot(1, 2000));
  add_snapshot(metadata, snapshot(2, 3000));
  metadata.snapshot_log.push_back({.timestamp_ms = 4000, .snapshot_id = 1});  // Rolled back.
  EXPECT_EQ(metadata.snapshot_at(1999), nullptr);
  EXPECT_EQ(metadata.snapshot_at(2000)->snapshot_id, 1);
  EXPECT_EQ(metadata.snapshot_at(2999)->snapshot_id, 1);
  EXPECT_EQ(metadata.snapshot_at(3000)->snapshot_id, 2);
  EXPECT_EQ(metadata.snapshot_at(5000)->snapshot_id, 1);
}

TEST(IcebergMetadata, ExpiryKeepsTheNewestTheYoungAndTheCurrent) {
  TableMetadata metadata = table();
  for (std::int64_t id = 1; id <= 6; ++id) add_snapshot(metadata, snapshot(id, 1000 * id));
  metadata.current_snapshot_id = 2;
  TableMetadata some = metadata;
  EXPECT_EQ(expire_snapshots(some, 5000, 1).size(), 3U);
  EXPECT_EQ(ids(some), (std::vector<std::int64_t>{2, 5, 6}));
  EXPECT_EQ(some.snapshot_log.size(), 2U) << "the past before a removed snapshot cannot be told any more";
  EXPECT_EQ(some.snapshot_at(4999), nullptr);
  EXPECT_TRUE(read_metadata(write(some)));
  TableMetadata all = metadata;
  EXPECT_TRUE(expire_snapshots(all, 0, 1).empty());
  EXPECT_TRUE(expire_snapshots(all, 99'999, 6).empty());
  EXPECT_EQ(write(all), write(metadata));
}

TEST(IcebergMetadata, ASchemaThatWasThereBeforeIsUsedAgain) {
  TableMetadata metadata = table();
  set_schema(metadata, one_column("renamed"), 1);
  EXPECT_EQ(metadata.current_schema_id, 1);
  set_schema(metadata, one_column("id"), 1);
  EXPECT_EQ(metadata.current_schema_id, 0);
  EXPECT_EQ(metadata.schemas.size(), 2U);
  EXPECT_EQ(metadata.schema().find(1)->name, "id");
  set_schema(metadata, one_column("third"), 7);
  EXPECT_EQ(metadata.current_schema_id, 2);
  EXPECT_EQ(metadata.last_column_id, 7);
  set_schema(metadata, one_column("id"), 1);
  EXPECT_EQ(metadata.last_column_id, 7) << "ids are never given twice";
}

}  // namespace
}  // namespace weft::iceberg
