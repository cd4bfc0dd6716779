#include "product/registry/model.h"

#include "base/crypto.h"
#include "base/json.h"
#include "product/registry/errors.h"

namespace weft::registry {
namespace {

constexpr std::int64_t kVersionMax = 2147483647;

void put_big_endian(std::string& out, int value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

// A length before each text, so that two of them never run together.
void put(std::string& out, std::string_view text) {
  put_big_endian(out, static_cast<int>(text.size()));
  out += text;
}

std::unexpected<Error> wrong_reference(std::string_view what) {
  return refuse(Code::unprocessable, format("Invalid references: {}", what));
}

}  // namespace

std::string text_of(const json::Value& value) { return value.is_null() ? std::string() : json::write(value); }

json::Value json_of(std::string_view text) {
  return text.empty() ? json::Value() : json::parse(text, {.bytes_max = 64 << 20}).value_or(json::Value());
}

json::Value references_to_json(const std::vector<Reference>& references) {
  json::Array all;
  for (const Reference& each : references) {
    all.push_back(json::Object{{"name", each.name}, {"subject", each.subject}, {"version", each.version}});
  }
  return json::Value(std::move(all));
}

Result<std::vector<Reference>> references_of(const json::Value& value) {
  std::vector<Reference> references;
  if (value.is_null()) return references;
  if (!value.is_array()) return wrong_reference("they are not an array");
  if (value.array().size() > evolution::kImportsMax)
    return wrong_reference(format("{} of them; at most {}", value.array().size(), evolution::kImportsMax));
  for (const json::Value& each : value.array()) {
    if (!each["name"].is_text() || !each["subject"].is_text() || !each["version"].is_integer())
      return wrong_reference("each has a name, a subject and a version");
    const std::int64_t version = each["version"].integer();
    if (version > kVersionMax || version < -1 || version == 0)
      return wrong_reference(format("version {} of {}", version, each["name"].text()));
    references.push_back({each["name"].text(), each["subject"].text(), static_cast<int>(version)});
  }
  return references;
}

std::string digest_of(const SchemaText& schema) {
  std::string all(to_string(schema.language));
  put(all, schema.text);
  for (const Reference& each : schema.references) {
    put(all, each.name);
    put(all, each.subject);
    put_big_endian(all, each.version);
  }
  const auto digest = crypto::sha256(all);
  return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

Uuid guid_of(const SchemaText& schema, const json::Value& metadata, const json::Value& rules) {
  std::string all = schema.text;
  for (const Reference& each : schema.references) {
    all += each.name;
    all += each.subject;
    put_big_endian(all, each.version);
  }
  if (!metadata.is_null()) all += '\x01' + json::write_canonical(metadata);
  if (!rules.is_null()) all += '\x01' + json::write_canonical(rules);
  Uuid guid{crypto::md5(all)};
  guid.bytes[6] = static_cast<std::uint8_t>((guid.bytes[6] & 0x0f) | 0x30);  // RFC 9562 version 3.
  guid.bytes[8] = static_cast<std::uint8_t>((guid.bytes[8] & 0x3f) | 0x80);
  return guid;
}

}  // namespace weft::registry
