#include <cstdint>

#include "base/check.h"
#include "base/json.h"
#include "formats/avro/avro.h"
#include "formats/iceberg/manifest.h"
#include "formats/iceberg/metadata.h"

// Metadata, manifest lists and manifests, which lie in files that others can write.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.starts_with("Obj\x01")) {
    const auto metadata = iceberg::read_metadata(bytes);
    // Format 1 may lack the UUID that format 2, which is written, must have.
    if (metadata && !metadata->table_uuid.empty()) CHECK(iceberg::read_metadata(iceberg::write(*metadata)));
    return 0;
  }
  (void)avro::read_container(bytes);
  (void)iceberg::read_manifest_list(bytes);
  static const iceberg::Schema kSchema = [] {
    iceberg::Schema schema;
    schema.fields.push_back({.id = 1, .name = "id", .required = true, .type = "long", .doc = {}});
    schema.fields.push_back({.id = 2, .name = "day", .required = false, .type = "date", .doc = {}});
    return schema;
  }();
  (void)iceberg::read_manifest(bytes, {}, kSchema, {});
  return 0;
}
