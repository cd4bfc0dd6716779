#pragma once

#include <future>

#include <memory>
#include <string>

#include "app/app.h"
#include "product/audit/audit.h"
#include "product/catalog/catalog.h"
#include "product/lake/lake.h"
#include "product/lineage/lineage.h"
#include "product/quality/quality.h"

// The road in: staged · cast · checked · committed as one snapshot, or refused as a whole with every reason.
namespace weft::ingest {

struct Wish {
  mesh::PortName port;
  std::string mode;      // "append", "overwrite", "upsert"; empty: what the product says, else append.
  std::string format;    // Empty: by content.
  json::Object options;  // How to read CSV.
  std::string key;       // Idempotency key; empty: none.
  bool is_dry = false;   // Only checks: nothing is committed or recorded.
  Principal principal;
  std::string request_id;
  std::stop_token cancelled;
};

// A staged body. The file goes away with it.
class Staged {
 public:
  Staged(std::filesystem::path path, Fd fd, std::uint64_t size);
  Staged(Staged&&) noexcept = default;
  Staged& operator=(Staged&&) = delete;
  ~Staged();
  Result<engine::File> file() const;
  std::uint64_t size() const { return size_; }
  // Hex; computed beside what else is done with the file, and waited for here. Empty when it could not be read.
  std::string sha256() const { return sha256_.get(); }

 private:
  std::filesystem::path path_;
  Fd fd_;
  std::uint64_t size_;
  std::shared_future<std::string> sha256_;
};

// Where a publish's rows come from when it is no file: a session with a bound query, and what goes with it.
struct BoundQuery {
  engine::Session& session;
  std::vector<engine::RelationData> data;
  lineage::Fact lineage;
};

// After a publish committed.
struct Published {
  mesh::PortName port;
  std::string publish_id;
  std::uint64_t rows = 0;
};

// Thread-safe.
class Ingest {
 public:
  explicit Ingest(App& app);
  ~Ingest();

  // Reads the whole body to disk: limit "publish.too_large", invalid "request.truncated".
  Result<Staged> stage(ByteSource& body, std::optional<std::uint64_t> size);
  // The answer, committed or refused (refused "publish.refused" carries the same lists). conflict
  // "publish.key_conflict".
  Result<json::Value> publish(const Wish& wish, Staged staged);
  Result<json::Value> publish(const Wish& wish, BoundQuery query);

  struct State;  // ingest/state.h: for this folder only.

 private:
  std::unique_ptr<State> state_;
};

}  // namespace weft::ingest
