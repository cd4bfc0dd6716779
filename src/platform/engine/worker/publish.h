#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/engine/engine.h"

namespace duckdb {
class Connection;
class SQLStatement;
}  // namespace duckdb

namespace weft::engine::worker {

class Descriptors;

// What a publish works with. All borrowed for the call.
struct PublishContext {
  duckdb::Connection& connection;
  Descriptors& descriptors;                     // Writable paths are `weft://new/data/<n>` and `weft://new/dead/<n>`.
  std::string input;                            // Path of the input file; empty: `query` is the source.
  std::unique_ptr<duckdb::SQLStatement> query;  // The rewritten SELECT of a pipeline.
  std::vector<std::string> existing;            // Paths of the table's current files.
  const Limits& limits;
  Progress progress;
};

// One publish job (engine.h): read, cast without loss, check, write. Problems of the input are in the outcome; errors
// are failures.
Result<PublishOutcome> publish(PublishContext& context, const PublishJob& job);

// The existing files as fewer: same rows in the same order, no checks.
Result<PublishOutcome> compact(PublishContext& context, const PublishJob& job);

}  // namespace weft::engine::worker
