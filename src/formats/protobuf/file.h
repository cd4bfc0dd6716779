#pragma once

#include <google/protobuf/descriptor.h>

#include <memory>
#include <string>

// What a Schema holds: libprotobuf's view of it. For this folder only.
namespace weft::protobuf {

struct File {
  std::unique_ptr<google::protobuf::DescriptorPool> pool;
  const google::protobuf::FileDescriptor* descriptor = nullptr;
  std::string canonical;
};

// The file as text with every type name in full, and the same with names as people write them, which may mean
// something else: to be read again and compared.
std::string full_text(const google::protobuf::FileDescriptor& file);
std::string short_text(const google::protobuf::FileDescriptor& file);

}  // namespace weft::protobuf
