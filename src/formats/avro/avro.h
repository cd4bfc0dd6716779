#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_value.h"
#include "base/result.h"

// Apache Avro 1.11 binary data and object container files, guided by a schema that is JSON. Pure: bytes ↔ values.
//
// Values are json::Value: records are objects, arrays and maps as expected, `bytes`, `fixed` and `string` are texts
// that hold the bytes as they are. A union takes null or a value of its first fitting branch; decoding gives the value
// without its branch's name.
namespace weft::avro {

inline constexpr std::size_t kDepthMax = 64;
inline constexpr std::size_t kFileBytesMax = 256 << 20;
inline constexpr std::int64_t kItemsMax = 50'000'000;

// invalid "avro.schema", "avro.value" when the value does not fit.
Result<std::string> encode(const json::Value& schema, const json::Value& value);
// invalid "avro.malformed", limit "avro.too_large".
Result<json::Value> decode(const json::Value& schema, std::string_view bytes);

struct Container {
  json::Value schema;
  std::map<std::string, std::string> metadata;  // Without avro.schema and avro.codec.
  std::vector<json::Value> records;
};

// `sync` is the file's 16-byte marker. Blocks are compressed with deflate.
Result<std::string> write_container(const Container& container, std::string_view sync);
// Reads codecs null and deflate.
Result<Container> read_container(std::string_view bytes);

}  // namespace weft::avro
