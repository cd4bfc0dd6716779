#include "product/registry/language.h"

#include "base/check.h"
#include "base/text.h"
#include "formats/json_schema/compatibility.h"
#include "product/registry/errors.h"

namespace weft::registry {
namespace {

template <class Schema>
Result<Schema> understood(Result<Schema> schema) {
  if (schema) return schema;
  return refuse(schema.error().kind == ErrorKind::limit ? Code::too_large : Code::invalid_schema,
                "Invalid schema: " + schema.error().message);
}

}  // namespace

std::string_view to_string(Language language) {
  switch (language) {
    case Language::avro:
      return "AVRO";
    case Language::json:
      return "JSON";
    case Language::protobuf:
      return "PROTOBUF";
  }
  return "AVRO";
}

Result<Language> parse_language(std::string_view text) {
  if (text.empty()) return Language::avro;
  for (const Language language : {Language::avro, Language::json, Language::protobuf}) {
    if (text::iequals(text, to_string(language))) return language;
  }
  return refuse(Code::invalid_schema, format("Invalid schema type {}: it is AVRO, JSON or PROTOBUF", text));
}

Result<Parsed> Parsed::parse(Language language, std::string_view text, std::span<const evolution::Import> imports) {
  if (text.size() > evolution::kSchemaBytesMax) {
    return refuse(Code::too_large, format("Invalid schema: it has {} bytes; at most {} are taken", text.size(),
                                          evolution::kSchemaBytesMax));
  }
  switch (language) {
    case Language::avro:
      return Parsed(TRY(understood(avro::Schema::parse(text, imports))));
    case Language::json:
      return Parsed(TRY(understood(json_schema::SchemaText::parse(text, imports))));
    case Language::protobuf:
      return Parsed(TRY(understood(protobuf::Schema::parse(text, imports))));
  }
  return refuse(Code::invalid_schema, "Invalid schema type");
}

std::string Parsed::canonical() const {
  return std::visit([](const auto& schema) { return schema.canonical(); }, schema_);
}

std::string Parsed::normalized() const {
  return std::visit([](const auto& schema) { return schema.normalized(); }, schema_);
}

std::optional<std::string> Parsed::formatted(std::string_view format) const {
  if (const auto* schema = std::get_if<protobuf::Schema>(&schema_); schema != nullptr && format == "serialized")
    return schema->serialized();
  if (const auto* schema = std::get_if<avro::Schema>(&schema_); schema != nullptr && format == "resolved")
    return schema->resolved();
  return std::nullopt;
}

std::vector<evolution::Difference> Parsed::differences(const Parsed& reader, const Parsed& writer, Policy policy,
                                                       evolution::Sides sides) {
  CHECK(reader.language() == writer.language());
  switch (reader.language()) {
    case Language::avro:
      return avro::differences(std::get<avro::Schema>(reader.schema_), std::get<avro::Schema>(writer.schema_), sides);
    case Language::json:
      return json_schema::differences(
          std::get<json_schema::SchemaText>(reader.schema_), std::get<json_schema::SchemaText>(writer.schema_),
          policy == Policy::lenient ? json_schema::Policy::lenient : json_schema::Policy::strict, sides);
    case Language::protobuf:
      return protobuf::differences(std::get<protobuf::Schema>(reader.schema_),
                                   std::get<protobuf::Schema>(writer.schema_), sides);
  }
  return {};
}

}  // namespace weft::registry
