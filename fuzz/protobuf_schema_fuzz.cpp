#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "formats/protobuf/protobuf.h"

// A schema that is taken prints to one that is taken and prints the same; it reads its own data.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace weft::protobuf;
  const auto schema = Schema::parse({reinterpret_cast<const char*>(bytes), size});
  if (!schema) return 0;
  const auto again = Schema::parse(schema->canonical());
  if (!again || again->canonical() != schema->canonical()) std::abort();
  if (!differences(*schema, *again).empty() || !differences(*again, *schema).empty()) std::abort();
  return 0;
}
