#pragma once

#include <memory>
#include <mutex>

#include "platform/engine/protocol.h"
#include "platform/engine/worker/files.h"
#include "platform/engine/worker/scan.h"

namespace duckdb {
class Connection;
class DuckDB;
class PreparedStatement;
class SQLStatement;
}  // namespace duckdb

namespace weft::engine::worker {

// The worker's end of the dialogue: one request at a time until control closes. All arguments outlive it.
class Dialogue {
 public:
  Dialogue(Channel channel, duckdb::DuckDB& database, Descriptors& descriptors, ScanFiles& scans);
  ~Dialogue();
  void run();

 private:
  Result<json::Value> handle(const json::Value& request);
  Result<json::Value> parse(const json::Value& request);
  Result<json::Value> bind(const json::Value& request);
  Result<json::Value> run_query(const json::Value& request);
  Result<json::Value> publish(const json::Value& request);
  Result<json::Value> compact(const json::Value& request);
  Result<json::Value> end();

  // `files` frames until `lists` lists are whole.
  struct Lists {
    std::vector<std::string> input, existing;
    std::vector<std::uint64_t> existing_rows;
  };
  Result<Lists> receive_files(std::int64_t lists);
  void serve_new_files();
  duckdb::Connection& connection();

  Channel channel_;
  std::mutex channel_mutex_;  // Engine threads ask for files while one streams.
  duckdb::DuckDB& database_;
  Descriptors& descriptors_;
  ScanFiles& scans_;
  std::unique_ptr<duckdb::Connection> connection_;
  std::unique_ptr<duckdb::PreparedStatement> prepared_;
  std::unique_ptr<duckdb::SQLStatement> bound_;  // What bind() bound, for publish() to read from.
};

}  // namespace weft::engine::worker
