#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/evolution/evolution.h"
#include "formats/json_schema/json_schema.h"

namespace weft::json_schema {

class Library;

// A JSON schema as a registry holds it: a text whose references are all resolved. Cheap to copy; thread-safe.
class SchemaText {
 public:
  // Of a text without `$schema` the draft is 7. true and false are schemas. Patterns that cannot run in linear time are
  // texts here; only validator() needs more of them.
  // invalid "json_schema.malformed", "json_schema.reference", "json_schema.endless" (a schema that refers to itself for
  // the same value); unsupported "json_schema.dialect"; limit
  // "json_schema.too_deep", "json_schema.too_large".
  static Result<SchemaText> parse(std::string_view text, std::span<const evolution::Import> imports = {});

  // The document without white space, in its own order of keys; numbers as written where a double holds them.
  std::string canonical() const;
  // One text for what differs in order alone: keys sorted, and what is a set in JSON Schema (required, enum, type …).
  std::string normalized() const;

  // For checking values. unsupported "pattern.unsupported", invalid "pattern.malformed".
  Result<Schema> validator() const;

  const Library& library() const { return *library_; }

 private:
  std::shared_ptr<const Library> library_;
};

}  // namespace weft::json_schema
