#pragma once

#include "base/result.h"
#include "formats/odcs/odcs.h"

namespace weft::odcs {

// The column type of a property as Iceberg JSON. `physicalType` decides where it is lossless, else `logicalType` with
// its options. unsupported "odcs.type" for what has no lossless place, naming what to write instead.
Result<json::Value> column_type(const Property& property);

}  // namespace weft::odcs
