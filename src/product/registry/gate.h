#pragma once

#include <optional>
#include <string>
#include <vector>

#include "product/mesh/mesh.h"
#include "product/registry/language.h"
#include "product/registry/names.h"

namespace weft::registry {

// The port that owns a subject, when one does.
struct Owner {
  const mesh::Port* port = nullptr;
  bool is_key = false;
};
std::optional<Owner> owner_of(const mesh::MeshState& mesh, const Subject& subject);

// One field of a schema, as far as a contract can speak of it.
struct SchemaField {
  std::string name;
  std::vector<std::string> types;  // Families of column types that it may fill: "int", "long", "decimal", "list" …
  std::string written;             // Its type as the schema has it, for messages.
  bool may_be_null = false;
};
// The fields of a record, an object, or the first message; one without a name for a schema that is a single value.
std::vector<SchemaField> fields_of(const Parsed& schema);

// What the schema says that the contract behind the port does not, each a sentence with what to write; empty: they
// mean one thing. By `schema_source` "registry" new optional fields are the producer's to add.
std::vector<std::string> disagreements(const Parsed& schema, const Owner& owner);

}  // namespace weft::registry
