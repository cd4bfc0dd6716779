#include "formats/iceberg/schema.h"

#include <gtest/gtest.h>

#include <set>

#include "base/json.h"

namespace weft::iceberg {
namespace {

Type type_of(const std::string& json) { return *json::parse(json); }

Field field(const std::string& name, Type type, bool required = false, int id = 0) {
  return {.id = id, .name = name, .required = required, .type = std::move(type), .doc = {}};
}

Schema schema(std::vector<Field> fields) {
  Schema made;
  made.fields = std::move(fields);
  return made;
}

const char* const kNested =
    R"({"type":"struct","fields":[{"name":"tags","required":false,"type":{"type":"list","element":"string","element-required":false}},)"
    R"({"name":"by","required":false,"type":{"type":"map","key":"string","value":"int","value-required":false}}]})";

// All ids of a schema, nested ones too.
void collect_ids(const json::Value& value, std::vector<std::int64_t>& ids) {
  if (value.is_array()) {
    for (const json::Value& each : value.array()) collect_ids(each, ids);
  }
  if (!value.is_object()) return;
  for (const auto& [key, each] : value.object()) {
    if (key == "id" || key == "element-id" || key == "key-id" || key == "value-id") ids.push_back(each.integer());
    collect_ids(each, ids);
  }
}
std::vector<std::int64_t> ids_of(const Schema& schema) {
  std::vector<std::int64_t> ids;
  collect_ids(to_json(schema), ids);
  return ids;
}

TEST(IcebergSchema, TypesAreWrittenInOneWay) {
  EXPECT_EQ(*normalized("decimal(10,2)"), Type("decimal(10, 2)"));
  EXPECT_EQ(*normalized("decimal( 38 , 38 )"), Type("decimal(38, 38)"));
  for (const char* type : {"boolean", "int", "long", "float", "double", "date", "time", "timestamp", "timestamptz",
                           "string", "uuid", "binary", "fixed[16]"})
    EXPECT_EQ(*normalized(type), Type(type));
  const auto list = normalized(type_of(R"x({"type":"list","element":"decimal(4,1)"})x"));
  ASSERT_TRUE(list);
  EXPECT_EQ((*list)["element"].text(), "decimal(4, 1)");
  EXPECT_TRUE(normalized(type_of(kNested)));
}

TEST(IcebergSchema, WhatIsNoTypeIsRefused) {
  for (const char* json : {R"("")",
                           R"("integer")",
                           R"("Long")",
                           R"x("decimal(0,0)")x",
                           R"x("decimal(39,2)")x",
                           R"x("decimal(5,6)")x",
                           R"x("decimal(5,-1)")x",
                           R"x("decimal(5)")x",
                           R"x("decimal(99999999999999999999,2)")x",
                           R"("decimal(5,2")",
                           R"("fixed[")",
                           R"("fixed[0]")",
                           R"("fixed[x]")",
                           R"("timestamp_ns")",
                           R"("variant")",
                           "1",
                           "null",
                           "[]",
                           "{}",
                           R"({"type":"list"})",
                           R"({"type":"list","element":"nothing"})",
                           R"({"type":"map","key":"string"})",
                           R"({"type":"struct"})",
                           R"({"type":"struct","fields":{}})",
                           R"({"type":"struct","fields":[1]})",
                           R"({"type":"struct","fields":[{"name":"a"}]})",
                           R"({"type":"set","element":"int"})"}) {
    const auto type = normalized(type_of(json));
    EXPECT_FALSE(type) << json;
    EXPECT_TRUE(type || type.error().code == "iceberg.type") << json;
  }
}

TEST(IcebergSchema, EveryFieldOfEveryDepthGetsAnIdOfItsOwn) {
  Schema made = schema({field("a", "long"), field("nested", type_of(kNested)), field("b", "int")});
  int last = 0;
  assign_ids(made, last);
  const auto ids = ids_of(made);
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
  EXPECT_EQ(ids.size(), 8U);
  EXPECT_EQ(last, 8);
  const auto before = ids;
  assign_ids(made, last);
  EXPECT_EQ(ids_of(made), before) << "ids that are there stay";
}

TEST(IcebergSchema, IsReadBackAsItWasWritten) {
  Schema made = schema({field("a", "long", true), field("nested", type_of(kNested))});
  made.schema_id = 3;
  made.fields[0].doc = "a number";
  made.identifier_field_ids = {1};
  int last = 0;
  assign_ids(made, last);
  const auto read = schema_of(*json::parse(json::write(to_json(made))));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->schema_id, 3);
  EXPECT_TRUE(is_same(*read, made));
  EXPECT_EQ(read->find("nested")->id, read->find(2)->id);
  EXPECT_EQ(read->find("none"), nullptr);
}

TEST(IcebergSchema, AHostileSchemaIsRefused) {
  for (const char* json :
       {"null", "[]", "{}", R"({"type":"struct"})", R"({"type":"list","fields":[]})",
        R"({"type":"struct","fields":[{}]})", R"({"type":"struct","fields":[{"id":0,"name":"a","type":"int"}]})",
        R"({"type":"struct","fields":[{"id":-1,"name":"a","type":"int"}]})",
        R"({"type":"struct","fields":[{"id":4294967297,"name":"a","type":"int"}]})",
        R"({"type":"struct","fields":[{"id":1,"name":"","type":"int"}]})",
        R"({"type":"struct","fields":[{"id":1,"name":"a"}]})",
        R"({"type":"struct","fields":[{"id":1,"name":"a","type":"int"},{"id":1,"name":"b","type":"int"}]})",
        R"({"type":"struct","fields":[{"id":1,"name":"a","type":"int"},{"id":2,"name":"a","type":"int"}]})"}) {
    const auto read = schema_of(type_of(json));
    EXPECT_FALSE(read) << json;
    EXPECT_TRUE(read || read.error().code == "iceberg.metadata") << json;
  }
}

struct Change {
  std::string from, to;
  bool is_allowed;
};

TEST(IcebergSchema, TypesOnlyWiden) {
  for (const Change& each : std::vector<Change>{{R"("int")", R"("long")", true},
                                                {R"("long")", R"("int")", false},
                                                {R"("float")", R"("double")", true},
                                                {R"("double")", R"("float")", false},
                                                {R"x("decimal(9, 2)")x", R"x("decimal(12, 2)")x", true},
                                                {R"x("decimal(9, 2)")x", R"x("decimal(8, 2)")x", false},
                                                {R"x("decimal(9, 2)")x", R"x("decimal(12, 3)")x", false},
                                                {R"("int")", R"("double")", false},
                                                {R"("date")", R"("timestamp")", false},
                                                {R"("timestamp")", R"("timestamptz")", false},
                                                {R"("string")", R"("binary")", false},
                                                {R"("int")", R"({"type":"list","element":"int"})", false}}) {
    Schema current = schema({field("x", type_of(each.from))});
    int last = 0;
    assign_ids(current, last);
    const auto next = evolve(current, schema({field("x", type_of(each.to))}), {}, last);
    EXPECT_EQ(next.has_value(), each.is_allowed) << each.from << " to " << each.to;
    if (next) {
      EXPECT_EQ(next->fields[0].id, 1);
      EXPECT_EQ(next->fields[0].type, type_of(each.to));
    } else {
      EXPECT_EQ(next.error().code, "lake.incompatible_change");
      EXPECT_EQ(next.error().details.find("reasons")->array().size(), 1U);
    }
  }
}

TEST(IcebergSchema, NestedTypesKeepTheirInnerIds) {
  Schema current = schema({field("nested", type_of(kNested)), field("a", "int")});
  int last = 0;
  assign_ids(current, last);
  const auto next = evolve(current, schema({field("a", "int"), field("nested", type_of(kNested))}), {}, last);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->find("nested")->type, current.find("nested")->type);
  EXPECT_EQ(last, 7) << "nothing was new";
}

TEST(IcebergSchema, AllReasonsOfARefusalAreNamed) {
  Schema current = schema({field("a", "int"), field("b", "long")});
  int last = 0;
  assign_ids(current, last);
  const auto refused =
      evolve(current, schema({field("a", "int", true), field("b", "string"), field("c", "int", true)}), {}, last);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::refused);
  EXPECT_EQ(refused.error().details.find("reasons")->array().size(), 3U);
}

TEST(IcebergSchema, FieldsMayComeGoMoveAndBecomeOptional) {
  Schema current = schema({field("a", "int", true), field("b", "long"), field("c", "string")});
  int last = 0;
  assign_ids(current, last);
  const auto next = evolve(current, schema({field("d", "date"), field("c", "string"), field("a", "int")}), {}, last);
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->fields[0].id, 4);
  EXPECT_EQ(next->fields[1].id, 3);
  EXPECT_EQ(next->fields[2].id, 1);
  EXPECT_FALSE(next->fields[2].required);
  EXPECT_EQ(last, 4);
}

TEST(IcebergSchema, NoTwoFieldsShareAnIdHoweverTheyAreRenamed) {
  Schema current = schema({field("a", "int"), field("b", "int")});
  int last = 0;
  assign_ids(current, last);
  const std::vector<std::pair<std::string, std::string>> renamings[] = {
      {{"c", "a"}}, {{"b", "a"}}, {{"a", "b"}, {"b", "a"}}, {{"c", "a"}, {"d", "b"}}, {{"a", "b"}}};
  for (const auto& renames : renamings) {
    const auto next = evolve(
        current, schema({field("a", "int"), field("b", "int"), field("c", "int"), field("d", "int")}), renames, last);
    ASSERT_TRUE(next);
    const auto ids = ids_of(*next);
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size()) << renames[0].first;
    for (const auto& [now, before] : renames) EXPECT_EQ(next->find(now)->id, current.find(before)->id);
  }
}

}  // namespace
}  // namespace weft::iceberg
