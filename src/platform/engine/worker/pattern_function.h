#pragma once

namespace duckdb {
class DatabaseInstance;
}  // namespace duckdb

namespace weft::engine::worker {

// `weft_matches(text, pattern)`: the engine's regexp_matches for checks over whole columns, where values repeat: what a
// short value was found to be is remembered. The pattern is constant; users' SQL does not know the function.
void register_matches(duckdb::DatabaseInstance& database);

}  // namespace weft::engine::worker
