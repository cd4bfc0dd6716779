#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/evolution/evolution.h"

// Protobuf schemas: .proto texts (proto2 and proto3) read with their imports, printed, and held against each other.
// Wraps libprotobuf.
namespace weft::protobuf {

inline constexpr int kNestingMax = 100;  // Of braces in a text.

struct File;

// A field of a message as a plain value.
struct Field {
  std::string name;
  std::string type;  // "int32", "string" …; of enums and messages the full name.
  enum class Kind { scalar, enumeration, message, map } kind = Kind::scalar;
  bool is_repeated = false;
  bool may_be_absent = false;  // It can be told from its default: optional, messages, members of a oneof.
};

// A .proto file whose names and types are all known. Cheap to copy; thread-safe.
class Schema {
 public:
  // `text` is .proto source or the base64 of a serialised FileDescriptorProto. invalid "protobuf.schema" with line and
  // column, invalid "protobuf.import" (neither given nor one of google/protobuf/), limit "protobuf.too_large".
  static Result<Schema> parse(std::string_view text, std::span<const evolution::Import> imports = {});

  std::string canonical() const;      // One layout for each schema; comments are dropped.
  std::string normalized() const;     // The same with imports sorted and all type names in full.
  std::string serialized() const;     // Base64 of the FileDescriptorProto.
  std::string first_message() const;  // Full name; "" without one.
  std::vector<Field> fields() const;  // Of the first message.

  const File& file() const { return *file_; }

 private:
  explicit Schema(std::shared_ptr<const File> file) : file_(std::move(file)) {}
  std::shared_ptr<const File> file_;
};

// Why a reader with one schema loses or misreads data of the other, by the rules of Confluent's registry (README.md);
// empty: it does not.
std::vector<evolution::Difference> differences(const Schema& reader, const Schema& writer, evolution::Sides sides = {});

}  // namespace weft::protobuf
