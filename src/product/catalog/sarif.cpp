#include "product/catalog/catalog.h"

#include <set>

#include "base/json.h"

namespace weft::catalog {

std::string sarif_of(const std::vector<Problem>& problems) {
  json::Array rules, results;
  std::set<std::string> seen;
  for (const Problem& problem : problems) {
    if (seen.insert(problem.code).second) rules.push_back(json::Object{{"id", problem.code}});
    json::Object region{{"startLine", std::max(1, problem.line)}, {"startColumn", std::max(1, problem.column)}};
    json::Object place{{"artifactLocation", json::Object{{"uri", problem.file}}}, {"region", region}};
    json::Array locations;
    locations.push_back(json::Object{{"physicalLocation", place}});
    json::Object result{{"ruleId", problem.code},
                        {"level", problem.severity == "error" ? "error" : "warning"},
                        {"message", json::Object{{"text", problem.message}}}};
    result.set("locations", json::Value(std::move(locations)));
    results.push_back(std::move(result));
  }
  json::Object driver{{"name", "weft"}, {"version", WEFT_VERSION}};
  driver.set("rules", json::Value(std::move(rules)));
  json::Object run{{"tool", json::Object{{"driver", driver}}}};
  run.set("results", json::Value(std::move(results)));
  json::Array runs;
  runs.push_back(std::move(run));
  json::Object document{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}};
  document.set("runs", json::Value(std::move(runs)));
  return json::write_pretty(document) + "\n";
}

}  // namespace weft::catalog
