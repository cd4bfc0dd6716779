#include "formats/iceberg/manifest.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json.h"
#include "base/text.h"
#include "formats/avro/avro.h"

namespace weft::iceberg {
namespace {

const std::string kSync(16, 's');

Schema schema_with(const Type& type) {
  Schema schema;
  schema.fields.push_back({.id = 1, .name = "id", .required = true, .type = "long", .doc = {}});
  schema.fields.push_back({.id = 2, .name = "part", .required = false, .type = type, .doc = {}});
  return schema;
}

PartitionSpec spec_by(const std::string& transform, const std::string& name = "part") {
  PartitionSpec spec;
  spec.fields.push_back(json::Object{{"source-id", 2}, {"field-id", 1000}, {"name", name}, {"transform", transform}});
  return spec;
}

ManifestEntry entry(const std::string& path) {
  ManifestEntry made;
  made.snapshot_id = 77;
  made.file.path = path;
  made.file.record_count = 3;
  made.file.file_size = 99;
  made.file.column_sizes = {{1, 10}};
  made.file.value_counts = {{1, 3}, {2, 3}};
  made.file.null_counts = {{1, 0}, {2, 1}};
  made.file.nan_counts = {{2, 0}};
  made.file.lower_bounds = {{1, std::string("\0\x80\xff", 3)}};
  made.file.upper_bounds = {{1, std::string(16, '\xff')}, {2, ""}};
  made.file.split_offsets = {4, 100};
  made.file.sort_order_id = 1;
  return made;
}

std::string written(const std::vector<ManifestEntry>& entries, const Schema& schema, const PartitionSpec& spec) {
  const auto bytes = write_manifest(entries, schema, spec, kSync);
  EXPECT_TRUE(bytes) << bytes.error().message;
  return bytes ? *bytes : "";
}

TEST(IcebergManifest, IsReadBackAsItWasWritten) {
  const Schema schema = schema_with("string");
  ManifestEntry kept = entry("file:///b");
  kept.status = EntryStatus::existing;
  kept.sequence_number = 5;
  kept.file_sequence_number = 4;
  Manifest manifest;
  manifest.sequence_number = 9;
  const auto read = read_manifest(written({entry("file:///a"), kept}, schema, {}), manifest, schema, {});
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  const ManifestEntry &first = (*read)[0], &second = (*read)[1];
  EXPECT_EQ(first.status, EntryStatus::added);
  EXPECT_EQ(first.snapshot_id, 77);
  EXPECT_EQ(first.sequence_number, 9) << "inherited";
  EXPECT_EQ(first.file_sequence_number, 9);
  EXPECT_EQ(second.status, EntryStatus::existing);
  EXPECT_EQ(second.sequence_number, 5);
  EXPECT_EQ(second.file_sequence_number, 4);
  const DataFile expected = entry("file:///a").file;
  EXPECT_EQ(first.file.path, expected.path);
  EXPECT_EQ(first.file.record_count, expected.record_count);
  EXPECT_EQ(first.file.file_size, expected.file_size);
  EXPECT_EQ(first.file.column_sizes, expected.column_sizes);
  EXPECT_EQ(first.file.value_counts, expected.value_counts);
  EXPECT_EQ(first.file.null_counts, expected.null_counts);
  EXPECT_EQ(first.file.nan_counts, expected.nan_counts);
  EXPECT_EQ(first.file.lower_bounds, expected.lower_bounds);
  EXPECT_EQ(first.file.upper_bounds, expected.upper_bounds);
  EXPECT_EQ(first.file.split_offsets, expected.split_offsets);
  EXPECT_EQ(first.file.sort_order_id, expected.sort_order_id);
}

TEST(IcebergManifest, FilesWithoutStatisticsAreReadBackToo) {
  ManifestEntry bare;
  bare.file.path = "file:///bare";
  const Schema schema = schema_with("string");
  const auto read = read_manifest(written({bare}, schema, {}), {}, schema, {});
  ASSERT_TRUE(read);
  EXPECT_TRUE((*read)[0].file.value_counts.empty());
  EXPECT_TRUE((*read)[0].file.split_offsets.empty());
}

TEST(IcebergManifest, SaysWhatItIsInItsHeader) {
  const Schema schema = schema_with("date");
  PartitionSpec spec = spec_by("identity");
  spec.spec_id = 3;
  const auto container = avro::read_container(written({entry("x")}, schema, spec));
  ASSERT_TRUE(container);
  EXPECT_EQ(container->metadata.at("format-version"), "2");
  EXPECT_EQ(container->metadata.at("content"), "data");
  EXPECT_EQ(container->metadata.at("partition-spec-id"), "3");
  EXPECT_TRUE(is_same(*schema_of(*json::parse(container->metadata.at("schema"))), schema));
  EXPECT_EQ(json::parse(container->metadata.at("partition-spec"))->array(), spec.fields);
}

struct Partition {
  std::string type, transform, value;
};

// A manifest is rewritten when files go or manifests are merged: what was read must be written again as it was.
TEST(IcebergManifest, PartitionValuesOfEveryTypeSurviveARewrite) {
  for (const Partition& each : std::vector<Partition>{{"boolean", "identity", "true"},
                                                      {"int", "identity", "-7"},
                                                      {"long", "identity", "9007199254740993"},
                                                      {"float", "identity", "0.5"},
                                                      {"double", "identity", "-1.25"},
                                                      {"date", "identity", "\"2026-01-31\""},
                                                      {"time", "identity", "\"12:00:00.000001\""},
                                                      {"timestamp", "day", "\"1969-12-31\""},
                                                      {"timestamptz", "day", "\"2026-01-31\""},
                                                      {"string", "identity", "\"é/=..\""},
                                                      {"string", "identity", "\"\""},
                                                      {"uuid", "identity", "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\""},
                                                      {"binary", "identity", "\"00ff\""},
                                                      {"fixed[3]", "identity", "\"00ff01\""},
                                                      {"decimal(9, 2)", "identity", "\"14.20\""},
                                                      {"decimal(9, 2)", "identity", "\"-0.01\""},
                                                      {"decimal(38, 0)", "identity", "\"12345678901234567890123\""},
                                                      {"string", "identity", "null"},
                                                      {"decimal(9, 2)", "identity", "null"}}) {
    const Schema schema = schema_with(each.type);
    const PartitionSpec spec = spec_by(each.transform);
    ManifestEntry made = entry("file:///a");
    made.file.partition.push_back(*json::parse(each.value));
    const auto first = write_manifest({made}, schema, spec, kSync);
    ASSERT_TRUE(first) << each.type << ": " << first.error().message;
    const auto read = read_manifest(*first, {}, schema, spec);
    ASSERT_TRUE(read) << each.type << ": " << read.error().message;
    auto again_entries = *read;
    again_entries[0].sequence_number.reset();
    again_entries[0].file_sequence_number.reset();
    const auto again = write_manifest(again_entries, schema, spec, kSync);
    ASSERT_TRUE(again) << each.type << " " << each.value << ": " << again.error().message;
    EXPECT_EQ(text::hex(*again), text::hex(*first)) << each.type << " " << each.value;
  }
}

TEST(IcebergManifest, ADecimalPartitionIsAFixedOfItsPrecisionAsTheSpecificationHasIt) {
  ManifestEntry made = entry("file:///a");
  made.file.partition.emplace_back("14.20");
  const auto container = avro::read_container(written({made}, schema_with("decimal(9, 2)"), spec_by("identity")));
  ASSERT_TRUE(container);
  const std::string schema = json::write(container->schema);
  EXPECT_NE(schema.find(R"("logicalType":"decimal")"), std::string::npos) << schema;
}

TEST(IcebergManifest, NamesThatAvroDoesNotTakeAreEscaped) {
  for (const std::string name : {"größe", "a b", "1st", "x-y", "a.b", "_"}) {
    const Schema schema = schema_with("string");
    const PartitionSpec spec = spec_by("identity", name);
    ManifestEntry made = entry("file:///a");
    made.file.partition.emplace_back("v");
    const auto read = read_manifest(written({made}, schema, spec), {}, schema, spec);
    ASSERT_TRUE(read) << name;
    EXPECT_EQ((*read)[0].file.partition[0].text_or(""), "v") << name;
  }
}

Manifest manifest_of(int number) {
  Manifest made;
  made.path = "file:///m" + std::to_string(number);
  made.length = 1000 + number;
  made.spec_id = 2;
  made.sequence_number = 9;
  made.min_sequence_number = 3;
  made.added_snapshot_id = 9'007'199'254'740'993;
  made.added_files = 1;
  made.existing_files = 2;
  made.deleted_files = 3;
  made.added_rows = 10;
  made.existing_rows = 5'000'000'000;
  made.deleted_rows = 30;
  return made;
}

TEST(IcebergManifestList, IsReadBackAsItWasWritten) {
  Snapshot snapshot;
  snapshot.snapshot_id = 5;
  snapshot.sequence_number = 9;
  std::vector<Manifest> manifests;
  for (int i = 0; i < 300; ++i) manifests.push_back(manifest_of(i));
  const auto bytes = write_manifest_list(manifests, snapshot, kSync);
  ASSERT_TRUE(bytes);
  const auto read = read_manifest_list(*bytes);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), manifests.size());
  const Manifest &got = read->back(), expected = manifest_of(299);
  EXPECT_EQ(got.path, expected.path);
  EXPECT_EQ(got.length, expected.length);
  EXPECT_EQ(got.spec_id, expected.spec_id);
  EXPECT_EQ(got.sequence_number, expected.sequence_number);
  EXPECT_EQ(got.min_sequence_number, expected.min_sequence_number);
  EXPECT_EQ(got.added_snapshot_id, expected.added_snapshot_id);
  EXPECT_EQ(std::tuple(got.added_files, got.existing_files, got.deleted_files), std::tuple(1, 2, 3));
  EXPECT_EQ(std::tuple(got.added_rows, got.existing_rows, got.deleted_rows), std::tuple(10, 5'000'000'000, 30));
  const auto empty = read_manifest_list(*write_manifest_list({}, snapshot, kSync));
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->empty());
}

TEST(IcebergManifestList, DeleteFilesAreUnsupportedRatherThanIgnored) {
  Snapshot snapshot;
  auto container = *avro::read_container(*write_manifest_list({manifest_of(1)}, snapshot, kSync));
  container.records[0].object().set("content", 1);
  const auto refused = read_manifest_list(*avro::write_container(container, kSync));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_EQ(refused.error().code, "iceberg.deletes");
}

TEST(IcebergManifest, AnUnknownStatusOrADeleteFileIsRefused) {
  const Schema schema = schema_with("string");
  const auto whole = *avro::read_container(written({entry("file:///a")}, schema, {}));
  auto container = whole;
  container.records[0].object().set("status", 3);
  EXPECT_EQ(read_manifest(*avro::write_container(container, kSync), {}, schema, {}).error().code, "iceberg.manifest");
  container = whole;
  container.records[0].object().find("data_file")->object().set("content", 1);
  EXPECT_EQ(read_manifest(*avro::write_container(container, kSync), {}, schema, {}).error().code, "iceberg.deletes");
}

TEST(IcebergManifest, DamagedBytesAreAnErrorOrAValueButNeverMore) {
  const Schema schema = schema_with("date");
  const PartitionSpec spec = spec_by("identity");
  ManifestEntry made = entry("file:///a");
  made.file.partition.emplace_back("2026-01-31");
  const std::string manifest = written({made, made}, schema, spec);
  const std::string list = *write_manifest_list({manifest_of(1)}, {}, kSync);
  for (const std::string& whole : {manifest, list}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto read = read_manifest(whole.substr(0, size), {}, schema, spec);
      EXPECT_TRUE(!read || read->empty()) << size;
      (void)read_manifest_list(whole.substr(0, size));
    }
    std::mt19937 random(42);
    for (int i = 0; i < 3000; ++i) {
      std::string damaged = whole;
      for (int j = 0; j < 3; ++j) damaged[random() % damaged.size()] = static_cast<char>(random());
      (void)read_manifest(damaged, {}, schema, spec);
      (void)read_manifest_list(damaged);
    }
  }
}

}  // namespace
}  // namespace weft::iceberg
