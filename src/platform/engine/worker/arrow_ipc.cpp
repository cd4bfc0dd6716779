#include "platform/engine/worker/arrow_ipc.h"

#include <flatbuffers/flatbuffer_builder.h>

#include <bit>
#include <cstring>

#include "base/text.h"
#include "duckdb/common/arrow/arrow.hpp"

namespace weft::engine::worker {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

// Numbers of Arrow's format/Schema.fbs and Message.fbs.
constexpr std::int16_t kVersion5 = 4;
enum Header : std::uint8_t { kSchema = 1, kRecordBatch = 3 };
enum Type : std::uint8_t {
  kNull = 1,
  kInt,
  kFloatingPoint,
  kBinary,
  kUtf8,
  kBool,
  kDecimal,
  kDate,
  kTime,
  kTimestamp,
  kInterval,
  kList,
  kStruct,
  kUnion,
  kFixedSizeBinary,
  kFixedSizeList,
  kMap,
  kDuration,
  kLargeBinary,
  kLargeUtf8,
  kLargeList
};

// The place of a table's nth field in its vtable.
constexpr flatbuffers::voffset_t field(int n) { return static_cast<flatbuffers::voffset_t>(4 + 2 * n); }

// How a column lies in memory, from its format string.
struct Layout {
  Type type = kNull;
  int width = 0;          // Bytes of a value of fixed width; 0: bits, or none.
  int offsets = 0;        // Bytes of an offset.
  bool has_data = false;  // Behind the offsets: bytes, else a child.
  bool is_signed = false;
  int precision = 0, scale = 0, list_size = 0, unit = 0;
  std::string zone;
};

std::optional<int> unit_of(char c) {
  const std::string_view units = "smun";
  const auto at = units.find(c);
  return at == std::string_view::npos ? std::nullopt : std::optional(static_cast<int>(at));
}

std::optional<Layout> simple_layout(char format) {
  switch (format) {
    case 'n':
      return Layout{.type = kNull};
    case 'b':
      return Layout{.type = kBool};
    case 'c':
      return Layout{.type = kInt, .width = 1, .is_signed = true};
    case 'C':
      return Layout{.type = kInt, .width = 1};
    case 's':
      return Layout{.type = kInt, .width = 2, .is_signed = true};
    case 'S':
      return Layout{.type = kInt, .width = 2};
    case 'i':
      return Layout{.type = kInt, .width = 4, .is_signed = true};
    case 'I':
      return Layout{.type = kInt, .width = 4};
    case 'l':
      return Layout{.type = kInt, .width = 8, .is_signed = true};
    case 'L':
      return Layout{.type = kInt, .width = 8};
    case 'e':
      return Layout{.type = kFloatingPoint, .width = 2, .precision = 0};
    case 'f':
      return Layout{.type = kFloatingPoint, .width = 4, .precision = 1};
    case 'g':
      return Layout{.type = kFloatingPoint, .width = 8, .precision = 2};
    case 'u':
      return Layout{.type = kUtf8, .offsets = 4, .has_data = true};
    case 'U':
      return Layout{.type = kLargeUtf8, .offsets = 8, .has_data = true};
    case 'z':
      return Layout{.type = kBinary, .offsets = 4, .has_data = true};
    case 'Z':
      return Layout{.type = kLargeBinary, .offsets = 8, .has_data = true};
    default:
      return std::nullopt;
  }
}

std::optional<Layout> temporal_layout(std::string_view format) {
  if (format == "tdD") return Layout{.type = kDate, .width = 4, .unit = 0};
  if (format == "tdm") return Layout{.type = kDate, .width = 8, .unit = 1};
  if (format == "tin") return Layout{.type = kInterval, .width = 16, .unit = 2};
  if (format.size() < 3) return std::nullopt;
  const auto unit = unit_of(format[2]);
  if (!unit) return std::nullopt;
  if (format.starts_with("tt")) return Layout{.type = kTime, .width = *unit < 2 ? 4 : 8, .unit = *unit};
  if (format.starts_with("tD")) return Layout{.type = kDuration, .width = 8, .unit = *unit};
  if (format.starts_with("ts") && format.size() >= 4)
    return Layout{.type = kTimestamp, .width = 8, .unit = *unit, .zone = std::string(format.substr(4))};
  return std::nullopt;
}

std::optional<Layout> layout_of(std::string_view format) {
  if (format.size() == 1) return simple_layout(format[0]);
  if (format.starts_with('t')) return temporal_layout(format);
  if (format == "+l") return Layout{.type = kList, .offsets = 4};
  if (format == "+L") return Layout{.type = kLargeList, .offsets = 8};
  if (format == "+s") return Layout{.type = kStruct};
  if (format == "+m") return Layout{.type = kMap, .offsets = 4};
  const auto numbers = text::split(format.substr(std::min(format.size(), format.find(':') + 1)), ',');
  const auto first = text::parse_integer(numbers[0]);
  if (!first) return std::nullopt;
  if (format.starts_with("w:")) return Layout{.type = kFixedSizeBinary, .width = static_cast<int>(*first)};
  if (format.starts_with("+w:")) return Layout{.type = kFixedSizeList, .list_size = static_cast<int>(*first)};
  const auto scale = numbers.size() > 1 ? text::parse_integer(numbers[1]) : std::nullopt;
  const auto bits = numbers.size() > 2 ? text::parse_integer(numbers[2]) : std::optional<std::int64_t>(128);
  if (!format.starts_with("d:") || !scale || !bits) return std::nullopt;
  return Layout{.type = kDecimal,
                .width = static_cast<int>(*bits / 8),
                .precision = static_cast<int>(*first),
                .scale = static_cast<int>(*scale)};
}

Offset<void> type_table(FlatBufferBuilder& builder, const Layout& layout) {
  const auto zone = layout.zone.empty() ? Offset<flatbuffers::String>() : builder.CreateString(layout.zone);
  const auto start = builder.StartTable();
  switch (layout.type) {
    case kInt:
      builder.AddElement<std::int32_t>(field(0), layout.width * 8, 0);
      builder.AddElement<std::uint8_t>(field(1), layout.is_signed ? 1 : 0, 0);
      break;
    case kFloatingPoint:
      builder.AddElement<std::int16_t>(field(0), static_cast<std::int16_t>(layout.precision), 0);
      break;
    case kDecimal:
      builder.AddElement<std::int32_t>(field(0), layout.precision, 0);
      builder.AddElement<std::int32_t>(field(1), layout.scale, 0);
      builder.AddElement<std::int32_t>(field(2), layout.width * 8, 0);
      break;
    case kTimestamp:
      builder.AddElement<std::int16_t>(field(0), static_cast<std::int16_t>(layout.unit), 0);
      if (!zone.IsNull()) builder.AddOffset(field(1), zone);
      break;
    case kTime:
      builder.AddElement<std::int16_t>(field(0), static_cast<std::int16_t>(layout.unit), 1);
      builder.AddElement<std::int32_t>(field(1), layout.width * 8, 32);
      break;
    case kDate:
    case kDuration:
      builder.AddElement<std::int16_t>(field(0), static_cast<std::int16_t>(layout.unit), 1);
      break;
    case kInterval:
      builder.AddElement<std::int16_t>(field(0), static_cast<std::int16_t>(layout.unit), 0);
      break;
    case kFixedSizeBinary:
      builder.AddElement<std::int32_t>(field(0), layout.width, 0);
      break;
    case kFixedSizeList:
      builder.AddElement<std::int32_t>(field(0), layout.list_size, 0);
      break;
    default:
      break;  // The others have no facts of their own, or none that differ from their defaults.
  }
  return builder.EndTable(start);
}

Result<Offset<void>> field_table(FlatBufferBuilder& builder, const ArrowSchema& schema) {
  const auto layout = layout_of(schema.format);
  if (!layout || schema.dictionary != nullptr) {
    return fail(ErrorKind::unsupported, "query.format",
                "the column {} has a type that is not written as Arrow ({}); cast it, or ask for parquet", schema.name,
                schema.format);
  }
  std::vector<Offset<void>> children;
  for (std::int64_t i = 0; i < schema.n_children; ++i)
    children.push_back(TRY(field_table(builder, *schema.children[i])));
  const auto child_vector = builder.CreateVector(children);
  const auto name = builder.CreateString(schema.name == nullptr ? "" : schema.name);
  const auto type = type_table(builder, *layout);
  const auto start = builder.StartTable();
  builder.AddOffset(field(0), name);
  builder.AddElement<std::uint8_t>(field(1), (schema.flags & ARROW_FLAG_NULLABLE) != 0 ? 1 : 0, 0);
  builder.AddElement<std::uint8_t>(field(2), layout->type, 0);
  builder.AddOffset(field(3), type);
  builder.AddOffset(field(5), child_vector);
  return Offset<void>(builder.EndTable(start));
}

// Prefix, metadata padded to eight bytes, body.
std::string framed(FlatBufferBuilder& builder, Header header, Offset<void> table, std::string_view body) {
  const auto start = builder.StartTable();
  builder.AddElement<std::int64_t>(field(3), static_cast<std::int64_t>(body.size()), 0);
  builder.AddOffset(field(2), table);
  builder.AddElement<std::int16_t>(field(0), kVersion5, 0);
  builder.AddElement<std::uint8_t>(field(1), header, 0);
  builder.Finish(Offset<void>(builder.EndTable(start)));
  const std::uint32_t padded = (builder.GetSize() + 7) / 8 * 8;
  std::string message("\xff\xff\xff\xff", 4);
  message.append(reinterpret_cast<const char*>(&padded), sizeof padded);
  message.append(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  message.append(padded - builder.GetSize(), '\0');
  message.append(body);
  return message;
}

struct Node {
  std::int64_t length, null_count;
};
struct Buffer {
  std::int64_t offset, length;
};

// The body of a batch and what its metadata says of it.
class Body {
 public:
  Result<> add(const ArrowSchema& schema, const ArrowArray& array) {
    const auto layout = layout_of(schema.format);
    if (!layout || array.offset != 0)
      return fail(ErrorKind::internal, "query.format", "an Arrow array of an unexpected kind");
    nodes.push_back({array.length, array.null_count < 0 ? nulls_of(array) : array.null_count});
    if (layout->type == kNull) return {};
    const auto bits = static_cast<std::size_t>((array.length + 7) / 8);
    put(nodes.back().null_count == 0 ? nullptr : array.buffers[0], bits);
    if (layout->offsets > 0) {
      const auto count = static_cast<std::size_t>(array.length + 1);
      put(array.buffers[1], array.length == 0 ? 0 : count * static_cast<std::size_t>(layout->offsets));
      if (layout->has_data) put(array.buffers[2], array.length == 0 ? 0 : last_offset(array, layout->offsets));
    } else if (layout->type == kBool) {
      put(array.buffers[1], bits);
    } else if (layout->width > 0) {
      put(array.buffers[1], static_cast<std::size_t>(array.length) * static_cast<std::size_t>(layout->width));
    }
    for (std::int64_t i = 0; i < array.n_children; ++i) TRY(add(*schema.children[i], *array.children[i]));
    return {};
  }

  std::vector<Node> nodes;
  std::vector<Buffer> buffers;
  std::string bytes;

 private:
  static std::int64_t nulls_of(const ArrowArray& array) {
    if (array.n_buffers == 0 || array.buffers[0] == nullptr) return 0;
    const auto* validity = static_cast<const std::uint8_t*>(array.buffers[0]);
    std::int64_t valid = 0;
    for (std::int64_t i = 0; i < array.length; ++i) valid += (validity[i / 8] >> (i % 8)) & 1;
    return array.length - valid;
  }
  static std::size_t last_offset(const ArrowArray& array, int width) {
    if (width == 8) return static_cast<std::size_t>(static_cast<const std::int64_t*>(array.buffers[1])[array.length]);
    return static_cast<std::size_t>(static_cast<const std::int32_t*>(array.buffers[1])[array.length]);
  }
  void put(const void* from, std::size_t size) {
    if (from == nullptr) size = 0;
    buffers.push_back({static_cast<std::int64_t>(bytes.size()), static_cast<std::int64_t>(size)});
    bytes.append(static_cast<const char*>(from), size);
    bytes.append((8 - bytes.size() % 8) % 8, '\0');
  }
};

static_assert(std::endian::native == std::endian::little, "the schema says that it is");

}  // namespace

Result<std::string> arrow_schema_message(const ArrowSchema& schema) {
  FlatBufferBuilder builder;
  std::vector<Offset<void>> fields;
  for (std::int64_t i = 0; i < schema.n_children; ++i) fields.push_back(TRY(field_table(builder, *schema.children[i])));
  const auto vector = builder.CreateVector(fields);
  const auto start = builder.StartTable();
  builder.AddOffset(field(1), vector);
  return framed(builder, kSchema, Offset<void>(builder.EndTable(start)), {});
}

Result<std::string> arrow_batch_message(const ArrowSchema& schema, const ArrowArray& array) {
  Body body;
  for (std::int64_t i = 0; i < array.n_children; ++i) TRY(body.add(*schema.children[i], *array.children[i]));
  FlatBufferBuilder builder;
  // Structs lie in a vector as they lie in memory: two 64-bit numbers each.
  builder.StartVector(body.buffers.size(), sizeof(Buffer));
  builder.PushBytes(reinterpret_cast<const std::uint8_t*>(body.buffers.data()), body.buffers.size() * sizeof(Buffer));
  const auto buffers = builder.EndVector(body.buffers.size());
  builder.StartVector(body.nodes.size(), sizeof(Node));
  builder.PushBytes(reinterpret_cast<const std::uint8_t*>(body.nodes.data()), body.nodes.size() * sizeof(Node));
  const auto nodes = builder.EndVector(body.nodes.size());
  const auto start = builder.StartTable();
  builder.AddElement<std::int64_t>(field(0), array.length, 0);
  builder.AddOffset(field(1), Offset<void>(nodes));
  builder.AddOffset(field(2), Offset<void>(buffers));
  return framed(builder, kRecordBatch, Offset<void>(builder.EndTable(start)), body.bytes);
}

std::string_view arrow_end() { return {"\xff\xff\xff\xff\0\0\0\0", 8}; }

}  // namespace weft::engine::worker
