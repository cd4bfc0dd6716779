#pragma once

#include "product/catalog/documents.h"

namespace weft::catalog {

struct FieldChange {
  std::string pointer;
  json::Value before, after;  // Null: not there.
};

struct Change {
  enum class Kind { create, change, remove };
  Kind kind = Kind::create;
  const Declared* before = nullptr;
  const Declared* after = nullptr;
  std::vector<FieldChange> fields;
};

// What becomes breaking for those who use a port, and who they are.
struct Breaking {
  std::string port;
  std::string what;
  std::vector<std::string> affected;  // "product insights.departures", "pipeline departures", "grant to insights".
};

struct Comparison {
  std::vector<Change> changes;
  std::vector<Breaking> breaking;
  std::vector<std::string> notices;  // Contracts whose version does not fit their changes.
  std::vector<Problem> problems;     // Deletions that others depend on.
};

// All pure. `before` and `after` are whole meshes with their documents.
Comparison compare(const std::vector<Declared>& documents_before, const mesh::MeshState& before,
                   const std::vector<Declared>& documents_after, const mesh::MeshState& after);

json::Value to_json(const Comparison& comparison);
json::Value to_json(const Problem& problem);

}  // namespace weft::catalog
