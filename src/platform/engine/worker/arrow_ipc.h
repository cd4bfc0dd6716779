#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct ArrowArray;
struct ArrowSchema;

// The Apache Arrow IPC streaming format, version 5 (Columnar.rst, «Serialization and Interprocess Communication»),
// written from the C data interface. What it does not write: dictionaries, unions, views, run ends.
namespace weft::engine::worker {

// A schema message. unsupported "query.format" names the column whose type has no place in it.
Result<std::string> arrow_schema_message(const ArrowSchema& schema);
// A record batch message with its body; the array is of that schema.
Result<std::string> arrow_batch_message(const ArrowSchema& schema, const ArrowArray& array);
// The end of the stream.
std::string_view arrow_end();

}  // namespace weft::engine::worker
