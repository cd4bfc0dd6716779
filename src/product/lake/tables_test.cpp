#include "product/lake/tables.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/json.h"

namespace weft::lake {
namespace {

mesh::Column column(const std::string& name, const std::string& type, const std::string& id = {}) {
  mesh::Column made;
  made.id = id;
  made.name = name;
  made.type = type;
  return made;
}

mesh::Port port_of(std::vector<mesh::Column> columns) {
  mesh::Port port;
  port.name = {"d", "p", "p"};
  port.columns = std::move(columns);
  return port;
}

iceberg::TableMetadata table_of(const mesh::Port& port) { return new_table(port, "file:///t", "uuid", 1); }

// The metadata after the change, which the table must be able to follow.
iceberg::TableMetadata followed(const iceberg::TableMetadata& metadata, const mesh::Port& port) {
  const auto next = following(metadata, port);
  EXPECT_TRUE(next) << next.error().message;
  return next && *next ? **next : metadata;
}

// Name → field id.
std::map<std::string, int> ids(const iceberg::TableMetadata& metadata) {
  std::map<std::string, int> all;
  for (const iceberg::Field& field : metadata.schema().fields) all[field.name] = field.id;
  return all;
}

using Ids = std::map<std::string, int>;

TEST(Tables, ANewTableHasTheContractsColumnsKeysPartitionsAndOrder) {
  mesh::Port port =
      port_of({column("id", "long"), column("at", "timestamptz"), column("place", "string"), column("x", "double")});
  port.columns[0].is_required = true;
  port.columns[0].primary_key_position = 1;
  port.columns[1].partition_position = 2;
  port.columns[2].partition_position = 1;
  port.sort_columns = {"place", "none"};
  const auto metadata = table_of(port);
  EXPECT_EQ(ids(metadata), (Ids{{"id", 1}, {"at", 2}, {"place", 3}, {"x", 4}}));
  EXPECT_EQ(metadata.last_column_id, 4);
  EXPECT_EQ(metadata.schema().identifier_field_ids, std::vector<int>{1});
  ASSERT_EQ(metadata.spec().fields.size(), 2U);
  EXPECT_EQ(metadata.spec().fields[0]["name"].text(), "place");
  EXPECT_EQ(metadata.spec().fields[0]["transform"].text(), "identity");
  EXPECT_EQ(metadata.spec().fields[1]["name"].text(), "at_day");
  EXPECT_EQ(metadata.spec().fields[1]["transform"].text(), "day");
  EXPECT_EQ(metadata.last_partition_id, 1001);
  ASSERT_EQ(metadata.sort_order().fields.size(), 1U);
  EXPECT_EQ(metadata.sort_order().fields[0]["source-id"].integer(), 3);
  const auto read = iceberg::read_metadata(iceberg::write(metadata));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(iceberg::is_same(read->schema(), metadata.schema()));
}

TEST(Tables, AKeyThatIsOptionalOrAFloatIdentifiesNothing) {
  for (const auto& [type, is_required] : {std::pair("long", false), std::pair("double", true)}) {
    mesh::Port port = port_of({column("id", "long"), column("other", type)});
    port.columns[0].is_required = true;
    port.columns[0].primary_key_position = 1;
    port.columns[1].is_required = is_required;
    port.columns[1].primary_key_position = 2;
    EXPECT_TRUE(table_of(port).schema().identifier_field_ids.empty()) << type;
  }
}

TEST(Tables, AnUnchangedPortChangesNothing) {
  const mesh::Port port = port_of({column("id", "long", "1"), column("price", "decimal(10,2)", "2")});
  const auto next = following(table_of(port), port);
  ASSERT_TRUE(next);
  EXPECT_FALSE(*next);
}

TEST(Tables, ARenamedColumnKeepsItsValuesByItsOdcsId) {
  const auto metadata = table_of(port_of({column("id", "long", "c1"), column("note", "string", "c2")}));
  const auto next = followed(metadata, port_of({column("id", "long", "c1"), column("remark", "string", "c2")}));
  EXPECT_EQ(ids(next), (Ids{{"id", 1}, {"remark", 2}}));
  const auto again = followed(next, port_of({column("id", "long", "c1"), column("words", "string", "c2")}));
  EXPECT_EQ(ids(again), (Ids{{"id", 1}, {"words", 2}}));
}

TEST(Tables, WithoutOdcsIdsANewNameIsANewColumn) {
  const auto metadata = table_of(port_of({column("id", "long"), column("note", "string")}));
  const auto next = followed(metadata, port_of({column("id", "long"), column("remark", "string")}));
  EXPECT_EQ(ids(next), (Ids{{"id", 1}, {"remark", 3}}));
}

TEST(Tables, IdsThatTheContractGetsLaterCountForLaterRenames) {
  const auto metadata = table_of(port_of({column("id", "long"), column("note", "string")}));
  const auto named = followed(metadata, port_of({column("id", "long", "c1"), column("note", "string", "c2")}));
  const auto next = followed(named, port_of({column("id", "long", "c1"), column("remark", "string", "c2")}));
  EXPECT_EQ(ids(next), (Ids{{"id", 1}, {"remark", 2}}));
}

TEST(Tables, ColumnsThatSwapTheirNamesKeepTheirValues) {
  const auto metadata = table_of(port_of({column("a", "long", "c1"), column("b", "long", "c2")}));
  const auto next = followed(metadata, port_of({column("b", "long", "c1"), column("a", "long", "c2")}));
  EXPECT_EQ(ids(next), (Ids{{"a", 2}, {"b", 1}}));
}

TEST(Tables, AColumnMayTakeTheNameOfADroppedOne) {
  const auto metadata = table_of(port_of({column("a", "long", "c1"), column("b", "long", "c2")}));
  const auto next = followed(metadata, port_of({column("b", "long", "c1")}));
  EXPECT_EQ(ids(next), (Ids{{"b", 1}}));
}

TEST(Tables, ANewColumnMayTakeTheNameOfARenamedOne) {
  const auto metadata = table_of(port_of({column("a", "long", "c1")}));
  for (const std::string id : {"", "c2"}) {
    const auto next = followed(metadata, port_of({column("a", "long", id), column("b", "long", "c1")}));
    EXPECT_EQ(ids(next), (Ids{{"a", 2}, {"b", 1}})) << "no two columns share a field id";
  }
}

TEST(Tables, AColumnThatPartitionsStays) {
  mesh::Port port = port_of({column("id", "long"), column("day", "date")});
  port.columns[1].partition_position = 1;
  const auto metadata = table_of(port);
  const auto refused = following(metadata, port_of({column("id", "long")}));
  ASSERT_FALSE(refused) << "the partition spec would name a column that is no more";
  EXPECT_EQ(refused.error().code, "lake.incompatible_change");
}

TEST(Tables, ASortOrderGoesWithItsColumn) {
  mesh::Port port = port_of({column("id", "long"), column("day", "date")});
  port.sort_columns = {"day"};
  const auto metadata = table_of(port);
  EXPECT_EQ(metadata.sort_order().fields.size(), 1U);
  const auto next = followed(metadata, port_of({column("id", "long")}));
  EXPECT_TRUE(next.sort_order().fields.empty());
  EXPECT_EQ(next.sort_orders.size(), 2U) << "files that are there name theirs";
}

TEST(Tables, ABoundThatIsNoSingleValueIsUnknown) {
  const auto metadata = table_of(port_of({column("day", "date")}));
  engine::WrittenFile written;
  written.columns =
      json::parse(R"({"1": {"values": 2, "nulls": 0, "lower": "2026-01-01", "upper": "12026-01-01"}})")->object();
  const auto file = data_file(written, "file:///x", metadata.schema(), 0);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(file->lower_bounds.contains(1));
  EXPECT_FALSE(file->upper_bounds.contains(1));
}

TEST(Tables, ADataFileCarriesWhatTheWorkerSaidOfItsColumns) {
  const auto metadata = table_of(port_of({column("id", "long"), column("name", "string")}));
  engine::WrittenFile written;
  written.row_count = 3;
  written.size = 99;
  written.split_offsets = {4};
  written.columns = json::parse(R"({
    "1": {"size": 10, "values": 3, "nulls": 0, "lower": -1, "upper": 7},
    "2": {"size": 20, "values": 3, "nulls": 1, "lower": "a", "upper": "zzzzzzzzzzzzzzzzzzzzz"},
    "9": {"size": 20, "values": 3}})")
                        ->object();
  const auto file = data_file(written, "file:///x", metadata.schema(), 1);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->path, "file:///x");
  EXPECT_EQ(file->record_count, 3);
  EXPECT_EQ(file->file_size, 99);
  EXPECT_EQ(file->split_offsets, std::vector<std::int64_t>{4});
  EXPECT_EQ(file->value_counts, (std::map<int, std::int64_t>{{1, 3}, {2, 3}})) << "unknown columns are left out";
  EXPECT_EQ(file->null_counts, (std::map<int, std::int64_t>{{1, 0}, {2, 1}}));
  EXPECT_EQ(file->lower_bounds.at(1), std::string(8, '\xff'));
  EXPECT_EQ(file->upper_bounds.at(2), std::string(15, 'z') + "{");
}

