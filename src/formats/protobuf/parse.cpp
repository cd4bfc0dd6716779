#include <google/protobuf/any.pb.h>
#include <google/protobuf/api.pb.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/source_context.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <map>

#include "base/text.h"
#include "formats/protobuf/file.h"
#include "formats/protobuf/protobuf.h"

namespace weft::protobuf {
namespace {

namespace pb = google::protobuf;

constexpr const char* kOwnName = "schema.proto";

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorKind::invalid, "protobuf.schema", "{}", std::move(message));
}

class FirstError final : public pb::io::ErrorCollector, public pb::DescriptorPool::ErrorCollector {
 public:
  // Of the text: line and column from 0.
  void AddError(int line, int column, const std::string& message) override {
    keep(format("{}:{}: {}", line + 1, column + 1, message));
  }
  // Of names and types.
  void AddError(const std::string& file, const std::string& element, const pb::Message*, ErrorLocation,
                const std::string& message) override {
    keep(file == kOwnName ? format("{}: {}", element, message) : format("{} in {}: {}", element, file, message));
  }
  const std::string& text() const { return text_; }

 private:
  void keep(std::string text) {
    if (text_.empty()) text_ = std::move(text);
  }
  std::string text_;
};

// libprotobuf's parser goes as deep as the braces do.
int nesting_of(std::string_view text) {
  int depth = 0, deepest = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      for (++i; i < text.size() && text[i] != c && text[i] != '\n'; ++i) i += text[i] == '\\' ? 1 : 0;
    } else if (c == '/' && text.substr(i, 2) == "//") {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '/' && text.substr(i, 2) == "/*") {
      const auto end = text.find("*/", i + 2);
      i = end == std::string_view::npos ? text.size() : end + 1;
    } else if (c == '{' || c == '[' || c == '(' || c == '<') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']' || c == ')' || c == '>') {
      --depth;
    }
  }
  return deepest;
}

Result<pb::FileDescriptorProto> read_source(std::string_view text) {
  if (nesting_of(text) > kNestingMax)
    return fail(ErrorKind::limit, "protobuf.too_large", "the schema nests deeper than {}", kNestingMax);
  FirstError error;
  pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  pb::io::Tokenizer tokens(&stream, &error);
  pb::compiler::Parser parser;
  parser.RecordErrorsTo(&error);
  pb::FileDescriptorProto proto;
  const bool is_whole = parser.Parse(&tokens, &proto);
  if (!is_whole || !error.text().empty()) return wrong(error.text().empty() ? "it is no .proto text" : error.text());
  return proto;
}

std::optional<pb::FileDescriptorProto> read_serialized(std::string_view text) {
  const auto bytes = text::unbase64(text);
  pb::FileDescriptorProto proto;
  if (!bytes || bytes->empty() || !proto.ParseFromString(*bytes)) return std::nullopt;
  if (!proto.unknown_fields().empty() ||
      (proto.message_type_size() == 0 && proto.enum_type_size() == 0 && proto.dependency_size() == 0))
    return std::nullopt;
  return proto;
}

Result<pb::FileDescriptorProto> read(std::string_view text, const std::string& name) {
  if (text.size() > evolution::kSchemaBytesMax)
    return fail(ErrorKind::limit, "protobuf.too_large", "the schema has {} bytes; at most {}", text.size(),
                evolution::kSchemaBytesMax);
  const std::string_view trimmed = text::trim(text);
  if (trimmed.empty()) return wrong("it is empty");
  pb::FileDescriptorProto proto;
  if (auto known = read_serialized(trimmed))
    proto = std::move(*known);
  else
    proto = TRY(read_source(text));
  proto.set_name(name);
  proto.clear_source_code_info();
  return proto;
}

// The files that come with libprotobuf.
const std::map<std::string, const pb::FileDescriptor*>& well_known() {
  static const std::map<std::string, const pb::FileDescriptor*> kFiles = [] {
    std::map<std::string, const pb::FileDescriptor*> all;
    for (const pb::Descriptor* each :
         {pb::Any::descriptor(), pb::Api::descriptor(), pb::FileDescriptorProto::descriptor(),
          pb::Duration::descriptor(), pb::Empty::descriptor(), pb::FieldMask::descriptor(),
          pb::SourceContext::descriptor(), pb::Struct::descriptor(), pb::Timestamp::descriptor(),
          pb::Type::descriptor(), pb::StringValue::descriptor()})
      all.emplace(each->file()->name(), each->file());
    return all;
  }();
  return kFiles;
}

// Puts what the file imports into the pool, each once: what was given, else what is well known.
Result<> add_imports(pb::DescriptorPool& pool, const pb::FileDescriptorProto& proto, FirstError& error) {
  for (const std::string& name : proto.dependency()) {
    if (pool.FindFileByName(name) != nullptr) continue;
    const auto known = well_known().find(name);
    if (known == well_known().end())
      return fail(ErrorKind::invalid, "protobuf.import", "the import {} is not among the references", name);
    pb::FileDescriptorProto file;
    known->second->CopyTo(&file);
    TRY(add_imports(pool, file, error));
    if (pool.BuildFileCollectingErrors(file, &error) == nullptr) return wrong(error.text());
  }
  return {};
}

Result<const pb::FileDescriptor*> build(pb::DescriptorPool& pool, const pb::FileDescriptorProto& proto) {
  FirstError error;
  TRY(add_imports(pool, proto, error));
  const pb::FileDescriptor* file = pool.BuildFileCollectingErrors(proto, &error);
  if (file == nullptr) return wrong(error.text().empty() ? "its names do not resolve" : error.text());
  return file;
}

Result<File> file_of(std::string_view text, std::span<const evolution::Import> imports) {
  File file{.pool = std::make_unique<pb::DescriptorPool>(), .canonical = {}};
  for (const evolution::Import& each : imports) {
    if (file.pool->FindFileByName(each.name) == nullptr) TRY(build(*file.pool, TRY(read(each.text, each.name))));
  }
  file.descriptor = TRY(build(*file.pool, TRY(read(text, kOwnName))));
  return file;
}

std::string bytes_of(const pb::FileDescriptor& file) {
  pb::FileDescriptorProto proto;
  file.CopyTo(&proto);
  return proto.SerializeAsString();
}

// Short names where they mean the same.
std::string canonical_of(const File& file, std::span<const evolution::Import> imports) {
  std::string text = short_text(*file.descriptor);
  const auto again = file_of(text, imports);
  return again && bytes_of(*again->descriptor) == bytes_of(*file.descriptor) ? text : full_text(*file.descriptor);
}

}  // namespace

Result<Schema> Schema::parse(std::string_view text, std::span<const evolution::Import> imports) {
  // What the library would print, errors tell already.
  [[maybe_unused]] static const auto kSilence = pb::SetLogHandler(nullptr);
  try {
    auto file = std::make_shared<File>(TRY(file_of(text, imports)));
    file->canonical = canonical_of(*file, imports);
    return Schema(std::move(file));
  } catch (const std::exception& exception) {
    return wrong(exception.what());
  }
}

}  // namespace weft::protobuf
