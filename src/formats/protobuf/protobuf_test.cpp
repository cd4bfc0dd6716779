#include "formats/protobuf/protobuf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::protobuf {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kProto3 = "syntax = \"proto3\";\npackage shop;\n";

Schema parsed(std::string_view text, std::span<const evolution::Import> imports = {}) {
  auto schema = Schema::parse(text, imports);
  EXPECT_TRUE(schema.has_value()) << text << ": " << (schema ? "" : schema.error().message);
  return std::move(*schema);
}

Schema proto3(std::string_view body) { return parsed(std::string(kProto3) + std::string(body)); }

TEST(Protobuf, PrintsOneLayout) {
  const Schema one = proto3(
      "// A comment.\nmessage A{string a=1;B b=2; message B{int32 c=1;} map<string,B> m=3; optional int32 o=4; oneof "
      "k{string x=5; B y=6;}}enum E{Z=0;}");
  EXPECT_EQ(
      one.canonical(),
      "syntax = \"proto3\";\n\npackage shop;\n\nenum E {\n  Z = 0;\n}\n\nmessage A {\n  message B {\n    int32 c = "
      "1;\n  }\n  string a = 1;\n  A.B b = 2;\n"
      "  map<string, A.B> m = 3;\n  optional int32 o = 4;\n  oneof k {\n    string x = 5;\n    A.B y = 6;\n  }\n}\n");
  EXPECT_EQ(parsed(one.canonical()).canonical(), one.canonical());
  EXPECT_EQ(parsed(one.serialized()).canonical(), one.canonical());
  EXPECT_EQ(one.first_message(), "shop.A");
}

TEST(Protobuf, KeepsOptionsDefaultsReservedAndExtensions) {
  const Schema schema = parsed(
      "syntax = \"proto2\"; package p; option java_package = \"a.b\"; message M { required int32 a = 1 [default = -5, "
      "deprecated = true]; optional string s = 2 [default = \".p.M\\n\"]; "
      "repeated group G = 3 { optional bool b = 1; } reserved 10 to 12, 15; reserved \"old\"; extensions 100 to max; } "
      "extend M { optional M more = 100; } service S { rpc Do (M) returns (stream M); }");
  for (const char* part :
       {"java_package = \"a.b\"", "default = -5", "deprecated = true", "\".p.M\\n\"", "reserved 10 to 12", "\"old\"",
        "extensions 100 to 536870911", "extend M", "rpc Do", "stream"})
    EXPECT_THAT(schema.canonical(), HasSubstr(part));
  EXPECT_EQ(parsed(schema.canonical()).canonical(), schema.canonical());
}

TEST(Protobuf, ImportsComeFromReferencesOrAreWellKnown) {
  const std::vector<evolution::Import> imports = {
      {"base.proto", "syntax = \"proto3\"; package shop; message Base { string id = 1; }"},
      {"customer.proto",
       "syntax = \"proto3\"; package shop; import \"base.proto\"; message Customer { Base base = 1; }"}};
  const std::string text = std::string(kProto3) +
                           "import \"customer.proto\"; import \"google/protobuf/timestamp.proto\"; message Order { "
                           "Customer who = 1; google.protobuf.Timestamp at = 2; }";
  const Schema schema = parsed(text, imports);
  EXPECT_THAT(schema.canonical(), HasSubstr("  Customer who = 1;\n  google.protobuf.Timestamp at = 2;\n"));
  EXPECT_EQ(Schema::parse(text, {imports.data(), 1}).error().code, "protobuf.import");
  EXPECT_THAT(schema.normalized(), HasSubstr(".shop.Customer who = 1;"));
}

TEST(Protobuf, WhatIsWrongIsNamedWithItsPlace) {
  for (const auto& [text, said] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "empty"},
           {"message A {", "1:"},
           {"syntax = \"proto3\";\nmessage A { string a = 0; }", "A.a"},
           {"syntax = \"proto3\"; message A { Nobody a = 1; }", "Nobody"},
           {"syntax = \"proto3\"; message A { string a = 1; string b = 1; }", "1"},
           {"syntax = \"proto3\"; import \"/etc/passwd\"; message A {}", "/etc/passwd"},
           {"syntax = \"proto3\"; import \"schema.proto\"; message A {}", "schema.proto"},
           {"syntax = \"proto9\"; message A {}", "proto9"},
           {"{\"type\":\"string\"}", "1:"}}) {
    const auto schema = Schema::parse(text);
    ASSERT_FALSE(schema.has_value()) << text;
    EXPECT_THAT(schema.error().message, HasSubstr(said)) << text;
  }
}

