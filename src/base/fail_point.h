#pragma once

#include <atomic>
#include <string_view>
#include <vector>

// Named places where a test can kill the process as a power cut would: WEFT_FAIL_POINT=lake.before_swap. One relaxed
// load when off.
namespace weft::fail_point {

inline constexpr std::string_view kAll[] = {
    "ingest.after_staging", "lake.after_lease",         "lake.after_file",     "ingest.after_engine",
    "lake.after_manifest",  "lake.after_manifest_list", "lake.after_metadata", "lake.before_swap",
    "lake.after_swap",      "ingest.before_answer",
};

// CHECKs that the name is listed.
void reach(std::string_view name);

}  // namespace weft::fail_point

#define FAIL_POINT(name) ::weft::fail_point::reach(name)
