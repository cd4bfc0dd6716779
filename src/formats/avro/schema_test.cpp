#include "formats/avro/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace weft::avro {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

Schema parsed(std::string_view text, std::span<const evolution::Import> imports = {}) {
  auto schema = Schema::parse(text, imports);
  EXPECT_TRUE(schema.has_value()) << text << ": " << (schema ? "" : schema.error().message);
  return std::move(*schema);
}

std::string refusal(std::string_view text) {
  const auto schema = Schema::parse(text);
  return schema ? "" : schema.error().message;
}

struct Vector {
  std::string_view schema;
  std::int64_t fingerprint;
};

// The specification's own test data.
constexpr Vector kVectors[] = {
    {R"("null")", 7195948357588979594},
    {R"("boolean")", -6970731678124411036},
    {R"("int")", 8247732601305521295},
    {R"("long")", -3434872931120570953},
    {R"("float")", 5583340709985441680},
    {R"("double")", -8181574048448539266},
    {R"("bytes")", 5746618253357095269},
    {R"("string")", -8142146995180207161},
    {R"([])", -1241056759729112623},
    {R"(["int"])", -5232228896498058493},
    {R"(["int","boolean"])", 5392556393470105090},
    {R"({"fields":[],"type":"record","name":"foo"})", -4824392279771201922},
    {R"({"fields":[],"type":"record","name":"foo","namespace":"x.y"})", 5916914534497305771},
    {R"({"fields":[],"type":"record","name":"a.b.foo","namespace":"x.y"})", -4616218487480524110},
    {R"({"fields":[{"type":{"type":"boolean"},"name":"f1"}],"type":"record","name":"foo"})", 7843277075252814651},
    {R"({"fields":[{"type":"boolean","name":"f1"},{"type":"int","name":"f2"}],"type":"record","name":"foo"})",
     -4860222112080293046},
    {R"({"type":"enum","name":"foo","symbols":["A1"]})", -6342190197741309591},
    {R"({"type":"enum","name":"foo","namespace":"x.y.z","doc":"foo bar","symbols":["A1","A2"]})", -4448647247586288245},
    {R"({"name":"foo","type":"fixed","size":15})", 1756455273707447556},
    {R"({"namespace":"x.y.z","type":"fixed","name":"foo","doc":"foo bar","size":32})", -3064184465700546786},
    {R"({"items":{"type":"null"},"type":"array"})", -589620603366471059},
    {R"({"values":"string","type":"map"})", -8732877298790414990},
};

TEST(AvroSchema, FingerprintsAreThoseOfTheSpecification) {
  for (const auto& [schema, fingerprint] : kVectors)
    EXPECT_EQ(static_cast<std::int64_t>(parsed(schema).fingerprint()), fingerprint) << schema;
}

TEST(AvroSchema, ItsCanonicalTextIsASpellingOfItsOwn) {
  for (
      const auto& [text, canonical] : std::initializer_list<std::pair<const char*, const char*>>{
          {R"( {"type" : "string"} )", R"("string")"},
          {R"({"fields":[],"name":"A","type":"record"})", R"({"type":"record","name":"A","fields":[]})"},
          {R"({"type":"record","name":"x.A","fields":[{"type":["null","x.A"],"name":"a","default":null,"zz":1,"doc":"d"}]})",
           R"({"type":"record","name":"A","namespace":"x","fields":[{"name":"a","type":["null","A"],"doc":"d","default":null,"zz":1}]})"},
          {R"({"type":"array","items":{"type":"enum","name":"E","namespace":"n","symbols":["A","B"],"default":"A","aliases":["F","m.G"]}})",
           R"({"type":"array","items":{"type":"enum","name":"E","namespace":"n","symbols":["A","B"],"default":"A","aliases":["F","m.G"]}})"},
          {R"({"logicalType":"decimal","precision":4,"type":"bytes"})",
           R"({"type":"bytes","logicalType":"decimal","precision":4})"}}) {
    EXPECT_EQ(parsed(text).canonical(), canonical);
    EXPECT_EQ(parsed(parsed(text).canonical()).canonical(), parsed(text).canonical());
  }
  EXPECT_EQ(parsed(R"({"type":"int","b":1,"a":2})").normalized(), R"({"type":"int","a":2,"b":1})");
}

