#include "formats/avro/avro.h"

#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "base/json.h"

namespace weft::avro {
namespace {

constexpr std::string_view kMagic("Obj\x01", 4);
constexpr std::size_t kSyncBytes = 16;
constexpr std::size_t kRecordsABlock = 4096;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorKind::invalid, "avro.malformed", "the Avro bytes are malformed: {}", what);
}
std::unexpected<Error> misfit(std::string_view type) {
  return fail(ErrorKind::invalid, "avro.value", "a value does not fit the Avro type {}", type);
}

// The name of a schema: a primitive's, "union" for an array, the `type` of an object.
std::string_view kind_of(const json::Value& schema) {
  if (schema.is_text()) return schema.text();
  if (schema.is_array()) return "union";
  const json::Value& type = schema["type"];
  return type.is_object() || type.is_array() ? kind_of(type) : type.text_or("");
}

// `{"type": {"type": …}}` wraps are seen through.
const json::Value& core_of(const json::Value& schema) {
  if (schema.is_object() && (schema["type"].is_object() || schema["type"].is_array())) return core_of(schema["type"]);
  return schema;
}

void write_long(std::string& out, std::int64_t value) {
  auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  while (bits >= 0x80) {
    out += static_cast<char>((bits & 0x7F) | 0x80);
    bits >>= 7;
  }
  out += static_cast<char>(bits);
}

void write_bytes(std::string& out, std::string_view bytes) {
  write_long(out, static_cast<std::int64_t>(bytes.size()));
  out += bytes;
}

template <class T>
void write_fixed_width(std::string& out, T value) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));  // Little endian, as this machine is.
  out.append(bytes.data(), bytes.size());
}

bool fits(const json::Value& schema, const json::Value& value) {
  const auto kind = kind_of(schema);
  if (kind == "null") return value.is_null();
  if (kind == "boolean") return value.is_boolean();
  if (kind == "int" || kind == "long") return value.is_integer();
  if (kind == "float" || kind == "double") return value.is_number();
  if (kind == "string" || kind == "bytes" || kind == "fixed" || kind == "enum") return value.is_text();
  if (kind == "array") return value.is_array();
  return value.is_object();
}

Result<> encode_to(std::string& out, const json::Value& schema_in, const json::Value& value);

Result<> encode_union(std::string& out, const json::Array& branches, const json::Value& value) {
  for (std::size_t i = 0; i < branches.size(); ++i) {
    if (!fits(branches[i], value)) continue;
    write_long(out, static_cast<std::int64_t>(i));
    return encode_to(out, branches[i], value);
  }
  return misfit("union");
}

Result<> encode_array(std::string& out, const json::Value& items, const json::Array& array) {
  if (!array.empty()) write_long(out, static_cast<std::int64_t>(array.size()));
  for (const json::Value& each : array) TRY(encode_to(out, items, each));
  write_long(out, 0);
  return {};
}

Result<> encode_to(std::string& out, const json::Value& schema_in, const json::Value& value) {
  const json::Value& schema = core_of(schema_in);
  const auto kind = kind_of(schema);
  if (schema.is_array()) return encode_union(out, schema.array(), value);
  if (!fits(schema, value)) return misfit(kind);
  if (kind == "null") return {};
  if (kind == "boolean") {
    out += value.boolean() ? '\x01' : '\x00';
  } else if (kind == "int" || kind == "long") {
    write_long(out, value.integer());
  } else if (kind == "float") {
    write_fixed_width(out, static_cast<float>(value.number()));
  } else if (kind == "double") {
    write_fixed_width(out, value.number());
  } else if (kind == "string" || kind == "bytes") {
    write_bytes(out, value.text());
  } else if (kind == "fixed") {
    if (static_cast<std::int64_t>(value.text().size()) != schema["size"].integer_or(-1)) return misfit("fixed");
    out += value.text();
  } else if (kind == "array") {
    return encode_array(out, schema["items"], value.array());
  } else if (kind == "map") {
    if (!value.object().empty()) write_long(out, static_cast<std::int64_t>(value.object().size()));
    for (const auto& [key, each] : value.object()) {
      write_bytes(out, key);
      TRY(encode_to(out, schema["values"], each));
    }
    write_long(out, 0);
  } else if (kind == "record") {
    for (const json::Value& field : schema["fields"].array()) {
      const auto name = field["name"].text_or("");
      const auto done = encode_to(out, field["type"], value[name]);
      if (!done) return fail(ErrorKind::invalid, "avro.value", "{} in the field {}", done.error().message, name);
    }
  } else {
    return fail(ErrorKind::unsupported, "avro.schema", "the Avro type {} is not written here", kind);
  }
  return {};
}

// Reads from the front of a view.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool is_empty() const { return rest_.empty(); }

  Result<std::int64_t> integer() {
    std::uint64_t bits = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return malformed("a number is cut");
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      bits |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1);
    }
    return malformed("a number of more than 64 bits");
  }
  Result<std::string_view> take(std::int64_t size) {
    if (size < 0 || static_cast<std::uint64_t>(size) > rest_.size()) return malformed("a length reaches past the end");
    const auto bytes = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(static_cast<std::size_t>(size));
    return bytes;
  }
  Result<std::string_view> sized() { return take(TRY(integer())); }
  Result<json::Value> value(const json::Value& schema_in, std::size_t depth);

 private:
  template <class T>
  Result<T> fixed_width() {
    T number;
    const auto bytes = TRY(take(sizeof(T)));
    std::memcpy(&number, bytes.data(), sizeof(T));
    return number;
  }
  // Counts of a block; a negative count is followed by the block's size.
  Result<std::int64_t> block() {
    std::int64_t count = TRY(integer());
    if (count < 0) {
      if (count == INT64_MIN) return malformed("a block of no countable length");
      TRY(integer());
      count = -count;
    }
    // An item of no bytes (null) could repeat for ever.
    if (count > kItemsMax - items_) return fail(ErrorKind::limit, "avro.too_large", "more than {} items", kItemsMax);
    items_ += count;
    return count;
  }
  std::string_view rest_;
  std::int64_t items_ = 0;
};

