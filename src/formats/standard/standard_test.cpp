#include "formats/standard/standard.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace weft::standard {
namespace {

std::vector<std::string> problems(std::string_view standard, std::string_view text) {
  const auto document = json::parse(text);
  EXPECT_TRUE(document) << text;
  std::vector<odcs::Problem> found;
  check(standard, (*document)["apiVersion"].text_or(""), *document, found);
  std::vector<std::string> pointers;
  for (const odcs::Problem& each : found) pointers.push_back(each.pointer);
  return pointers;
}

std::string contract(std::string_view version, std::string_view more) {
  return R"({"apiVersion":")" + std::string(version) +
         R"(","kind":"DataContract","id":"1","version":"1.0.0","status":"active")" + std::string(more) + "}";
}

using Pointers = std::vector<std::string>;

TEST(Standard, EveryVersionHasItsOwnVerdict) {
  for (const char* version : {"v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0"}) {
    EXPECT_EQ(problems("odcs", contract(version, "")), Pointers{}) << version;
    EXPECT_EQ(problems("odcs", contract(version, R"(,"colour":"red")")), Pointers{"/colour"}) << version;
  }
  // 3.0 knows a team as a list of its members only.
  const char* team = R"(,"team":{"name":"ops","members":[{"username":"a"}]})";
  EXPECT_FALSE(problems("odcs", contract("v3.0.2", team)).empty());
  EXPECT_EQ(problems("odcs", contract("v3.1.0", team)), Pointers{});
}

TEST(Standard, WhatAServerNeedsDependsOnItsType) {
  EXPECT_EQ(problems("odcs", contract("v3.1.0", R"(,"servers":[{"server":"s","type":"postgres","host":"h"}])")),
            Pointers({"/servers/0", "/servers/0", "/servers/0"}));
}

TEST(Standard, ProductsAreHeldToTheirs) {
  const std::string head = R"({"apiVersion":"v1.0.0","kind":"DataProduct","id":"1","status":"active")";
  EXPECT_EQ(problems("odps", head + "}"), Pointers{});
  EXPECT_EQ(problems("odps", head + R"(,"outputPorts":[{"name":"p"}]})"), Pointers{"/outputPorts/0"});
}

TEST(Standard, APlaceThatIsKnownToBeWrongIsToldOnce) {
  const auto document = json::parse(contract("v3.1.0", R"(,"tags":1)"));
  std::vector<odcs::Problem> found{{.pointer = "/tags", .code = "odcs.type", .message = "tags", .is_warning = false}};
  check("odcs", "v3.1.0", *document, found);
  EXPECT_EQ(found.size(), 1u);
}

TEST(Standard, AVersionWithoutSchemaIsLeftToOthers) { EXPECT_EQ(problems("odcs", contract("v2.2.1", "")), Pointers{}); }

}  // namespace
}  // namespace weft::standard