TEST(AvroSchema, NamesOfImportsAreUsedAndNotSpelledOut) {
  const evolution::Import customer{"shop.Customer",
                                   R"({"type":"record","name":"Customer","namespace":"shop","fields":[]})"};
  const std::string_view order =
      R"({"type":"record","name":"Order","namespace":"shop","fields":[{"name":"who","type":"Customer"}]})";
  EXPECT_EQ(parsed(order, {&customer, 1}).canonical(), order);
  EXPECT_EQ(
      parsed(order, {&customer, 1}).resolved(),
      R"({"type":"record","name":"Order","namespace":"shop","fields":[{"name":"who","type":{"type":"record","name":"Customer","fields":[]}}]})");
  EXPECT_EQ(parsed(order, {&customer, 1}).full_name(), "shop.Order");
  EXPECT_THAT(refusal(order), HasSubstr("Customer"));
}

TEST(AvroSchema, WhatIsWrongIsNamedWithItsPlace) {
  for (const auto& [text, said] : std::initializer_list<std::pair<const char*, const char*>>{
           {"{", ""},
           {"[1]", "/0"},
           {"7", "a type is"},
           {R"("nobody")", "nobody"},
           {R"({})", "no `type`"},
           {R"({"type":"record","name":"A"})", "no `fields`"},
           {R"({"type":"record","fields":[]})", "no `name`"},
           {R"({"type":"record","name":"1A","fields":[]})", "1A"},
           {R"({"type":"record","name":"int","fields":[]})", "primitive"},
           {R"({"type":"record","name":"A","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]})", "twice"},
           {R"({"type":"record","name":"A","fields":[{"name":"a-b","type":"int"}]})", "/fields/0/name"},
           {R"({"type":"record","name":"A","fields":[{"name":"a"}]})", "no `type`"},
           {R"({"type":"record","name":"A","fields":[{"name":"a","type":"int","default":"x"}]})", "default"},
           {R"({"type":"record","name":"A","fields":[{"name":"a","type":"int","default":2147483648}]})", "default"},
           {R"({"type":"record","name":"A","fields":[{"name":"a","type":"int","order":"up"}]})", "order"},
           {R"({"type":"record","name":"A","fields":[{"name":"a","type":{"type":"fixed","name":"A","size":1}}]})",
            "defined twice"},
           {R"({"type":"enum","name":"E","symbols":["A","A"]})", "twice"},
           {R"({"type":"enum","name":"E","symbols":["A-B"]})", "A-B"},
           {R"({"type":"enum","name":"E","symbols":["A"],"default":"B"})", "default"},
           {R"({"type":"fixed","name":"F","size":-1})", "size"},
           {R"({"type":"array"})", "items"},
           {R"(["int","int"])", "twice"},
           {R"(["int",["null"]])", "union"}}) {
    EXPECT_FALSE(refusal(text).empty()) << text;
    EXPECT_THAT(refusal(text), HasSubstr(said)) << text;
  }
}

TEST(AvroSchema, WhatIsTooDeepOrTooLargeIsRefused) {
  std::string deep = R"("int")";
  for (int i = 0; i < 2000; ++i) deep = R"({"type":"array","items":)" + deep + "}";
  EXPECT_EQ(Schema::parse(deep).error().code, "avro.too_large");
  EXPECT_EQ(Schema::parse(std::string(evolution::kSchemaBytesMax + 1, ' ')).error().code, "avro.too_large");
  std::string fine = R"("int")";
  for (int i = 0; i < 390; ++i) fine = R"({"type":"array","items":)" + fine + "}";
  const Schema schema = parsed(fine);
  EXPECT_TRUE(differences(schema, schema).empty());
}

