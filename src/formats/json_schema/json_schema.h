#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json_value.h"
#include "base/result.h"
#include "formats/evolution/evolution.h"

namespace weft::json_schema {

inline constexpr std::size_t kViolationsMax = 100;
inline constexpr int kNestingMax = 1000;                 // Schemas within schemas while one value is checked.
inline constexpr std::size_t kStepsMax = 10'000'000;     // Schemas applied to values in one check.
inline constexpr std::size_t kSchemaDepthMax = 200;      // Objects and arrays within each other in a schema's document.
inline constexpr std::size_t kSchemasMax = 500'000;      // In a document and what it refers to.
inline constexpr std::size_t kPatternsMax = 2000;        // Different ones.
inline constexpr std::size_t kTextsBytesMax = 16 << 20;  // Of all imports together.

struct Violation {
  std::string pointer;  // RFC 6901, into the instance.
  std::string keyword;  // "required", "type" …
  std::string message;
};

enum class Draft : std::uint8_t { v4, v6, v7, v2019_09, v2020_12 };

// What a keyword that the draft does not have is: the specification says an annotation, for our own schemas a slip.
enum class Unknown : std::uint8_t { annotation, refused };

struct Options {
  Draft draft = Draft::v7;  // Of a document that has no `$schema`.
  Unknown unknown = Unknown::annotation;
  std::span<const evolution::Import> imports = {};
};

inline constexpr Options kOwnSchemas{.draft = Draft::v2019_09, .unknown = Unknown::refused};

class Library;

// A compiled schema. Cheap to copy; thread-safe.
class Schema {
 public:
  // invalid "json_schema.malformed", "json_schema.reference" (to what is neither here nor imported: nothing is ever
  // fetched), "pattern.malformed"; unsupported "json_schema.keyword", "json_schema.dialect", "pattern.unsupported";
  // limit "json_schema.too_deep", "json_schema.too_large".
  static Result<Schema> compile(json::Value document, const Options& options = {});

  // Of a schema whose references are resolved. Errors: those of its patterns.
  static Result<Schema> compile(std::shared_ptr<const Library> library, Unknown unknown = Unknown::annotation);

  // Without a word of why: the fastest.
  bool allows(const json::Value& instance) const;
  // What is wrong with the instance, at most kViolationsMax; nothing: it is valid. `format` is an annotation.
  std::vector<Violation> check(const json::Value& instance) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace weft::json_schema
