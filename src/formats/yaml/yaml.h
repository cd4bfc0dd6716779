#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_value.h"

// YAML 1.2 with its core schema, read safely: values and where they stand. Wraps yaml-cpp.
//
// Dates stay texts, and so do yes, no, on, off (Norway). Whole numbers beyond 64 bits keep their digits. Refused, each
// with its own code: duplicate keys, keys that are no texts, tabs in indentation, NUL, invalid UTF-8, unknown tags,
// merge keys, .nan and .inf, aliases that explode, and what is too large or too deep.
namespace weft::yaml {

inline constexpr std::size_t kBytesMax = 10 << 20;
inline constexpr std::size_t kNodesMax = 500'000;  // Aliases expanded.
inline constexpr std::size_t kDepthMax = 64;

struct Place {
  int line = 0, column = 0;  // From 1.
};

struct Problem {
  Place place;
  std::string code, message, pointer;
};

struct Document {
  json::Value value;
  std::map<std::string, Place, std::less<>> places;  // By JSON pointer; of a member: where its key stands.
  std::string text;                                  // Byte for byte, without the `---` around it.
  int first_line = 1;

  // The place of a pointer, or of its nearest ancestor.
  Place place(std::string_view pointer) const;
};

struct Stream {
  std::vector<Document> documents;
  std::vector<Problem> problems;
};

// All documents of a text, and all problems that were met; a document with problems is left out.
Stream read(std::string_view text);

// Appends a segment to a JSON pointer (RFC 6901).
std::string pointer_to(std::string_view parent, std::string_view key);

}  // namespace weft::yaml
