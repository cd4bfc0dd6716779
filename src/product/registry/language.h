#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "formats/avro/schema.h"
#include "formats/evolution/evolution.h"
#include "formats/json_schema/text.h"
#include "formats/protobuf/protobuf.h"

// The three schema languages behind one face.
namespace weft::registry {

enum class Language { avro, json, protobuf };
std::string_view to_string(Language language);  // "AVRO"
// Empty: AVRO. 42201.
Result<Language> parse_language(std::string_view text);

enum class Policy { strict, lenient };

// A schema that was read and understood. Cheap to copy; thread-safe.
class Parsed {
 public:
  // 42201 with what is wrong and where, 42209.
  static Result<Parsed> parse(Language language, std::string_view text, std::span<const evolution::Import> imports);

  Language language() const { return static_cast<Language>(schema_.index()); }
  // The schema as its language has it, or null when it is of another.
  template <class Schema>
  const Schema* as() const {
    return std::get_if<Schema>(&schema_);
  }
  std::string canonical() const;   // What the registry keeps: equal schemas, equal texts.
  std::string normalized() const;  // The same beyond order and spelling.
  // The text in a form that `format=` asks for: "serialized" (Protobuf), "resolved" (Avro); nothing: as it is kept.
  std::optional<std::string> formatted(std::string_view format) const;

  // Why `reader` cannot read data of `writer`; both of one language.
  static std::vector<evolution::Difference> differences(const Parsed& reader, const Parsed& writer, Policy policy,
                                                        evolution::Sides sides);

 private:
  using Schema = std::variant<avro::Schema, json_schema::SchemaText, protobuf::Schema>;
  explicit Parsed(Schema schema) : schema_(std::move(schema)) {}
  Schema schema_;
};

}  // namespace weft::registry
