#include "formats/avro/avro.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace weft::avro {
namespace {

json::Value parsed(std::string_view text) { return *json::parse(text); }

const char* const kSchema =
    R"({"type":"record","name":"r","fields":[{"name":"a","type":"long"},{"name":"b","type":["null","bytes"],"default":null},
  {"name":"c","type":{"type":"array","items":"int"}},{"name":"d","type":{"type":"map","values":"double"}},{"name":"e","type":"boolean"}]})";

TEST(Avro, NumbersAreZigZagVariableLength) {
  EXPECT_EQ(*encode("long", 0), std::string("\x00", 1));
  EXPECT_EQ(*encode("long", -1), "\x01");
  EXPECT_EQ(*encode("long", 64), "\x80\x01");
  EXPECT_EQ(decode("long", *encode("long", INT64_MIN))->integer(), INT64_MIN);
}

TEST(Avro, AContainerComesBackAsItWas) {
  Container container{.schema = parsed(kSchema), .metadata = {{"snapshot-id", "7"}}, .records = {}};
  for (int i = 0; i < 10'000; ++i) {
    json::Object record{
        {"a", i}, {"b", i % 2 == 0 ? json::Value() : json::Value(std::string("\xff\x00", 2))}, {"e", i % 3 == 0}};
    record.set("c", json::Value(json::Array{i, -i}));
    record.set("d", json::Object{{"x", 0.5}});
    container.records.emplace_back(std::move(record));
  }
  const auto bytes = write_container(container, std::string(16, 's'));
  ASSERT_TRUE(bytes);
  const auto back = read_container(*bytes);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->records, container.records);
  EXPECT_EQ(back->metadata, container.metadata);
}

TEST(Avro, CutAndChangedFilesAreRefused) {
  Container container{.schema = parsed(kSchema), .metadata = {}, .records = {}};
  json::Object record{{"a", 1}, {"b", nullptr}, {"e", true}};
  record.set("c", json::Value(json::Array{}));
  record.set("d", json::Object{});
  container.records.emplace_back(std::move(record));
  const std::string bytes = *write_container(container, std::string(16, 's'));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = read_container(bytes.substr(0, size));
    EXPECT_TRUE(!cut || cut->records.empty()) << size;
  }
  std::string changed = bytes;
  changed.back() = 'x';
  EXPECT_FALSE(read_container(changed));
}

TEST(Avro, AnEndlessArrayOfNothingIsRefused) {
  std::string bytes;
  for (int i = 0; i < 10; ++i) bytes += "\xfe\xff\xff\xff\xff\xff\xff\xff\x7f";
  EXPECT_EQ(decode(parsed(R"({"type":"array","items":"null"})"), bytes).error().code, "avro.too_large");
}

}  // namespace
TEST(Avro, ATypeThatIsCalledUnionAndIsNoneIsRefused) {
  const json::Value schema = json::Object{{"type", "union"}};
  EXPECT_EQ(decode(schema, std::string_view("\0\0", 2)).error().code, "avro.schema");
  EXPECT_FALSE(encode(schema, json::Value(1)));
}

}  // namespace weft::avro