Result<json::Value> Reader::value(const json::Value& schema_in, std::size_t depth) {
  if (depth > kDepthMax)
    return fail(ErrorKind::limit, "avro.too_deep", "the Avro value nests deeper than {} levels", kDepthMax);
  const json::Value& schema = core_of(schema_in);
  const auto kind = kind_of(schema);
  if (schema.is_array()) {
    const std::int64_t branch = TRY(integer());
    if (branch < 0 || static_cast<std::size_t>(branch) >= schema.array().size())
      return malformed("a union's branch that is not there");
    return value(schema.array()[static_cast<std::size_t>(branch)], depth + 1);
  }
  if (kind == "null") return json::Value();
  if (kind == "boolean") return json::Value(TRY(take(1))[0] != '\0');
  if (kind == "int" || kind == "long") return json::Value(TRY(integer()));
  if (kind == "float") return json::Value(static_cast<double>(TRY(fixed_width<float>())));
  if (kind == "double") return json::Value(TRY(fixed_width<double>()));
  if (kind == "string" || kind == "bytes") return json::Value(TRY(sized()));
  if (kind == "fixed") return json::Value(TRY(take(schema["size"].integer_or(0))));
  if (kind == "array") {
    json::Array array;
    for (std::int64_t count = TRY(block()); count != 0; count = TRY(block())) {
      for (std::int64_t i = 0; i < count; ++i) array.push_back(TRY(value(schema["items"], depth + 1)));
    }
    return json::Value(std::move(array));
  }
  if (kind == "map") {
    json::Object object;
    for (std::int64_t count = TRY(block()); count != 0; count = TRY(block())) {
      for (std::int64_t i = 0; i < count; ++i) {
        const std::string key(TRY(sized()));
        object.set(key, TRY(value(schema["values"], depth + 1)));
      }
    }
    return json::Value(std::move(object));
  }
  if (kind == "record" && schema["fields"].is_array()) {
    json::Object object;
    for (const json::Value& field : schema["fields"].array())
      object.add(std::string(field["name"].text_or("")), TRY(value(field["type"], depth + 1)));
    return json::Value(std::move(object));
  }
  return fail(ErrorKind::unsupported, "avro.schema", "the Avro type {} is not read here", kind);
}

json::Value metadata_schema() { return json::Object{{"type", "map"}, {"values", "bytes"}}; }

}  // namespace

Result<std::string> encode(const json::Value& schema, const json::Value& value) {
  std::string out;
  TRY(encode_to(out, schema, value));
  return out;
}

Result<json::Value> decode(const json::Value& schema, std::string_view bytes) {
  Reader reader(bytes);
  json::Value value = TRY(reader.value(schema, 0));
  if (!reader.is_empty()) return malformed("there is more after the value");
  return value;
}

Result<std::string> write_container(const Container& container, std::string_view sync) {
  if (sync.size() != kSyncBytes)
    return fail(ErrorKind::invalid, "avro.value", "a sync marker has {} bytes", kSyncBytes);
  json::Object metadata{{"avro.schema", json::write(container.schema)}, {"avro.codec", "deflate"}};
  for (const auto& [key, value] : container.metadata) metadata.set(key, value);
  std::string out(kMagic);
  TRY(encode_to(out, metadata_schema(), metadata));
  out += sync;
  for (std::size_t at = 0; at < container.records.size(); at += kRecordsABlock) {
    std::string block;
    const std::size_t end = std::min(container.records.size(), at + kRecordsABlock);
    for (std::size_t i = at; i < end; ++i) TRY(encode_to(block, container.schema, container.records[i]));
    write_long(out, static_cast<std::int64_t>(end - at));
    write_bytes(out, deflate_raw(block));
    out += sync;
  }
  return out;
}

Result<Container> read_container(std::string_view bytes) {
  if (bytes.size() > kFileBytesMax)
    return fail(ErrorKind::limit, "avro.too_large", "an Avro file of more than {} bytes", kFileBytesMax);
  if (!bytes.starts_with(kMagic)) return malformed("no container file");
  Reader reader(bytes.substr(kMagic.size()));
  const json::Value metadata = TRY(reader.value(metadata_schema(), 0));
  Container container;
  for (const auto& [key, value] : metadata.object()) {
    if (!key.starts_with("avro.")) container.metadata[key] = value.text();
  }
  container.schema = TRY(json::parse(metadata["avro.schema"].text_or("")));
  const std::string codec(metadata["avro.codec"].text_or("null"));
  if (codec != "null" && codec != "deflate")
    return fail(ErrorKind::unsupported, "avro.codec", "the codec {} is not read here", codec);
  const std::string sync(TRY(reader.take(kSyncBytes)));
  while (!reader.is_empty()) {
    const std::int64_t count = TRY(reader.integer());
    std::string block(TRY(reader.sized()));
    if (codec == "deflate") block = TRY(inflate_raw(block, kFileBytesMax));
    Reader records(block);
    if (count < 0 || count > kItemsMax) return malformed("a block's count");
    for (std::int64_t i = 0; i < count; ++i) container.records.push_back(TRY(records.value(container.schema, 0)));
    if (!records.is_empty()) return malformed("a block is longer than its records");
    if (TRY(reader.take(kSyncBytes)) != sync) return malformed("a block's sync marker");
  }
  return container;
}

}  // namespace weft::avro
