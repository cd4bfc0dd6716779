#include "formats/standard/standard.h"

#include <set>

#include "base/check.h"
#include "base/format.h"
#include "base/json.h"
#include "formats/json_schema/json_schema.h"

// The standards' own schemas, without their words: the *.json beside this file.
namespace weft::data {
extern const char *const odcs_3_0_0, *const odcs_3_0_1, *const odcs_3_0_2, *const odcs_3_1_0, *const odcs_3_2_0;
extern const char *const odps_0_9_0, *const odps_1_0_0;
}  // namespace weft::data

namespace weft::standard {
namespace {

const json_schema::Schema* schema_of(std::string_view standard, std::string_view version) {
  static const std::map<std::string, json_schema::Schema, std::less<>> kSchemas = [] {
    std::map<std::string, json_schema::Schema, std::less<>> all;
    for (const auto& [name, text] :
         std::initializer_list<std::pair<const char*, const char*>>{{"odcs v3.0.0", data::odcs_3_0_0},
                                                                    {"odcs v3.0.1", data::odcs_3_0_1},
                                                                    {"odcs v3.0.2", data::odcs_3_0_2},
                                                                    {"odcs v3.1.0", data::odcs_3_1_0},
                                                                    {"odcs v3.2.0", data::odcs_3_2_0},
                                                                    {"odps v0.9.0", data::odps_0_9_0},
                                                                    {"odps v1.0.0", data::odps_1_0_0}}) {
      auto document = json::parse(text);
      CHECK(document);
      auto compiled = json_schema::Schema::compile(std::move(*document), json_schema::kOwnSchemas);
      CHECK(compiled);
      all.emplace(name, std::move(*compiled));
    }
    return all;
  }();
  const auto found = kSchemas.find(format("{} {}", standard, version));
  return found == kSchemas.end() ? nullptr : &found->second;
}

}  // namespace

void check(std::string_view standard, std::string_view version, const json::Value& document,
           std::vector<odcs::Problem>& problems) {
  auto all = violations(standard, version, document);
  if (!all) return;
  std::set<std::string> told;
  for (const odcs::Problem& problem : problems) told.insert(problem.pointer);
  for (odcs::Problem& each : *all) {
    if (!told.contains(each.pointer)) problems.push_back(std::move(each));
  }
}

std::optional<std::vector<odcs::Problem>> violations(std::string_view standard, std::string_view version,
                                                     const json::Value& document) {
  const json_schema::Schema* schema = schema_of(standard, version);
  if (schema == nullptr) return std::nullopt;
  std::vector<odcs::Problem> problems;
  for (json_schema::Violation& each : schema->check(document)) {
    problems.push_back({.pointer = std::move(each.pointer),
                        .code = format("{}.schema", standard),
                        .message = std::move(each.message),
                        .is_warning = false});
  }
  return problems;
}

}  // namespace weft::standard
