#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json_value.h"
#include "product/registry/language.h"
#include "product/registry/names.h"

namespace weft::registry {

struct Reference {
  std::string name;     // As the schema's text writes it.
  std::string subject;  // As the client wrote it; without a context it is in the referring schema's.
  int version = 0;
  friend bool operator==(const Reference&, const Reference&) = default;
};

// What an id stands for: immutable, shared by all versions that have it.
struct SchemaText {
  Language language = Language::avro;
  std::string text;  // Canonical.
  std::vector<Reference> references;
};
using SchemaPointer = std::shared_ptr<const SchemaText>;

struct Version {
  int number = 0;
  int id = 0;
  Uuid guid;
  SchemaPointer schema;
  std::string metadata, rules;  // JSON; "" for none.
  bool is_deleted = false;      // Softly.
  std::int64_t time_ms = 0;
};

// A version with its subject.
struct Entry {
  Subject subject;
  Version version;
};

json::Value references_to_json(const std::vector<Reference>& references);
// 422 when it is no list of {name, subject, version}.
Result<std::vector<Reference>> references_of(const json::Value& value);

// Metadata and rules are kept as text: "" is null.
std::string text_of(const json::Value& value);
json::Value json_of(std::string_view text);

// SHA-256 over language, text and references: equal schemas have equal ones.
std::string digest_of(const SchemaText& schema);
// The registry API's GUID: MD5 over text, references, metadata and rules, as a version 3 UUID.
Uuid guid_of(const SchemaText& schema, const json::Value& metadata, const json::Value& rules);

}  // namespace weft::registry
