#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_value.h"
#include "formats/yaml/yaml.h"

// Data contracts of the Open Data Contract Standard (Bitol), versions 3.0.x to 3.2.x, as values.
namespace weft::odcs {

// What stands at one place and is wrong; `pointer` is a JSON pointer into the document.
struct Problem {
  std::string pointer, code, message;
  bool is_warning = false;
};

// One quality rule as written; its keys are read where it is run.
struct Quality {
  json::Object rule;
  std::string pointer;
};

struct Property {
  std::string id, name, physical_name, logical_type, physical_type, description, classification;
  json::Object options;  // logicalTypeOptions.
  bool is_required = false, is_unique = false, is_primary_key = false, is_partitioned = false;
  int primary_key_position = -1, partition_position = -1;
  std::vector<std::string> tags;
  json::Array enumeration;  // 3.2: enum[].value.
  std::vector<Quality> quality;
  std::vector<Property> properties;  // Of an object.
  std::vector<Property> items;       // Of an array: one.
  std::string pointer;
};

struct SchemaObject {
  std::string id, name, physical_name, description;
  std::vector<Property> properties;
  std::vector<Quality> quality;
  std::string pointer;
};

struct Contract {
  std::string api_version, id, name, version, status, domain, purpose;
  std::vector<SchemaObject> objects;
  std::map<std::string, json::Value> custom;  // customProperties by property.
  json::Value document;                       // All of it.
};

struct Parsed {
  std::optional<Contract> contract;  // When there are no errors.
  std::vector<Problem> problems;
};

// The document as a value, held to the standard's text: what a schema cannot say. Its JSON Schema is asked apart
// (formats/standard).
Parsed parse(const json::Value& document);

const std::vector<std::string>& known_versions();

}  // namespace weft::odcs