TEST(Protobuf, WhatNestsTooDeepIsRefused) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "message A {";
  EXPECT_EQ(Schema::parse(deep).error().code, "protobuf.too_large");
  EXPECT_EQ(Schema::parse(std::string(evolution::kSchemaBytesMax + 1, ' ')).error().code, "protobuf.too_large");
}

struct Row {
  const char* what;
  const char *before, *after;
  const char* type;  // "" : compatible.
};

// Data of `before` read with `after`.
constexpr Row kRows[] = {
    {"nothing", "message A { string a = 1; }", "message A { string a = 1; }", ""},
    {"a field more", "message A { string a = 1; }", "message A { string a = 1; int32 b = 2; }", ""},
    {"a field less", "message A { string a = 1; int32 b = 2; }", "message A { string a = 1; }", ""},
    {"another name", "message A { string a = 1; }", "message A { string b = 1; }", ""},
    {"another number", "message A { string a = 1; }", "message A { string a = 2; }", ""},
    {"a message more", "message A { string a = 1; }", "message A { string a = 1; } message B {}", ""},
    {"a message less", "message A { string a = 1; } message B {}", "message A { string a = 1; }", "MESSAGE_REMOVED"},
    {"an inner message less", "message A { message B {} string a = 1; }", "message A { string a = 1; }",
     "MESSAGE_REMOVED"},
    {"another order of messages", "message A {} message B {}", "message B {} message A {}", ""},
    {"an enum value less", "enum E { X = 0; Y = 1; } message A { E e = 1; }",
     "enum E { X = 0; } message A { E e = 1; }", ""},
    {"int32 to uint64", "message A { int32 a = 1; }", "message A { uint64 a = 1; }", ""},
    {"bool to int32", "message A { bool a = 1; }", "message A { int32 a = 1; }", ""},
    {"enum to int32", "enum E { X = 0; } message A { E a = 1; }", "enum E { X = 0; } message A { int32 a = 1; }", ""},
    {"sint32 to sint64", "message A { sint32 a = 1; }", "message A { sint64 a = 1; }", ""},
    {"fixed32 to sfixed32", "message A { fixed32 a = 1; }", "message A { sfixed32 a = 1; }", ""},
    {"string to bytes", "message A { string a = 1; }", "message A { bytes a = 1; }", ""},
    {"int32 to sint32", "message A { int32 a = 1; }", "message A { sint32 a = 1; }", "FIELD_SCALAR_KIND_CHANGED"},
    {"int32 to string", "message A { int32 a = 1; }", "message A { string a = 1; }", "FIELD_SCALAR_KIND_CHANGED"},
    {"float to double", "message A { float a = 1; }", "message A { double a = 1; }", "FIELD_SCALAR_KIND_CHANGED"},
    {"fixed32 to fixed64", "message A { fixed32 a = 1; }", "message A { fixed64 a = 1; }", "FIELD_SCALAR_KIND_CHANGED"},
    {"string to a message", "message A { string a = 1; } message B {}", "message A { B a = 1; } message B {}",
     "FIELD_KIND_CHANGED"},
    {"a message to another", "message A { B a = 1; } message B {} message C { string c = 1; }",
     "message A { C a = 1; } message B {} message C { string c = 1; }", "FIELD_NAMED_TYPE_CHANGED"},
    {"a map to a message", "message A { map<string, string> a = 1; } message B {}",
     "message A { repeated B a = 1; } message B {}", "FIELD_KIND_CHANGED"},
    {"a map of others", "message A { map<string, string> a = 1; }", "message A { map<string, int32> a = 1; }",
     "FIELD_SCALAR_KIND_CHANGED"},
    {"one to many texts", "message A { string a = 1; }", "message A { repeated string a = 1; }", ""},
    {"one to many messages", "message A { B a = 1; } message B {}", "message A { repeated B a = 1; } message B {}", ""},
    {"one to many numbers", "message A { int32 a = 1; }", "message A { repeated int32 a = 1; }",
     "FIELD_NUMERIC_LABEL_CHANGED"},
    {"many to one number", "message A { repeated int32 a = 1; }", "message A { int32 a = 1; }",
     "FIELD_NUMERIC_LABEL_CHANGED"},
    {"one field into a new oneof", "message A { string a = 1; }", "message A { oneof k { string a = 1; } }", ""},
    {"two fields into a new oneof", "message A { string a = 1; string b = 2; }",
     "message A { oneof k { string a = 1; string b = 2; } }", "MULTIPLE_FIELDS_MOVED_TO_ONEOF"},
    {"a field into an old oneof", "message A { string a = 1; oneof k { string b = 2; } }",
     "message A { oneof k { string a = 1; string b = 2; } }", "FIELD_MOVED"},
    {"a new field in a oneof", "message A { oneof k { string b = 2; } }",
     "message A { oneof k { string b = 2; string c = 3; } }", ""},
    {"a field out of a oneof", "message A { oneof k { string b = 2; string c = 3; } }",
     "message A { string c = 3; oneof k { string b = 2; } }", "ONEOF_FIELD_REMOVED"},
    {"a oneof's field gone", "message A { oneof k { string b = 2; string c = 3; } }",
     "message A { oneof k { string b = 2; } }", "ONEOF_FIELD_REMOVED"},
    {"an optional field", "message A { string a = 1; }", "message A { optional string a = 1; }", ""},
    {"a change deep inside", "message A { message B { message C { int32 a = 1; } } }",
     "message A { message B { message C { string a = 1; } } }", "FIELD_SCALAR_KIND_CHANGED"},
};

