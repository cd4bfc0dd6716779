#include "formats/odps/odps.h"

#include "base/format.h"
#include "base/text.h"
#include "formats/odcs/keys.h"

namespace weft::odps {
namespace {

using odcs::Key;
using odcs::Kind;
using odcs::Problem;

const std::vector<std::string> kVersions = {"v0.9.0", "v1.0.0"};

const std::vector<Key>& root_keys() {
  static const std::vector<Key> kKeys = {{"apiVersion", Kind::text, true},
                                         {"kind", Kind::text, true},
                                         {"id", Kind::text, true},
                                         {"status", Kind::text, true},
                                         {"name", Kind::text},
                                         {"version", Kind::text},
                                         {"domain", Kind::text},
                                         {"tenant", Kind::text},
                                         {"tags", Kind::array},
                                         {"description", Kind::object},
                                         {"authoritativeDefinitions", Kind::array},
                                         {"customProperties", Kind::array},
                                         {"inputPorts", Kind::array},
                                         {"outputPorts", Kind::array},
                                         {"managementPorts", Kind::array},
                                         {"support", Kind::array},
                                         {"team", Kind::object},
                                         {"productCreatedTs", Kind::text}};
  return kKeys;
}

std::map<std::string, json::Value> custom_of(const json::Value& list, const std::string& pointer,
                                             std::vector<Problem>& problems) {
  std::map<std::string, json::Value> custom;
  for (std::size_t i = 0; list.is_array() && i < list.array().size(); ++i) {
    const json::Value& each = list.array()[i];
    if (!odcs::check_keys(each, format("{}/customProperties/{}", pointer, i), "a custom property",
                          {{"property", Kind::text, true},
                           {"value", Kind::any, true},
                           {"description", Kind::text},
                           {"id", Kind::text}},
                          problems)) {
      continue;
    }
    custom[std::string(each["property"].text_or(""))] = each["value"];
  }
  return custom;
}

InputPort input_of(const json::Value& value, const std::string& pointer, std::vector<Problem>& problems) {
  odcs::check_keys(value, pointer, "an input port",
                   {{"name", Kind::text, true},
                    {"version", Kind::text, true},
                    {"contractId", Kind::text, true},
                    {"tags", Kind::array},
                    {"customProperties", Kind::array},
                    {"authoritativeDefinitions", Kind::array},
                    {"id", Kind::text}},
                   problems);
  return {.name = std::string(value["name"].text_or("")),
          .version = std::string(value["version"].text_or("")),
          .contract_id = std::string(value["contractId"].text_or("")),
          .pointer = pointer};
}

OutputPort output_of(const json::Value& value, const std::string& pointer, std::vector<Problem>& problems) {
  odcs::check_keys(value, pointer, "an output port",
                   {{"name", Kind::text, true},
                    {"version", Kind::text, true},
                    {"description", Kind::text},
                    {"type", Kind::text},
                    {"contractId", Kind::text},
                    {"sbom", Kind::array},
                    {"inputContracts", Kind::array},
                    {"tags", Kind::array},
                    {"customProperties", Kind::array},
                    {"authoritativeDefinitions", Kind::array},
                    {"id", Kind::text}},
                   problems);
  return {.name = std::string(value["name"].text_or("")),
          .version = std::string(value["version"].text_or("")),
          .description = std::string(value["description"].text_or("")),
          .type = std::string(value["type"].text_or("table")),
          .contract_id = std::string(value["contractId"].text_or("")),
          .pointer = pointer,
          .custom = custom_of(value["customProperties"], pointer, problems)};
}

}  // namespace

Parsed parse(const json::Value& document) {
  Parsed parsed;
  auto& problems = parsed.problems;
  Product product;
  product.document = document;
  if (!odcs::check_keys(document, "", "a data product", root_keys(), problems)) return parsed;
  product.api_version = document["apiVersion"].text_or("");
  if (!product.api_version.empty() &&
      std::find(kVersions.begin(), kVersions.end(), product.api_version) == kVersions.end()) {
    problems.push_back({"/apiVersion", "odps.version",
                        format("{} is no version of the product standard that is read here{}", product.api_version,
                               text::did_you_mean(product.api_version, kVersions))});
  }
  product.id = document["id"].text_or("");
  product.name = document["name"].text_or("");
  product.version = document["version"].text_or("");
  product.status = document["status"].text_or("");
  product.domain = document["domain"].text_or("");
  product.purpose = document["description"]["purpose"].text_or("");
  if (document["tags"].is_array()) {
    for (const json::Value& tag : document["tags"].array()) product.tags.emplace_back(tag.text_or(""));
  }
  const json::Value &inputs = document["inputPorts"], &outputs = document["outputPorts"];
  for (std::size_t i = 0; inputs.is_array() && i < inputs.array().size(); ++i)
    product.inputs.push_back(input_of(inputs.array()[i], format("/inputPorts/{}", i), problems));
  for (std::size_t i = 0; outputs.is_array() && i < outputs.array().size(); ++i)
    product.outputs.push_back(output_of(outputs.array()[i], format("/outputPorts/{}", i), problems));
  product.custom = custom_of(document["customProperties"], "", problems);
  if (problems.empty()) parsed.product = std::move(product);
  return parsed;
}

}  // namespace weft::odps
