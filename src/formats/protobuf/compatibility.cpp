#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/format.h"
#include "formats/protobuf/file.h"
#include "formats/protobuf/protobuf.h"

namespace weft::protobuf {
namespace {

namespace pb = google::protobuf;
using evolution::Difference;

constexpr int kTypesDeepMax = 64;

// Kinds of values that read each other on the wire.
enum class Wire { varint, zigzag, fixed32, fixed64, real32, real64, text, message };

Wire wire_of(const pb::FieldDescriptor& field) {
  using F = pb::FieldDescriptor;
  switch (field.type()) {
    case F::TYPE_INT32:
    case F::TYPE_INT64:
    case F::TYPE_UINT32:
    case F::TYPE_UINT64:
    case F::TYPE_BOOL:
    case F::TYPE_ENUM:
      return Wire::varint;
    case F::TYPE_SINT32:
    case F::TYPE_SINT64:
      return Wire::zigzag;
    case F::TYPE_FIXED32:
    case F::TYPE_SFIXED32:
      return Wire::fixed32;
    case F::TYPE_FIXED64:
    case F::TYPE_SFIXED64:
      return Wire::fixed64;
    case F::TYPE_FLOAT:
      return Wire::real32;
    case F::TYPE_DOUBLE:
      return Wire::real64;
    case F::TYPE_STRING:
    case F::TYPE_BYTES:
      return Wire::text;
    case F::TYPE_MESSAGE:
    case F::TYPE_GROUP:
      return Wire::message;
  }
  return Wire::message;
}

const pb::OneofDescriptor* real_oneof(const pb::FieldDescriptor& field) { return field.real_containing_oneof(); }

class Comparison {
 public:
  explicit Comparison(evolution::Sides sides) : sides_(sides) {}

  void files(const pb::FileDescriptor& reader, const pb::FileDescriptor& writer) {
    if (reader.package() != writer.package())
      add("PACKAGE_CHANGED", "#/",
          format("The package is '{}' in the {} schema and '{}' in the {} schema", reader.package(), sides_.reader,
                 writer.package(), sides_.writer));
    std::map<std::string, const pb::Descriptor*> now;
    for (int i = 0; i < reader.message_type_count(); ++i)
      now.emplace(reader.message_type(i)->name(), reader.message_type(i));
    for (int i = 0; i < writer.message_type_count(); ++i) top_message(now, *writer.message_type(i), "#/");
  }

  std::vector<Difference> found;

 private:
  void add(std::string_view type, const std::string& path, std::string description) {
    if (found.size() < evolution::kDifferencesMax)
      found.push_back({.type = std::string(type), .path = path, .description = std::move(description), .detail = {}});
  }

  void top_message(const std::map<std::string, const pb::Descriptor*>& now, const pb::Descriptor& writer,
                   const std::string& above) {
    const auto reader = now.find(writer.name());
    const std::string path = above + writer.name();
    if (reader == now.end())
      add("MESSAGE_REMOVED", path,
          format("The message '{}' of the {} schema is missing in the {} schema", path, sides_.writer, sides_.reader));
    else
      message(*reader->second, writer, path);
  }

  void message(const pb::Descriptor& reader, const pb::Descriptor& writer, const std::string& path) {
    if (!compared_.emplace(&reader, &writer).second) return;
    for (int i = 0; i < writer.field_count(); ++i) {
      const pb::FieldDescriptor& old = *writer.field(i);
      if (const pb::FieldDescriptor* now = reader.FindFieldByNumber(old.number()))
        field(*now, old, format("{}/{}", path, old.number()));
      else
        removed(old, format("{}/{}", path, old.number()));
    }
    for (int i = 0; i < reader.field_count(); ++i) {
      const pb::FieldDescriptor& now = *reader.field(i);
      if (writer.FindFieldByNumber(now.number()) == nullptr && now.is_required())
        add("REQUIRED_FIELD_ADDED", format("{}/{}", path, now.number()),
            format("The required field '{}' at path '{}' of the {} schema is missing in the {} schema", now.name(),
                   format("{}/{}", path, now.number()), sides_.reader, sides_.writer));
    }
    oneofs(reader, writer, path);
    nested(reader, writer, path);
  }

  void nested(const pb::Descriptor& reader, const pb::Descriptor& writer, const std::string& path) {
    std::map<std::string, const pb::Descriptor*> now;
    for (int i = 0; i < reader.nested_type_count(); ++i)
      now.emplace(reader.nested_type(i)->name(), reader.nested_type(i));
    for (int i = 0; i < writer.nested_type_count(); ++i) {
      if (!writer.nested_type(i)->options().map_entry()) top_message(now, *writer.nested_type(i), path + "/");
    }
  }

  void removed(const pb::FieldDescriptor& old, const std::string& path) {
    if (old.is_required())
      add("REQUIRED_FIELD_REMOVED", path,
          format("The required field '{}' at path '{}' of the {} schema is missing in the {} schema", old.name(), path,
                 sides_.writer, sides_.reader));
    else if (real_oneof(old) != nullptr)
      add("ONEOF_FIELD_REMOVED", path,
          format("The field '{}' at path '{}' of the oneof '{}' is missing in the {} schema", old.name(), path,
                 real_oneof(old)->name(), sides_.reader));
  }

