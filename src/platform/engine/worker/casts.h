#pragma once

#include <string>

#include "base/result.h"
#include "duckdb/common/types.hpp"

namespace weft::engine::worker {

// How a source column becomes a target column without loss.
struct Cast {
  std::string value;  // SQL of the target's value; NULL where the source's value has no lossless one.
  std::string bad;    // SQL: true for rows whose value would be lost; empty: there are none.
};

// `column` is a quoted identifier. unsupported "input.type" when no value of the one type could ever be the other.
Result<Cast> lossless_cast(const std::string& column, const duckdb::LogicalType& from, const duckdb::LogicalType& to);

}  // namespace weft::engine::worker
