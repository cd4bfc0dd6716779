#include "platform/engine/worker/answers.h"

#include "duckdb/main/query_result.hpp"

namespace weft::engine::worker {

Result<duckdb::DataChunk*> Chunks::next() {
  chunk_ = result_.Fetch();
  if (result_.HasError()) result_.GetErrorObject().Throw();
  if (!chunk_ || chunk_->size() == 0) return nullptr;
  rows_ += chunk_->size();
  if (rows_max_ > 0 && rows_ > rows_max_) {
    return fail(ErrorKind::limit, "query.too_many_rows",
                "the answer has more than the {} rows that were asked for at most; narrow it, or add LIMIT", rows_max_);
  }
  return chunk_.get();
}

const duckdb::vector<duckdb::string>& Chunks::names() const { return result_.names; }
const duckdb::vector<duckdb::LogicalType>& Chunks::types() const { return result_.types; }

Result<> write_answer(duckdb::Connection& connection, Descriptors& descriptors, Chunks& chunks, Format format,
                      const SendBytes& send) {
  switch (format) {
    case Format::json:
    case Format::ndjson:
    case Format::csv:
      return write_text_answer(chunks, format, send);
    case Format::parquet:
      return write_parquet_answer(connection, descriptors, chunks, send);
    case Format::arrow:
      return write_arrow_answer(connection, chunks, send);
  }
  return fail(ErrorKind::unsupported, "query.format", "there is no such format");
}

}  // namespace weft::engine::worker
