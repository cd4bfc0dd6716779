#pragma once

#include <functional>

#include "duckdb/common/types/data_chunk.hpp"
#include "platform/engine/engine.h"

namespace duckdb {
class Connection;
class QueryResult;
}  // namespace duckdb

namespace weft::engine::worker {

class Descriptors;

using SendBytes = std::function<Result<>(std::string_view)>;

// The rows of a running query, chunk by chunk, counted.
class Chunks {
 public:
  Chunks(duckdb::QueryResult& result, std::uint64_t rows_max) : result_(result), rows_max_(rows_max) {}
  // Null at the end; valid until the next call. limit "query.too_many_rows" past rows_max (0: no limit). Throws what
  // the engine throws.
  Result<duckdb::DataChunk*> next();
  std::uint64_t rows() const { return rows_; }
  const duckdb::vector<duckdb::string>& names() const;
  const duckdb::vector<duckdb::LogicalType>& types() const;

 private:
  duckdb::QueryResult& result_;
  std::uint64_t rows_max_;
  std::uint64_t rows_ = 0;
  duckdb::unique_ptr<duckdb::DataChunk> chunk_;
};

// Writes a result as the final bytes of an answer (README.md says how values look in each format).
Result<> write_answer(duckdb::Connection& connection, Descriptors& descriptors, Chunks& chunks, Format format,
                      const SendBytes& send);

// Parts of it, one file each.
Result<> write_text_answer(Chunks& chunks, Format format, const SendBytes& send);
Result<> write_parquet_answer(duckdb::Connection& connection, Descriptors& descriptors, Chunks& chunks,
                              const SendBytes& send);
Result<> write_arrow_answer(duckdb::Connection& connection, Chunks& chunks, const SendBytes& send);

}  // namespace weft::engine::worker
