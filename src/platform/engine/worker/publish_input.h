#pragma once

#include <string>
#include <vector>

#include "duckdb/common/types.hpp"
#include "platform/engine/worker/publish.h"

namespace weft::engine::worker {

// The input as something to SELECT from.
struct Input {
  std::string from;  // SQL of a table reference.
  std::string row;   // SQL of the row's number, from 1.
  std::vector<std::string> names;
  std::vector<duckdb::LogicalType> types;
};

// What the bytes are: "parquet", "csv", "ndjson", "json"; by name, else by their content. unsupported "input.format".
Result<std::string> input_format(const std::string& named, Descriptors& descriptors, const std::string& path);

// Opens the input for a job: finds its columns and how to read them. invalid "input.malformed" with what the engine
// says.
Result<Input> open_input(PublishContext& context, const PublishJob& job);

// Runs SQL that this worker wrote; an error becomes ours.
Result<duckdb::unique_ptr<duckdb::QueryResult>> run_sql(PublishContext& context, const std::string& sql);
// The rows of a small answer.
Result<std::vector<std::vector<duckdb::Value>>> rows_of(PublishContext& context, const std::string& sql);

}  // namespace weft::engine::worker
