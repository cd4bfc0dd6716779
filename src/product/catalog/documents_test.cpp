#include "product/catalog/documents.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace weft::catalog {
namespace {

std::vector<SourceFile> folder(const std::filesystem::path& path) {
  std::vector<SourceFile> files;
  for (const auto& each : std::filesystem::directory_iterator(path)) {
    std::ifstream in(each.path());
    std::ostringstream text;
    text << in.rdbuf();
    files.push_back({each.path().filename().string(), text.str()});
  }
  return files;
}

std::string codes(const std::string& text) {
  ReadFiles read = read_files({{"mesh.yaml", text}}, "git:test");
  Built built = build_mesh(read.documents);
  std::vector<Problem> all = std::move(read.problems);
  all.insert(all.end(), built.problems.begin(), built.problems.end());
  sort_problems(all);
  std::string said;
  for (const Problem& problem : all)
    said += (said.empty() ? "" : " ") + std::to_string(problem.line) + ":" + problem.code;
  return said;
}

constexpr const char* kTeam = "{apiVersion: weft/v1, kind: Team, name: ops, members: [ada@example.com]}\n---\n";

TEST(Documents, TheExampleMeshIsClean) {
  const char* source = std::getenv("WEFT_SOURCE");
  ASSERT_NE(source, nullptr);
  const ReadFiles read = read_files(folder(std::filesystem::path(source) / "examples/flights/mesh"), "git:test");
  for (const Problem& problem : read.problems)
    ADD_FAILURE() << problem.file << ":" << problem.line << " " << problem.message;
  const Built built = build_mesh(read.documents);
  for (const Problem& problem : built.problems)
    ADD_FAILURE() << problem.file << ":" << problem.line << " " << problem.message;
  EXPECT_EQ(built.mesh.products.size(), 5U);
  const auto port = built.mesh.resolve("insights.departures");
  ASSERT_TRUE(port);
  EXPECT_EQ((*port)->columns.size(), 9U);
  EXPECT_EQ(built.mesh.products.at({"insights", "departures"}).inputs[0].source,
            (mesh::PortName{"aviation", "flights", "flights"}));
}

TEST(Documents, UnknownReferencesSayWhatWasMeant) {
  EXPECT_EQ(codes(std::string(kTeam) + "{apiVersion: weft/v1, kind: Domain, name: sky, owner: opps, onCall: ops}"),
            "3:team.unknown");
  EXPECT_EQ(codes(std::string(kTeam) + "{apiVersion: weft/v1, kind: Grant, to: ops, on: skye, role: reader}"),
            "3:domain.unknown");
}

TEST(Documents, UnknownKeysKindsAndVersionsAreErrors) {
  EXPECT_EQ(codes("{apiVersion: weft/v1, kind: Team, name: ops, members: [], colour: red}"), "1:document.unknown_key");
  EXPECT_EQ(codes("{apiVersion: weft/v1, kind: Teem, name: ops}"), "1:document.unknown_kind");
  EXPECT_EQ(codes("{apiVersion: v1, kind: Team, name: ops, members: []}"), "1:document.api_version");
  EXPECT_EQ(codes(std::string(kTeam) + kTeam), "3:document.duplicate");
  EXPECT_EQ(codes("[1, 2]"), "1:document.kind");
  EXPECT_EQ(codes("{apiVersion: weft/v1, kind: Team, name: Ops__1, members: []}"), "1:document.name");
}

TEST(Documents, WhatIsWrongInItselfIsStillThereForOthers) {
  const std::string text = R"({apiVersion: weft/v1, kind: Team, name: ops, members: [a@b.c]}
---
{apiVersion: weft/v1, kind: Domain, name: sky, owner: ops, onCall: ops}
---
{apiVersion: v3.1.0, kind: DataContract, id: c1, version: 1.0.0, status: active, domain: skyy, schema: [{name: a, logicalType: objct}]}
---
{apiVersion: v1.0.0, kind: DataProduct, id: p1, name: p, version: 1.0.0, status: active, domain: sky, outputPorts: [{name: a, type: table, version: 1.0.0, contractId: c1}]}
---
{apiVersion: v1.0.0, kind: DataProduct, id: p2, name: q, status: 7, domain: skyy}
---
{apiVersion: weft/v1, kind: Grant, to: sky, on: skyy.q, role: reader}
)";
  const std::string found = codes(text);
  EXPECT_NE(found.find("5:domain.unknown"), std::string::npos) << found;
  EXPECT_NE(found.find("9:domain.unknown"), std::string::npos) << found;
  EXPECT_EQ(found.find("contract.unknown"), std::string::npos) << found;
  EXPECT_EQ(found.find("product.unknown"), std::string::npos) << found;
}

TEST(Documents, AProductBuiltFromItselfIsACycle) {
  const std::string text = std::string(kTeam) +
                           "{apiVersion: weft/v1, kind: Domain, name: sky, owner: ops, onCall: ops}\n---\n"
                           "{apiVersion: v3.1.0, kind: DataContract, id: c1, version: 1.0.0, status: active, domain: "
                           "sky, schema: [{name: a, properties: [{name: x, logicalType: integer}]}]}\n---\n"
                           "{apiVersion: v1.0.0, kind: DataProduct, id: p, name: a, status: draft, domain: sky, "
                           "inputPorts: [{name: i, version: 1.0.0, contractId: c1}], "
                           "outputPorts: [{name: a, type: table, version: 1.0.0, contractId: c1}]}";
  EXPECT_EQ(codes(text), "7:product.cycle");
}

TEST(Documents, AContractsTypesAndOperatorsAreChecked) {
  auto contract = [](const std::string& properties) {
    return std::string(kTeam) + "{apiVersion: weft/v1, kind: Domain, name: sky, owner: ops, onCall: ops}\n---\n" +
           "{apiVersion: v3.1.0, kind: DataContract, id: c1, version: 1.0.0, status: active, domain: sky, schema: "
           "[{name: a, properties: [" +
           properties + "]}]}";
  };
  EXPECT_EQ(codes(contract("{name: x, logicalType: integer, logicalTypeOptions: {format: u64}}")), "5:odcs.type");
  EXPECT_EQ(codes(contract("{name: x, logicalType: integer}, {name: X, logicalType: string}")), "5:odcs.same_name");
  EXPECT_EQ(codes(contract("{name: x, logicalType: string, quality: [{metric: nullValues}]}")), "5:odcs.operator");
  EXPECT_EQ(codes(contract("{name: x, logicalType: strng}")), "5:odcs.logical_type");
}

}  // namespace
}  // namespace weft::catalog
