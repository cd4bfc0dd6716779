#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "formats/odcs/diff.h"

// The parts of odcs::diff, one for each part of a contract.
namespace weft::odcs {

const Rule& rule(std::string_view code);  // CHECKs that there is one.

struct Differ {
  std::vector<Change> changes;

  void add(std::string_view code, std::string pointer, std::string where, json::Value before, json::Value after);
};

void diff_fields(Differ& out, const std::string& where, const std::vector<Property>& before,
                 const std::vector<Property>& after);
void diff_keys(Differ& out, const SchemaObject& before, const SchemaObject& after);
void diff_quality(Differ& out, const std::string& where, const std::vector<Quality>& before,
                  const std::vector<Quality>& after);
void diff_options(Differ& out, const std::string& where, const Property& before, const Property& after);
// Servers, service levels, roles, price, terms, and words.
void diff_promises(Differ& out, const json::Value& before, const json::Value& after);

// The value at a pointer's last members, quoted for a message; long ones are cut.
std::string shown(const json::Value& value);

}  // namespace weft::odcs