// One file with values from 10 to 20, one NULL, and what predicates say of it.
class Pruning : public ::testing::Test {
 protected:
  bool may_match(const std::string& type, const std::string& facts, const std::string& op,
                 const std::string& literals) {
    const auto metadata = table_of(port_of({column("x", type)}));
    engine::WrittenFile written;
    written.columns.set("1", *json::parse(facts));
    const auto file = data_file(written, "file:///x", metadata.schema(), 0);
    EXPECT_TRUE(file) << file.error().message;
    engine::Predicate predicate{.field_id = 1, .op = op, .literals = {}};
    predicate.literals = json::parse(literals)->array();
    return lake::may_match(*file, in_bytes({predicate}, metadata.schema()), metadata.schema());
  }
  bool in_ten_to_twenty(const std::string& op, const std::string& literals) {
    return may_match("int", R"({"values": 5, "nulls": 1, "lower": 10, "upper": 20})", op, literals);
  }
};

TEST_F(Pruning, OnlyFilesThatCannotMatchAreLeftOut) {
  for (const auto& [op, literals, expected] : std::vector<std::tuple<std::string, std::string, bool>>{
           {"eq", "[9]", false},     {"eq", "[10]", true},    {"eq", "[20]", true},   {"eq", "[21]", false},
           {"lt", "[10]", false},    {"lt", "[11]", true},    {"le", "[10]", true},   {"le", "[9]", false},
           {"gt", "[20]", false},    {"gt", "[19]", true},    {"ge", "[20]", true},   {"ge", "[21]", false},
           {"in", "[1, 30]", false}, {"in", "[1, 15]", true}, {"ne", "[15]", true},   {"is_null", "[]", true},
           {"not_null", "[]", true}, {"other", "[1]", true},  {"lt", "[1, 2]", true}, {"eq", "[null]", true}})
    EXPECT_EQ(in_ten_to_twenty(op, literals), expected) << op << literals;
}