TEST(AvroSchema, ALogicalTypeThatDoesNotFitIsIgnored) {
  parsed(R"({"type":"int","logicalType":"decimal","precision":-1})");
  parsed(R"({"type":"string","logicalType":7})");
}

struct Pair {
  std::string_view reader, writer;
  std::vector<std::string> differences;  // Type and path.
};

// What Apache Avro's Java library (1.12) says of the same pairs.
const Pair kPairs[] = {
    {R"({"type":"fixed","name":"B","doc":"d","size":16})",
     R"({"type":"fixed","name":"C","doc":"d","size":1})",
     {"NAME_MISMATCH /name", "FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"k","size":16})",
     R"({"type":"fixed","name":"A","size":1})",
     {"NAME_MISMATCH /name", "FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"f","size":2})",
     R"({"type":"fixed","name":"B","size":16})",
     {"NAME_MISMATCH /name", "FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"C","size":1})",
     R"({"type":"fixed","name":"g","size":2})",
     {"NAME_MISMATCH /name", "FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"C","size":2})",
     R"({"type":"fixed","name":"k","size":16})",
     {"NAME_MISMATCH /name", "FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"B","size":16})",
     R"({"type":"fixed","name":"C","size":1})",
     {"NAME_MISMATCH /name", "FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"C","size":1})",
     R"({"type":"fixed","name":"B","size":2})",
     {"NAME_MISMATCH /name", "FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"q.C","size":16})",
     R"({"type":"fixed","name":"g","size":1})",
     {"NAME_MISMATCH /name", "FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"record","name":"B","fields":[{"name":"f","type":{"type":"fixed","name":"A","size":2}}]})",
     R"({"type":"record","name":"B","fields":[{"name":"f","type":{"type":"fixed","name":"A","size":1}}]})",
     {"FIXED_SIZE_MISMATCH /fields/0/type/size"}},
    {R"({"type":"fixed","name":"B","size":2})",
     R"({"type":"fixed","name":"B","size":1})",
     {"FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"B","size":1})",
     R"({"type":"fixed","name":"B","size":16})",
     {"FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"C","size":16})",
     R"({"type":"fixed","name":"C","size":1})",
     {"FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"C","size":16})",
     R"({"type":"fixed","name":"C","size":1})",
     {"FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"A","namespace":"x.y","size":1})",
     R"({"type":"fixed","name":"A","namespace":"x.y","size":16})",
     {"FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"fixed","name":"C","size":1})",
     R"({"type":"fixed","name":"C","size":2})",
     {"FIXED_SIZE_MISMATCH /size"}},
    {R"({"type":"map","values":{"type":"fixed","name":"A","size":1}})",
     R"({"type":"map","values":{"type":"fixed","name":"A","size":16}})",
     {"FIXED_SIZE_MISMATCH /values/size"}},
    {R"({"type":"enum","name":"B","doc":"d","symbols":["GREEN","RED"]})",
     R"({"type":"enum","name":"C","namespace":"","symbols":["BLUE","X1","RED"]})",
     {"NAME_MISMATCH /name", "MISSING_ENUM_SYMBOLS /symbols"}},
    {R"({"type":"enum","name":"A","symbols":["BLUE"]})",
     R"([{"type":"enum","name":"C","namespace":"x","symbols":["GREEN","BLUE","RED"]}])",
     {"NAME_MISMATCH /0/name", "MISSING_ENUM_SYMBOLS /0/symbols"}},
    {R"({"type":"enum","name":"B","symbols":["Y","X1","RED"]})",
     R"({"type":"enum","name":"B","symbols":["GREEN"]})",
     {"MISSING_ENUM_SYMBOLS /symbols"}},
    {R"({"type":"record","name":"C","doc":"d","fields":[{"name":"f","type":{"type":"enum","name":"A","symbols":["BLUE"]},"aliases":["k"]}]})",
     R"({"type":"record","name":"C","doc":"d","fields":[{"name":"f","type":{"type":"enum","name":"A","symbols":["BLUE","X1"]},"aliases":["k"]}]})",
     {"MISSING_ENUM_SYMBOLS /fields/0/type/symbols"}},
    {R"({"type":"enum","name":"B","namespace":"x.y","symbols":["BLUE","RED","X1"]})",
     R"({"type":"enum","name":"B","namespace":"x.y","symbols":["BLUE","RED","X1","null"]})",
     {"MISSING_ENUM_SYMBOLS /symbols"}},
    {R"({"type":"enum","name":"B","symbols":["X1","BLUE","GREEN"]})",
     R"({"type":"enum","name":"B","symbols":["X1","BLUE","GREEN","float"]})",
     {"MISSING_ENUM_SYMBOLS /symbols"}},
    {R"({"type":"enum","name":"B","namespace":"","symbols":["BLUE","GREEN"]})",
     R"({"type":"enum","name":"B","namespace":"","symbols":["BLUE","GREEN","double"]})",
     {"MISSING_ENUM_SYMBOLS /symbols"}},
    {R"({"type":"enum","name":"C","symbols":["RED"]})",
     R"({"type":"enum","name":"C","symbols":["X1","RED"]})",
     {"MISSING_ENUM_SYMBOLS /symbols"}},
    {R"({"type":"map","values":{"type":"enum","name":"A","namespace":"","symbols":["X1","GREEN","RED","BLUE"]}})",
     R"({"type":"map","values":{"type":"enum","name":"A","namespace":"","symbols":["X1","GREEN","BLUE","null"]}})",
     {"MISSING_ENUM_SYMBOLS /values/symbols"}},
    {R"({"type":"enum","name":"B","symbols":["GREEN","X1","RED"]})",
     R"({"type":"enum","name":"B","symbols":["GREEN","X1","BLUE"]})",
     {"MISSING_ENUM_SYMBOLS /symbols"}},
    {R"({"type":"array","items":{"type":"enum","name":"B","namespace":"x","symbols":["GREEN","RED"]}})",
     R"({"type":"array","items":{"type":"enum","name":"B","namespace":"x","symbols":["X1","RED"]}})",
     {"MISSING_ENUM_SYMBOLS /items/symbols"}},
    {R"({"type":"record","name":"A","namespace":"","fields":[{"name":"f","type":{"type":"enum","name":"B","symbols":["RED","GREEN","BLUE"]}}]})",
     R"({"type":"record","name":"A","namespace":"","fields":[{"name":"f","type":{"type":"enum","name":"B","symbols":["X1","RED","GREEN","BLUE"]}}]})",
     {"MISSING_ENUM_SYMBOLS /fields/0/type/symbols"}},
    {R"([{"type":"record","name":"C","fields":[{"name":"f","type":"int","aliases":["f"]},{"name":"g","type":"int","aliases":["j"]},{"name":"h","type":"long","p":1.5}]}])",
     R"("long")",
     {"MISSING_UNION_BRANCH /"}},
    {R"([])",
     R"({"type":"record","name":"C","fields":[{"name":"f","type":{"type":"array","items":{"type":"enum","name":"B","symbols":["X1","GREEN","RED"]}},"default":[]},{"name":"g","type":["float","C"]}]})",
     {"MISSING_UNION_BRANCH /"}},
    {R"([{"type":"map","values":["bytes","string"]}])",
     R"([{"type":"float"},{"type":"array","items":{"type":"fixed","name":"B","size":1}},{"type":"enum","name":"q.D","aliases":["B"],"symbols":["GREEN","X1","RED"],"default":"RED"}])",
     {"MISSING_UNION_BRANCH /0", "MISSING_UNION_BRANCH /1", "MISSING_UNION_BRANCH /2"}},
    {R"({"type":"map","values":[{"type":"record","name":"A","fields":[]}]})",
     R"({"type":"map","values":[{"type":"record","name":"B","fields":[]}]})",
     {"MISSING_UNION_BRANCH /values/0"}},
    {R"({"type":"array","items":[]})", R"({"type":"array","items":["bytes"]})", {"MISSING_UNION_BRANCH /items/0"}},
    {R"(["double",{"type":"enum","name":"C","symbols":[]},"string",{"type":"fixed","name":"A","size":1}])",
     R"(["double",{"type":"enum","name":"C","symbols":["BLUE"]},"string",{"type":"fixed","name":"A","size":2}])",
     {"MISSING_UNION_BRANCH /1", "MISSING_UNION_BRANCH /3"}},
    {R"([{"type":"map","values":{"type":"long","logicalType":"timestamp-millis"}}])",
     R"("bytes")",
     {"MISSING_UNION_BRANCH /"}},
    {R"(["int","long","string"])", R"({"type":"map","values":"boolean"})", {"MISSING_UNION_BRANCH /"}},
    {R"([{"type":"map","values":{"type":"enum","name":"A","aliases":["x.C"],"symbols":["X1","RED"]}}])",
     R"([{"type":"map","values":{"type":"enum","name":"A","aliases":["null"],"symbols":["X1","RED","string"]}}])",
     {"MISSING_UNION_BRANCH /0"}},
    {R"([{"type":"long","logicalType":"timestamp-millis"},"null",{"type":"fixed","name":"C","aliases":["q.D"],"size":2}])",
     R"(["double",{"type":"array","items":{"type":"long","logicalType":"timestamp-millis"}}])",
     {"MISSING_UNION_BRANCH /0", "MISSING_UNION_BRANCH /1"}},
    {R"({"type":"record","name":"g","fields":[{"name":"C","type":"string","aliases":["k"]}]})",
     R"({"type":"record","name":"A","fields":[{"name":"f","type":"string","doc":"fd","aliases":["k"]}]})",
     {"NAME_MISMATCH /name", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"g","fields":[{"name":"m","type":"long"}]})",
     R"({"type":"record","name":"B","fields":[]})",
     {"NAME_MISMATCH /name", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"B","custom":"a","fields":[{"name":"f","type":"B"},{"name":"g","type":[{"type":"fixed","name":"C","size":16}],"doc":"fd"}]})",
     R"({"type":"record","name":"A","custom":"a","fields":[{"name":"g","type":[{"type":"fixed","name":"C","size":16}],"doc":"fd"}]})",
     {"NAME_MISMATCH /name", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"A","fields":[{"name":"m","type":"int"}]})",
     R"({"type":"record","name":"C","fields":[]})",
     {"NAME_MISMATCH /name", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"C","fields":[{"name":"f","type":{"type":"fixed","name":"B","size":2},"aliases":["k"]}]})",
     R"({"type":"record","name":"g","fields":[]})",
     {"NAME_MISMATCH /name", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"B","fields":[{"name":"f","type":"int","p":1.5}]})",
     R"({"type":"record","name":"C","fields":[]})",
     {"NAME_MISMATCH /name", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"C","fields":[{"name":"f","type":{"type":"map","values":{"type":"map","values":{"type":"string"}}}}]})",
     R"({"type":"record","name":"A","namespace":"","fields":[]})",
     {"NAME_MISMATCH /name", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"C","custom":{"k":null},"fields":[{"name":"f","type":{"type":"map","values":"string"}}]})",
     R"({"type":"record","name":"B","fields":[{"name":"f","type":"double","default":2},{"name":"g","type":"float"}]})",
     {"NAME_MISMATCH /name", "TYPE_MISMATCH /fields/0/type"}},
    {R"({"type":"record","name":"C","namespace":"x","fields":[{"name":"f","type":"bytes","default":"x"}]})",
     R"([{"type":"record","name":"q.A","custom":"a","fields":[{"name":"f","type":"A"},{"name":"g","type":"int","doc":"fd"}]},{"type":"long","logicalType":"timestamp-millis"},"double"])",
     {"NAME_MISMATCH /0/name", "TYPE_MISMATCH /0/fields/0/type", "TYPE_MISMATCH /1", "TYPE_MISMATCH /2"}},
    {R"({"type":"record","name":"C","namespace":"","aliases":["q.D"],"fields":[{"name":"f","type":"string","default":"y","order":"ignore"}]})",
     R"({"type":"record","name":"B","fields":[{"name":"f","type":"long"}]})",
     {"NAME_MISMATCH /name", "TYPE_MISMATCH /fields/0/type"}},
    {R"({"type":"record","name":"A","fields":[{"name":"f","type":{"type":"enum","name":"B","doc":"d","symbols":["RED"],"default":"RED"}}]})",
     R"({"type":"record","name":"A","fields":[{"name":"f","type":{"type":"enum","name":"C","doc":"d","symbols":["RED"],"default":"RED"}}]})",
     {"NAME_MISMATCH /fields/0/type/name"}},
    {R"({"type":"record","name":"B","aliases":[],"fields":[]})",
     R"({"type":"record","name":"A","aliases":["B"],"fields":[]})",
     {"NAME_MISMATCH /name"}},
    {R"({"type":"fixed","name":"g","size":1})",
     R"({"type":"fixed","name":"A","namespace":"","size":1})",
     {"NAME_MISMATCH /name"}},
    {R"({"type":"record","name":"C","namespace":"x","aliases":["q.D"],"fields":[]})",
     R"({"type":"record","name":"q.B","namespace":"x","aliases":["B"],"fields":[]})",
     {"NAME_MISMATCH /name"}},
    {R"({"type":"record","name":"A","fields":[{"name":"f","type":{"type":"enum","name":"D","symbols":["GREEN","X1"]},"default":"GREEN"}]})",
     R"({"type":"record","name":"A","fields":[{"name":"f","type":{"type":"enum","name":"B","symbols":["GREEN"]},"default":"GREEN"}]})",
     {"NAME_MISMATCH /fields/0/type/name"}},
    {R"({"type":"record","name":"k","fields":[{"name":"l","type":"int","default":1}]})",
     R"({"type":"record","name":"C","fields":[]})",
     {"NAME_MISMATCH /name"}},
    {R"({"type":"enum","name":"A","symbols":["X1","GREEN"]})",
     R"({"type":"enum","name":"B","symbols":["X1","GREEN"]})",
     {"NAME_MISMATCH /name"}},
    {R"({"type":"record","name":"k","fields":[]})",
     R"({"type":"record","name":"B","fields":[{"name":"f","type":{"type":"fixed","name":"C","namespace":"","size":16}}]})",
     {"NAME_MISMATCH /name"}},
    {R"({"type":"record","name":"g","fields":[{"name":"l","type":"bytes","default":"x"}]})",
     R"({"type":"record","name":"A","fields":[]})",
     {"NAME_MISMATCH /name"}},
    {R"({"type":"record","name":"B","namespace":"x.y","fields":[{"name":"f","type":"boolean","default":true},{"name":"g","type":"int"}]})",
     R"({"type":"record","name":"B","namespace":"x","aliases":["A"],"fields":[{"name":"f","type":"int","default":1,"doc":"fd","order":"ascending"}]})",
     {"TYPE_MISMATCH /fields/0/type", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/1"}},
    {R"({"type":"record","name":"B","fields":[{"name":"f","type":"long"},{"name":"g","type":"float","default":1.5}]})",
     R"({"type":"record","name":"B","fields":[{"name":"g","type":"null"}]})",
     {"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0", "TYPE_MISMATCH /fields/1/type"}},
    {R"({"type":"record","name":"C","fields":[{"name":"g","type":"C"},{"name":"B","type":"float"},{"name":"l","type":"bytes","default":"x"}]})",
     R"({"type":"record","name":"C","fields":[{"name":"f","type":"C"},{"name":"g","type":"float"}]})",
     {"TYPE_MISMATCH /fields/0/type", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/1"}},
    {R"({"type":"record","name":"B","fields":[{"name":"f","type":"float"},{"name":"g","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"h","type":"int","aliases":["j"]}]})",
     R"({"type":"record","name":"B","fields":[{"name":"f","type":"bytes"},{"name":"h","type":"int","aliases":["j"]}]})",
     {"TYPE_MISMATCH /fields/0/type", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/1"}},
    {R"({"type":"record","name":"A","fields":[{"name":"f","type":"boolean"},{"name":"l","type":"null"}]})",
     R"({"type":"record","name":"A","fields":[{"name":"f","type":"null"}]})",
     {"TYPE_MISMATCH /fields/0/type", "READER_FIELD_MISSING_DEFAULT_VALUE /fields/1"}},
    {R"({"type":"record","name":"C","namespace":"","fields":[{"name":"l","type":"float"}]})",
     R"({"type":"record","name":"C","namespace":"","aliases":["B"],"fields":[{"name":"f","type":{"type":"long","logicalType":"timestamp-millis"},"default":2,"aliases":["g"]}]})",
     {"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"C","fields":[{"name":"k","type":{"type":"array","items":"long"}},{"name":"g","type":"long","default":2}]})",
     R"({"type":"record","name":"C","fields":[{"name":"f","type":{"type":"array","items":"long"}},{"name":"g","type":"long","default":2}]})",
     {"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"A","fields":[{"name":"f","type":"long"}]})",
     R"({"type":"record","name":"A","fields":[]})",
     {"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"C","fields":[{"name":"f","type":{"type":"long","logicalType":"timestamp-millis"}}]})",
     R"({"type":"record","name":"C","fields":[]})",
     {"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"C","fields":[{"name":"f","type":[]},{"name":"B","type":"boolean"}]})",
     R"({"type":"record","name":"C","fields":[{"name":"f","type":[]},{"name":"g","type":"null"}]})",
     {"READER_FIELD_MISSING_DEFAULT_VALUE /fields/1"}},
    {R"({"type":"record","name":"B","fields":[{"name":"f","type":{"type":"array","items":{"type":"array","items":"boolean"}}}]})",
     R"({"type":"record","name":"B","fields":[]})",
     {"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"q.A","doc":"d","fields":[{"name":"k","type":"string"}]})",
     R"({"type":"record","name":"q.A","doc":"d","fields":[]})",
     {"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"C","doc":"d","fields":[{"name":"f","type":"C"}]})",
     R"({"type":"record","name":"C","doc":"d","fields":[]})",
     {"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"({"type":"record","name":"B","fields":[{"name":"g","type":"boolean"}]})",
     R"({"type":"record","name":"B","fields":[{"name":"f","type":"bytes"}]})",
     {"READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"}},
    {R"("null")",
     R"({"type":"record","name":"C","fields":[{"name":"f","type":"C"},{"name":"g","type":"long","default":2,"order":"ignore"},{"name":"h","type":"bytes","doc":"fd"}]})",
     {"TYPE_MISMATCH /"}},
    {R"("int")", R"({"type":"fixed","name":"C","namespace":"","size":2})", {"TYPE_MISMATCH /"}},
    {R"("long")",
     R"({"type":"record","name":"B","fields":[{"name":"f","type":"bytes","default":"q"}]})",
     {"TYPE_MISMATCH /"}},
    {R"("bytes")", R"({"type":"enum","name":"B","namespace":"","symbols":["GREEN"]})", {"TYPE_MISMATCH /"}},
    {R"({"type":"record","name":"B","fields":[{"name":"f","type":["double"],"default":2},{"name":"g","type":"B","aliases":["h"]},{"name":"h","type":"null","default":null},{"name":"i","type":"B","aliases":["g"]}]})",
     R"("boolean")",
     {"TYPE_MISMATCH /"}},
    {R"({"type":"bytes","logicalType":"timestamp-millis"})",
     R"({"type":"long","logicalType":"timestamp-millis"})",
     {"TYPE_MISMATCH /"}},
    {R"({"type":"record","name":"B","fields":[]})",
     R"({"type":"map","values":{"type":"fixed","name":"A","namespace":"x","aliases":["q.D"],"custom":1,"size":2}})",
     {"TYPE_MISMATCH /"}},
    {R"({"type":"null","logicalType":"timestamp-millis"})",
     R"({"type":"long","logicalType":"timestamp-millis"})",
     {"TYPE_MISMATCH /"}},
    {R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":2,"zz":1,"aa":{"b":1}})",
     R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":2,"zz":1,"aa":{"b":1}})",
     {}},
    {R"({"type":"record","name":"A","aliases":["x.C"],"fields":[{"name":"f","type":"float","default":1.5}]})",
     R"({"type":"record","name":"A","aliases":[],"fields":[]})",
     {}},
    {R"({"type":"array","items":{"type":"enum","name":"A","doc":"d","symbols":["GREEN","RED"]}})",
     R"({"type":"array","items":{"type":"enum","name":"A","doc":"d","symbols":["GREEN","RED"]}})",
     {}},
    {R"({"type":"array","items":"string"})", R"({"type":"array","items":"string"})", {}},
    {R"({"type":"array","items":{"type":"record","name":"C","fields":[]}})",
     R"({"type":"array","items":{"type":"record","name":"C","fields":[]}})",
     {}},
    {R"({"type":"record","name":"A","doc":"d","custom":"a","fields":[]})",
     R"({"type":"record","name":"A","doc":"d","custom":"a","fields":[]})",
     {}},
    {R"({"type":"map","values":{"type":"enum","name":"B","custom":{"k":null},"symbols":["GREEN","RED","BLUE","int"]}})",
     R"({"type":"map","values":{"type":"enum","name":"B","custom":{"k":null},"symbols":["GREEN","RED","BLUE"]}})",
     {}},
    {R"({"type":"record","name":"A","fields":[]})",
     R"({"type":"record","name":"A","fields":[{"name":"f","type":{"type":"float"},"p":1.5}]})",
     {}},
    {R"({"type":"record","name":"B","namespace":"x","custom":1,"fields":[]})",
     R"({"type":"record","name":"B","namespace":"x","custom":1,"fields":[]})",
     {}},
    {R"({"type":"array","items":"boolean"})", R"({"type":"array","items":"boolean"})", {}},
    {R"([{"type":"array","items":{"type":"map","values":"boolean"}}])",
     R"([{"type":"array","items":{"type":"map","values":"boolean"}}])",
     {}},
    {R"({"type":"record","name":"A","namespace":"x","fields":[]})",
     R"({"type":"record","name":"A","namespace":"x","fields":[{"name":"f","type":"bytes"}]})",
     {}},
};

TEST(AvroResolution, SaysWhatJavasLibrarySays) {
  for (const Pair& pair : kPairs) {
    std::vector<std::string> all;
    for (const auto& each : differences(parsed(pair.reader), parsed(pair.writer)))
      all.push_back(each.type + " " + each.path);
    EXPECT_THAT(all, ::testing::UnorderedElementsAreArray(pair.differences)) << pair.reader << "\n" << pair.writer;
  }
}

TEST(AvroResolution, RecursiveSchemasEnd) {
  const Schema list = parsed(
      R"({"type":"record","name":"L","fields":[{"name":"v","type":"long"},{"name":"next","type":["null","L"]}]})");
  const Schema narrow = parsed(
      R"({"type":"record","name":"L","fields":[{"name":"v","type":"int"},{"name":"next","type":["null","L"]}]})");
  EXPECT_TRUE(differences(list, list).empty());
  EXPECT_TRUE(differences(list, narrow).empty());
  EXPECT_FALSE(differences(narrow, list).empty());
}

TEST(AvroResolution, SpeaksOfTheSidesByTheNamesThatItIsGiven) {
  const Schema reader = parsed(R"({"type":"record","name":"A","fields":[{"name":"f","type":"int"}]})");
  const Schema writer = parsed(R"({"type":"record","name":"A","fields":[]})");
  const auto all = differences(reader, writer, {.reader = "old", .writer = "new"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].detail, "f");
  EXPECT_THAT(all[0].description, HasSubstr("'f' at path '/fields/0' in the old schema"));
}

}  // namespace
}  // namespace weft::avro
