#include "formats/odcs/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "formats/yaml/yaml.h"

namespace weft::odcs {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kBefore = R"(
apiVersion: v3.1.0
kind: DataContract
id: c-orders
version: 1.2.3
status: active
domain: sales
name: orders
description: {purpose: Orders, usage: anything}
servers: [{server: prod, type: local, path: /data, format: parquet}]
roles: [{role: analyst, access: read}]
price: {priceAmount: 5, priceCurrency: EUR, priceUnit: month}
schema:
  - name: orders
    logicalType: object
    properties:
      - {name: id, logicalType: integer, logicalTypeOptions: {format: i32}, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: customer, id: cust, logicalType: string, required: true, logicalTypeOptions: {maxLength: 40, pattern: '^a'}}
      - {name: amount, logicalType: number, physicalType: 'decimal(12,2)', logicalTypeOptions: {minimum: 0}, customProperties: [{property: unit, value: EUR}]}
      - {name: day, logicalType: date, partitioned: true, partitionKeyPosition: 1}
      - {name: code, logicalType: string, unique: true, classification: internal}
      - {name: address, logicalType: object, properties: [{name: city, logicalType: string}]}
      - {name: tags, logicalType: array, items: {logicalType: integer, logicalTypeOptions: {format: i32}}}
    relationships: [{from: orders.code, to: codes.code}]
    quality: [{metric: rowCount, mustBeGreaterThan: 10}]
slaProperties: [{property: latency, value: 1, unit: h}, {property: availability, value: 99.9}, {property: mood, value: good}]
)";

Contract read(std::string_view text) {
  const yaml::Stream stream = yaml::read(text);
  EXPECT_TRUE(stream.problems.empty()) << stream.problems[0].message;
  Parsed parsed = parse(stream.documents.at(0).value);
  EXPECT_TRUE(parsed.contract.has_value()) << (parsed.problems.empty() ? "" : parsed.problems[0].message);
  return std::move(*parsed.contract);
}

std::string edited(std::string_view from, std::string_view to) {
  std::string text(kBefore);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::vector<std::string> codes(std::string_view from, std::string_view to) {
  std::vector<std::string> all;
  for (const Change& each : diff(read(kBefore), read(edited(from, to)))) all.emplace_back(each.rule->code);
  return all;
}

TEST(ContractDiff, AContractAgainstItselfChangesNothing) { EXPECT_THAT(diff(read(kBefore), read(kBefore)), IsEmpty()); }

struct Row {
  std::string_view from, to, code;
};

// One edit, one change; read from right to left it is the opposite one.
constexpr Row kRows[] = {
    {"id: c-orders", "id: c-other", "contract.id"},
    {"domain: sales", "domain: shop", "contract.place"},
    {"status: active", "status: deprecated", "contract.status"},
    {"v3.1.0", "v3.0.2", "contract.standard"},
    {"      - {name: code, logicalType: string, unique: true, classification: internal}\n", "", "field.removed"},
    {"logicalTypeOptions: {format: i32}, required", "logicalTypeOptions: {format: i64}, required", "type.widened"},
    {"decimal(12,2)", "decimal(14,2)", "type.widened"},
    {"decimal(12,2)", "decimal(10,2)", "type.changed"},
    {"decimal(12,2)", "NUMERIC(12, 2)", "type.respelled"},
    {"{logicalType: integer, logicalTypeOptions: {format: i32}}", "{logicalType: string}", "type.changed"},
    {"{name: city, logicalType: string}", "{name: city, logicalType: string}, {name: zip, logicalType: string}",
     "field.added"},
    {"{name: city, logicalType: string}",
     "{name: city, logicalType: string}, {name: zip, logicalType: string, required: true}", "field.added_required"},
    {"name: customer, id: cust", "name: client, id: cust", "field.renamed"},
    {"unique: true, ", "", "unique.removed"},
    {"name: day, logicalType: date", "name: day, logicalType: date, unique: true", "unique.added"},
    {"name: day, logicalType: date", "name: day, logicalType: date, required: true", "required.added"},
    {"logicalType: string, required: true", "logicalType: string", "required.removed"},
    {"partitioned: true, partitionKeyPosition: 1", "partitioned: false", "partitioning.changed"},
    {"name: code, logicalType: string", "name: code, physicalName: c, logicalType: string", "field.physical_name"},
    {"maxLength: 40", "maxLength: 41", "options.loosened"},
    {"maxLength: 40", "maxLength: 39", "options.tightened"},
    {"minimum: 0", "minimum: 1", "options.tightened"},
    {"minimum: 0", "minimum: -1", "options.loosened"},
    {", pattern: '^a'", "", "options.loosened"},
    {"'^a'", "'^b'", "options.changed"},
    {"classification: internal", "classification: confidential", "classification.changed"},
    {"{property: unit, value: EUR}", "{property: unit, value: USD}", "unit.changed"},
    {"mustBeGreaterThan: 10", "mustBeGreaterThan: 11", "quality.tightened"},
    {"mustBeGreaterThan: 10", "mustBeGreaterThan: 9", "quality.loosened"},
    {"mustBeGreaterThan: 10", "mustBeGreaterThan: 10, severity: warning", "quality.loosened"},
    {"mustBeGreaterThan: 10", "mustBe: 10", "quality.changed"},
    {"    quality: [{metric: rowCount, mustBeGreaterThan: 10}]\n", "", "quality.removed"},
    {"    relationships: [{from: orders.code, to: codes.code}]\n", "", "relationship.removed"},
    {"value: 1, unit: h", "value: 2, unit: h", "sla.lowered"},
    {"value: 1, unit: h", "value: 30, unit: m", "sla.raised"},
    {"value: 1, unit: h", "value: 60, unit: m", "text.changed"},
    {"value: 99.9", "value: 99.5", "sla.lowered"},
    {"value: 99.9", "value: 99.95", "sla.raised"},
    {"value: good", "value: bad", "sla.changed"},
    {", {property: mood, value: good}", "", "sla.removed"},
    {"path: /data", "path: /other", "server.changed"},
    {"servers: [{server: prod, type: local, path: /data, format: parquet}]", "servers: []", "server.removed"},
    {"access: read", "access: none", "role.changed"},
    {"roles: [{role: analyst, access: read}]", "roles: []", "role.removed"},
    {"priceAmount: 5", "priceAmount: 6", "price.raised"},
    {"priceAmount: 5", "priceAmount: 4", "price.lowered"},
    {"priceCurrency: EUR", "priceCurrency: USD", "price.changed"},
    {"usage: anything", "usage: little", "terms.changed"},
    {"purpose: Orders", "purpose: All orders", "text.changed"},
};

TEST(ContractDiff, EachEditIsTheChangeThatItIs) {
  for (const Row& row : kRows)
    EXPECT_THAT(codes(row.from, row.to), ElementsAre(row.code)) << row.from << " → " << row.to;
}

TEST(ContractDiff, TheKeyIsComparedAsAWhole) {
  EXPECT_THAT(codes("primaryKey: true, primaryKeyPosition: 1", "primaryKey: false"), Contains("key.changed"));
}

TEST(ContractDiff, AnObjectThatGoesTakesItsFieldsWithIt) {
  const auto all = codes("  - name: orders\n", "  - name: sold\n");
  EXPECT_THAT(all, Contains("object.removed"));
  EXPECT_THAT(all, Contains("object.added"));
  EXPECT_THAT(all, ::testing::Not(Contains("field.removed")));
}

TEST(ContractDiff, TheWorstStandsFirst) {
  const auto changes = diff(read(kBefore), read(edited("purpose: Orders, usage: anything", "purpose: x, usage: y")));
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].rule->weight, Weight::additive);
}

