#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "formats/odcs/odcs.h"

// Data products of the Open Data Product Standard (Bitol), versions 0.9.0 and 1.0.0, as values.
namespace weft::odps {

struct InputPort {
  std::string name, version, contract_id, pointer;
};

struct OutputPort {
  std::string name, version, description, type, contract_id, pointer;
  std::map<std::string, json::Value> custom;
};

struct Product {
  std::string api_version, id, name, version, status, domain, purpose;
  std::vector<std::string> tags;
  std::vector<InputPort> inputs;
  std::vector<OutputPort> outputs;
  std::map<std::string, json::Value> custom;
  json::Value document;
};

struct Parsed {
  std::optional<Product> product;
  std::vector<odcs::Problem> problems;
};

Parsed parse(const json::Value& document);

}  // namespace weft::odps
