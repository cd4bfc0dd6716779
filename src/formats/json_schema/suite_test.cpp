#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "formats/json_schema/json_schema.h"

// The specification's own test suite, when WEFT_JSON_SCHEMA_SUITE names a folder with it (README.md says what it
// holds); without it there is nothing to run here. WEFT_JSON_SCHEMA_OPTIONAL runs what the specification leaves open,
// too.
namespace weft::json_schema {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& each : fs::recursive_directory_iterator(folder)) {
    if (each.is_regular_file()) files.push_back(each.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// What the suite serves at its own address, and the drafts' meta-schemas by their ids.
std::vector<evolution::Import> imports_of(const fs::path& suite) {
  std::vector<evolution::Import> imports;
  for (const fs::path& file : files_below(suite / "remotes")) {
    imports.push_back({.name = "http://localhost:1234/" + fs::relative(file, suite / "remotes").generic_string(),
                       .text = read(file)});
  }
  for (const fs::path& file : files_below(suite / "meta")) {
    const auto meta = json::parse(read(file));
    EXPECT_TRUE(meta) << file;
    if (!meta) continue;
    std::string id((*meta)["$id"].text_or((*meta)["id"].text_or("")));
    if (id.ends_with('#')) id.pop_back();
    imports.push_back({.name = id, .text = read(file)});
  }
  return imports;
}

struct Tally {
  std::size_t run = 0, wrong = 0;
};

void run_group(const json::Value& group, const std::string& where, const Options& options, Tally& tally) {
  const auto schema = Schema::compile(group["schema"], options);
  for (const json::Value& test : group["tests"].array()) {
    ++tally.run;
    const std::string what = where + ": " + std::string(group["description"].text_or("")) + ": " +
                             std::string(test["description"].text_or(""));
    if (!schema) {
      ++tally.wrong;
      ADD_FAILURE() << what << ": " << schema.error().code << " " << schema.error().message;
      continue;
    }
    const bool is_valid = schema->allows(test["data"]);
    if (is_valid != test["valid"].boolean()) {
      ++tally.wrong;
      ADD_FAILURE() << what;
    }
    EXPECT_EQ(is_valid, schema->check(test["data"]).empty()) << what;
  }
}

TEST(JsonSchemaSuite, EveryTestOfTheFiveDraftsHolds) {
  const char* folder = std::getenv("WEFT_JSON_SCHEMA_SUITE");
  if (folder == nullptr) return;
  const fs::path suite = folder;
  const auto imports = imports_of(suite);
  const std::pair<const char*, Draft> drafts[] = {{"draft4", Draft::v4},
                                                  {"draft6", Draft::v6},
                                                  {"draft7", Draft::v7},
                                                  {"draft2019-09", Draft::v2019_09},
                                                  {"draft2020-12", Draft::v2020_12}};
  for (const auto& [name, draft] : drafts) {
    Tally tally;
    for (const fs::path& file : files_below(suite / "tests" / name)) {
      const fs::path within = fs::relative(file, suite / "tests" / name);
      const bool is_optional = within.begin()->string() == "optional";
      if (is_optional &&
          (std::getenv("WEFT_JSON_SCHEMA_OPTIONAL") == nullptr || std::distance(within.begin(), within.end()) > 2))
        continue;
      const auto groups = json::parse(read(file));
      ASSERT_TRUE(groups) << file;
      for (const json::Value& group : groups->array())
        run_group(group, std::string(name) + "/" + within.generic_string(), {.draft = draft, .imports = imports},
                  tally);
    }
    std::printf("%s: %zu tests, %zu wrong\n", name, tally.run, tally.wrong);
  }
}

}  // namespace
}  // namespace weft::json_schema