  void field(const pb::FieldDescriptor& now, const pb::FieldDescriptor& old, const std::string& path) {
    if (now.is_required() != old.is_required())
      add(now.is_required() ? "REQUIRED_FIELD_ADDED" : "REQUIRED_FIELD_REMOVED", path,
          format("The field '{}' at path '{}' is required in one of the {} and the {} schema only", now.name(), path,
                 sides_.reader, sides_.writer));
    const Wire is = wire_of(now), was = wire_of(old);
    if (now.is_map() != old.is_map() || (is == Wire::message) != (was == Wire::message)) {
      add("FIELD_KIND_CHANGED", path,
          format("The kind of the field at path '{}' in the {} schema does not match its kind in the {} schema", path,
                 sides_.reader, sides_.writer));
    } else if (now.is_map()) {
      field(*now.message_type()->map_key(), *old.message_type()->map_key(), path + "/key");
      field(*now.message_type()->map_value(), *old.message_type()->map_value(), path + "/value");
    } else if (is == Wire::message) {
      named_type(*now.message_type(), *old.message_type(), path);
    } else if (is != was) {
      add("FIELD_SCALAR_KIND_CHANGED", path,
          format("The kind of a SCALAR field at path '{}' in the {} schema does not match its kind in the {} schema",
                 path, sides_.reader, sides_.writer));
    }
    const bool is_label_free = is == Wire::message || is == Wire::text;
    if (!now.is_map() && now.is_repeated() != old.is_repeated() && !is_label_free)
      add("FIELD_NUMERIC_LABEL_CHANGED", path,
          format(
              "The label of the numeric field at path '{}' in the {} schema does not match its label in the {} schema",
              path, sides_.reader, sides_.writer));
  }

  // Messages of one name are compared where they stand in the file; what comes from elsewhere, or under another name,
  // must have the same structure.
  void named_type(const pb::Descriptor& now, const pb::Descriptor& old, const std::string& path) {
    const bool is_own = now.full_name() == old.full_name() && now.file()->name() == "schema.proto" &&
                        old.file()->name() == "schema.proto";
    if (is_own || !compared_.emplace(&now, &old).second || ++depth_ > kTypesDeepMax) return;
    compared_.erase({&now, &old});
    Comparison inner(sides_);
    inner.compared_ = compared_;
    inner.depth_ = depth_;
    inner.message(now, old, path);
    --depth_;
    if (inner.found.empty() && now.name() == old.name()) return;
    add("FIELD_NAMED_TYPE_CHANGED", path,
        format("The type of the field at path '{}' is '{}' in the {} schema and '{}' in the {} schema", path,
               now.full_name(), sides_.reader, old.full_name(), sides_.writer));
  }

  void oneofs(const pb::Descriptor& reader, const pb::Descriptor& writer, const std::string& path) {
    std::map<const pb::OneofDescriptor*, int> moved;  // Fields that were outside and are in this oneof now.
    for (int i = 0; i < writer.field_count(); ++i) {
      const pb::FieldDescriptor& old = *writer.field(i);
      const pb::FieldDescriptor* now = reader.FindFieldByNumber(old.number());
      if (now == nullptr) continue;
      const auto *was = real_oneof(old), *is = real_oneof(*now);
      const std::string here = format("{}/{}", path, old.number());
      if (was != nullptr && is == nullptr)
        add("ONEOF_FIELD_REMOVED", here,
            format("The field '{}' at path '{}' of the oneof '{}' stands outside of it in the {} schema", old.name(),
                   here, was->name(), sides_.reader));
      if (was != nullptr || is == nullptr) continue;
      if (++moved[is] == 2)
        add("MULTIPLE_FIELDS_MOVED_TO_ONEOF", format("{}/{}", path, is->name()),
            format("Several fields are moved into the oneof '{}' of the {} schema", is->name(), sides_.reader));
      if (had_other_fields(*is, writer))
        add("FIELD_MOVED", here,
            format("The field '{}' at path '{}' is moved into the oneof '{}' that was there before", old.name(), here,
                   is->name()));
    }
  }

  // Whether the oneof has fields that were in a oneof of the writer already.
  static bool had_other_fields(const pb::OneofDescriptor& oneof, const pb::Descriptor& writer) {
    for (int i = 0; i < oneof.field_count(); ++i) {
      const pb::FieldDescriptor* old = writer.FindFieldByNumber(oneof.field(i)->number());
      if (old != nullptr && real_oneof(*old) != nullptr) return true;
    }
    return false;
  }

  evolution::Sides sides_;
  std::set<std::pair<const pb::Descriptor*, const pb::Descriptor*>> compared_;
  int depth_ = 0;
};

}  // namespace

std::vector<Difference> differences(const Schema& reader, const Schema& writer, evolution::Sides sides) {
  Comparison comparison(sides);
  comparison.files(*reader.file().descriptor, *writer.file().descriptor);
  return std::move(comparison.found);
}

}  // namespace weft::protobuf
