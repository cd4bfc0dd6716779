#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// What the schema languages of the registry (avro, json_schema, protobuf) have in common: a schema that another one
// names, and a reason why data written with one schema cannot be read with another.
namespace weft::evolution {

inline constexpr std::size_t kSchemaBytesMax = 1 << 20;  // Of one text.
inline constexpr std::size_t kImportsMax = 1000;         // Of one schema, transitively.
inline constexpr std::size_t kDifferencesMax = 100;

// One entry of a schema's `references`, already looked up. A list of imports is in dependency order: what an import
// itself needs stands before it, each name once.
struct Import {
  std::string name;  // As the schema that refers to it writes it.
  std::string text;
};

// How to speak of the two schemas: BACKWARD checks read old data with the new schema, FORWARD the other way round.
struct Sides {
  std::string_view reader = "new";
  std::string_view writer = "old";
};

// One reason why data of the writer's schema may not be read with the reader's.
struct Difference {
  std::string type;         // The name that Confluent's registry gives it: "READER_FIELD_MISSING_DEFAULT_VALUE".
  std::string path;         // Where in the reader's schema: "/fields/0" (Avro), "#/properties/id", "#/Order/3".
  std::string description;  // A sentence that names the path and both sides, quoted as the registry's clients show it.
  std::string detail;       // Extra, may be "": the field's name, the missing symbols.
};

}  // namespace weft::evolution
