#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/odcs/odcs.h"
#include "product/catalog/catalog.h"

namespace weft::contracts {

// What is said of one document: by the standard's JSON Schema of its version, and by the standard's text, which says
// more (references resolve, positions are unique, rules have one operator …).
struct Verdict {
  bool is_valid = false;  // By the JSON Schema.
  bool conforms = false;  // By the text, too.
  std::vector<odcs::Problem> problems;
  std::vector<std::string> rule_of;  // Of each problem: "schema" or "text".
};
// `version`: whose JSON Schema it is held to, "v3.1.0".
Verdict judge(const json::Value& document, std::string_view version);

// The problems of a file's contracts with their places; a document of another kind is one.
std::vector<catalog::Problem> lint(const catalog::SourceFile& file);

// One line `{"apiVersion":…,"doc":…}` answered by one line `{"valid":…,"conforms":…,"problems":[…]}`. `doc` is the
// contract as JSON, or its YAML as a text; `apiVersion` names the JSON Schema, otherwise the document does.
std::string lint_line(std::string_view line);

// The one contract of a file. invalid "contract.file" when it holds none, several, or one with errors.
Result<odcs::Contract> read_contract(const std::string& path);

}  // namespace weft::contracts
