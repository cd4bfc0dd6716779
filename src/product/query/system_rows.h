#pragma once

#include <string>
#include <vector>

#include "app/app.h"

namespace weft::query {

inline constexpr std::uint64_t kSystemRowsMax = 5'000'000;
inline constexpr std::uint64_t kSystemBytesMax = 1ULL << 30;

// The rows of a system table that `asker` may know, as one NDJSON file in memory. limit "query.system_too_large".
Result<engine::File> system_rows(const SystemTable& table, const Principal& asker,
                                 const std::vector<std::string>& wanted);

}  // namespace weft::query
