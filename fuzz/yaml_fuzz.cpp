#include <cstdint>

#include "base/check.h"
#include "base/json.h"
#include "product/catalog/documents.h"

// Documents as anybody may hand them in: read, checked one by one, and put together to a mesh.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const yaml::Stream stream = yaml::read(text);
  for (const yaml::Document& document : stream.documents) {
    // A value that was read is one that can be written and read again.
    const std::string written = json::write(document.value);
    const auto again = json::parse(written);
    CHECK(again && json::write(*again) == written);
  }
  const auto files = catalog::read_files({{.path = "mesh.yaml", .text = text}}, "fuzz");
  (void)catalog::build_mesh(files.documents);
  return 0;
}
