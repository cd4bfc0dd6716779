#pragma once

#include <functional>

#include "platform/engine/engine.h"

namespace duckdb {
class Connection;
class QueryResult;
}  // namespace duckdb

namespace weft::engine::worker {

class Descriptors;

using SendBytes = std::function<Result<>(std::string_view)>;

// Writes a result as the final bytes of an answer, chunk by chunk; returns its rows. JSON: 64-bit integers and decimals are
// JSON numbers with all their digits; NaN and the infinities are the texts "NaN", "Infinity", "-Infinity"; times are ISO 8601 in
// UTC; binary is base64; 128-bit integers are numbers; intervals and others their text.
Result<std::uint64_t> write_answer(duckdb::Connection& connection, Descriptors& descriptors, duckdb::QueryResult& result, Format format, const SendBytes& send);

// Parts of it, one file each.
Result<std::uint64_t> write_text_answer(duckdb::QueryResult& result, Format format, const SendBytes& send);
Result<std::uint64_t> write_parquet_answer(duckdb::Connection& connection, Descriptors& descriptors, duckdb::QueryResult& result, const SendBytes& send);
Result<std::uint64_t> write_arrow_answer(duckdb::Connection& connection, duckdb::QueryResult& result, const SendBytes& send);

}  // namespace weft::engine::worker