TEST(ContractDiff, EveryRuleHasItsOwnCodeAndASentence) {
  std::set<std::string_view> seen;
  for (const Rule& each : rules()) {
    EXPECT_TRUE(seen.insert(each.code).second) << each.code;
    EXPECT_TRUE(each.meaning.ends_with('.')) << each.code;
    EXPECT_EQ(each.weight == Weight::breaking, !each.hurts.empty()) << each.code;
  }
}

std::string version_answer(std::string_view old_version, std::string_view new_version, std::string_view from,
                           std::string_view to) {
  std::string before(kBefore), after = edited(from, to);
  before.replace(before.find("1.2.3"), 5, old_version);
  after.replace(after.find("1.2.3"), 5, new_version);
  const Contract old = read(before), now = read(after);
  return version_problem(old, now, diff(old, now));
}

TEST(ContractVersion, MustFitTheWorstChange) {
  const auto breaking = [](std::string_view a, std::string_view b) {
    return version_answer(a, b, "maxLength: 40", "maxLength: 39");
  };
  EXPECT_EQ(breaking("1.2.3", "2.0.0"), "");
  EXPECT_NE(breaking("1.2.3", "1.3.0").find("2.0.0"), std::string::npos);
  EXPECT_NE(breaking("1.2.3", "1.2.3"), "");
  EXPECT_EQ(breaking("0.2.3", "0.3.0"), "");
  EXPECT_NE(breaking("0.2.3", "0.2.4"), "");
  EXPECT_EQ(breaking("v1", "v2"), "");
  EXPECT_EQ(version_answer("1.2.3", "1.3.0", "priceAmount: 5", "priceAmount: 4"), "");
  EXPECT_NE(version_answer("1.2.3", "1.2.4", "priceAmount: 5", "priceAmount: 4"), "");
  EXPECT_EQ(version_answer("1.2.3", "1.2.4", "purpose: Orders", "purpose: x"), "");
  EXPECT_EQ(version_answer("spring", "summer", "maxLength: 40", "maxLength: 39"), "");
  EXPECT_NE(version_answer("spring", "spring", "maxLength: 40", "maxLength: 39"), "");
}

}  // namespace
}  // namespace weft::odcs
