#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

#include "base/text.h"
#include "formats/protobuf/file.h"
#include "formats/protobuf/protobuf.h"

namespace weft::protobuf {
namespace {

namespace pb = google::protobuf;

pb::FileDescriptorProto proto_of(const pb::FileDescriptor& file) {
  pb::FileDescriptorProto proto;
  file.CopyTo(&proto);
  return proto;
}

std::string without_last_lines(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text + "\n";
}

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

// Type names as people write them: what lies in the file's own package without it. Texts in quotes are left alone.
std::string with_short_names(const std::string& text, const std::string& package) {
  const std::string prefix = package.empty() ? "." : "." + package + ".";
  std::string out;
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && (i == 0 || text[i - 1] != '\\')) is_quoted = !is_quoted;
    const bool begins_name = !is_quoted && c == '.' && i > 0 && !is_name_byte(text[i - 1]);
    if (begins_name && text.compare(i, prefix.size(), prefix) == 0)
      i += prefix.size() - 1;
    else if (begins_name)
      continue;
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string full_text(const pb::FileDescriptor& file) { return without_last_lines(file.DebugString()); }

std::string short_text(const pb::FileDescriptor& file) { return with_short_names(full_text(file), file.package()); }

std::string Schema::canonical() const { return file_->canonical; }

std::string Schema::normalized() const {
  pb::FileDescriptorProto proto = proto_of(*file_->descriptor);
  std::sort(proto.mutable_dependency()->begin(), proto.mutable_dependency()->end());
  if (proto.public_dependency_size() > 0 || proto.weak_dependency_size() > 0) return full_text(*file_->descriptor);
  pb::DescriptorPool pool(file_->pool.get());
  proto.set_name("normalized.proto");
  const std::string own = proto.name();
  // The same names stand in the pool below: what is built anew shadows them there.
  const pb::FileDescriptor* sorted = pool.BuildFile(proto);
  return sorted == nullptr ? full_text(*file_->descriptor) : full_text(*sorted);
}

std::string Schema::serialized() const { return text::base64(proto_of(*file_->descriptor).SerializeAsString()); }

std::string Schema::first_message() const {
  return file_->descriptor->message_type_count() == 0 ? "" : file_->descriptor->message_type(0)->full_name();
}

std::vector<Field> Schema::fields() const {
  std::vector<Field> all;
  if (file_->descriptor->message_type_count() == 0) return all;
  const pb::Descriptor& message = *file_->descriptor->message_type(0);
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    Field one{.name = field.name(),
              .type = field.type_name(),
              .is_repeated = field.is_repeated() && !field.is_map(),
              .may_be_absent = field.has_presence() && !field.is_required()};
    if (field.is_map()) {
      one.kind = Field::Kind::map;
    } else if (field.type() == pb::FieldDescriptor::TYPE_ENUM) {
      one.kind = Field::Kind::enumeration;
      one.type = field.enum_type()->full_name();
    } else if (field.message_type() != nullptr) {
      one.kind = Field::Kind::message;
      one.type = field.message_type()->full_name();
    }
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace weft::protobuf
