#pragma once

#include "base/json_value.h"
#include "base/result.h"
#include "duckdb/common/types.hpp"
#include "duckdb/common/types/value.hpp"

// The one table of types between Iceberg v2 (as JSON) and DuckDB, both ways, and of single values.
namespace weft::engine::worker {

// unsupported "engine.type" for what the other side has no lossless place for.
Result<duckdb::LogicalType> logical_type_of(const json::Value& iceberg_type);
// Null when Iceberg v2 has none: unsigned 64-bit, 128-bit integers, intervals, nanoseconds, time with zone.
json::Value iceberg_type_of(const duckdb::LogicalType& type);
// Iceberg JSON single value (appendix C of the table spec) of a DuckDB value; null when it has none (NaN, NULL,
// nested).
json::Value single_value_of(const duckdb::Value& value);

}  // namespace weft::engine::worker