TEST(ProtobufCompatibility, IsJudgedByTheRules) {
  for (const Row& row : kRows) {
    const auto found = differences(proto3(row.after), proto3(row.before));
    EXPECT_EQ(found.empty() ? "" : found[0].type, row.type) << row.what;
    EXPECT_THAT(differences(proto3(row.after), proto3(row.after)), IsEmpty()) << row.what;
  }
}

TEST(ProtobufCompatibility, RequiredFieldsAreThereForBoth) {
  const Schema with = parsed("syntax = \"proto2\"; message A { required int32 a = 1; }");
  const Schema without = parsed("syntax = \"proto2\"; message A { optional int32 b = 2; }");
  const Schema optional = parsed("syntax = \"proto2\"; message A { optional int32 a = 1; }");
  EXPECT_EQ(differences(with, without).at(0).type, "REQUIRED_FIELD_ADDED");
  EXPECT_EQ(differences(without, with).at(0).type, "REQUIRED_FIELD_REMOVED");
  EXPECT_EQ(differences(with, optional).at(0).type, "REQUIRED_FIELD_ADDED");
}

TEST(ProtobufCompatibility, PackagesAndImportedTypesCount) {
  const Schema here = parsed("syntax = \"proto3\"; package a; message A {}"),
               there = parsed("syntax = \"proto3\"; package b; message A {}");
  EXPECT_EQ(differences(here, there).at(0).type, "PACKAGE_CHANGED");
  const auto with = [](const char* package, const char* type) {
    const evolution::Import import{"t.proto",
                                   format("syntax = \"proto3\"; package {}; message T {{ {} v = 1; }}", package, type)};
    return parsed(format("syntax = \"proto3\"; import \"t.proto\"; message A {{ {}.T t = 1; }}", package),
                  {&import, 1});
  };
  EXPECT_THAT(differences(with("x", "string"), with("y", "string")), IsEmpty());
  EXPECT_EQ(differences(with("x", "int32"), with("y", "string")).at(0).type, "FIELD_NAMED_TYPE_CHANGED");
  EXPECT_EQ(differences(with("x", "int32"), with("x", "string")).at(0).type, "FIELD_NAMED_TYPE_CHANGED");
}

TEST(ProtobufCompatibility, RecursiveMessagesEnd) {
  const Schema list = proto3("message L { L next = 1; int32 v = 2; }");
  EXPECT_THAT(differences(list, list), IsEmpty());
  EXPECT_EQ(differences(proto3("message L { L next = 1; string v = 2; }"), list).at(0).path, "#/L/2");
}

}  // namespace
}  // namespace weft::protobuf