TEST_F(Pruning, ALiteralBeyondTheColumnsTypeNeverWrapsAround) {
  EXPECT_TRUE(in_ten_to_twenty("lt", "[4294967296]"));
  EXPECT_TRUE(in_ten_to_twenty("le", "[3000000000]"));
  EXPECT_TRUE(in_ten_to_twenty("gt", "[-4294967266]"));
  EXPECT_TRUE(may_match("decimal(5, 2)", R"({"lower": "1.00", "upper": "2.00"})", "lt",
                        R"(["99999999999999999999999999999999999999999999"])"));
}

TEST_F(Pruning, NullsAndUnknownBoundsAreTakenAsTheyAre) {
  EXPECT_FALSE(may_match("int", R"({"values": 5, "nulls": 5})", "eq", "[1]")) << "all NULL";
  EXPECT_TRUE(may_match("int", R"({"values": 5, "nulls": 5})", "is_null", "[]"));
  EXPECT_FALSE(may_match("int", R"({"values": 5, "nulls": 0, "lower": 1, "upper": 2})", "is_null", "[]"));
  EXPECT_TRUE(may_match("int", R"({"values": 5, "nulls": 0})", "eq", "[1]"));
  EXPECT_TRUE(may_match("int", "{}", "is_null", "[]"));
}

// SQL has NaN above every number, and bounds leave it out.
TEST_F(Pruning, AFileWithNaNMayHoldSomethingAboveItsBound) {
  const std::string facts = R"({"values": 3, "nulls": 0, "nans": 1, "lower": 1.0, "upper": 2.0})";
  EXPECT_TRUE(may_match("double", facts, "gt", "[2.5]"));
  EXPECT_TRUE(may_match("double", facts, "ge", "[2.5]"));
  EXPECT_FALSE(may_match("double", facts, "lt", "[0.5]"));
  EXPECT_FALSE(
      may_match("double", R"({"values": 3, "nulls": 0, "nans": 0, "lower": 1.0, "upper": 2.0})", "gt", "[2.5]"));
}

TEST_F(Pruning, TextDatesTimesAndDecimalsCompareAsTheyAre) {
  EXPECT_FALSE(may_match("date", R"({"lower": "2026-01-02", "upper": "2026-01-31"})", "eq", R"(["2026-02-01"])"));
  EXPECT_FALSE(may_match("date", R"({"lower": "1969-12-30", "upper": "1969-12-31"})", "ge", R"(["1970-01-01"])"));
  EXPECT_TRUE(may_match("date", R"({"lower": "1969-12-30", "upper": "1970-01-01"})", "ge", R"(["1970-01-01"])"));
  EXPECT_FALSE(may_match("decimal(10, 2)", R"({"lower": "-5.00", "upper": "-1.00"})", "ge", R"(["0.00"])"));
  EXPECT_TRUE(may_match("decimal(10, 2)", R"({"lower": "-5.00", "upper": "300.00"})", "ge", R"(["299.99"])"));
  EXPECT_FALSE(may_match("string", R"({"lower": "b", "upper": "c"})", "lt", R"(["b"])"));
  EXPECT_TRUE(may_match("string", R"({"lower": "b", "upper": "é"})", "gt", R"(["z"])"));
  EXPECT_TRUE(may_match("string", R"({"lower": "b", "upper": "cccccccccccccccccccccc"})", "eq",
                        R"(["cccccccccccccccccccccc"])"))
      << "bounds that were cut still hold their values";
}

}  // namespace
}  // namespace weft::lake
