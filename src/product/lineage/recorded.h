#pragma once

#include <atomic>
#include <mutex>

#include "base/clock.h"
#include "product/lineage/graph.h"
#include "product/lineage/lineage.h"

namespace weft::lineage {

// Lineage as the store has it, with the graph of what is current in memory. The graph is read on first use and again
// when facts were added; readers share one value. Thread-safe. Store and clock outlive it.
class Recorded final : public Lineage {
 public:
  Recorded(store::Store& store, Clock& clock) : store_(store), clock_(clock) {}

  Result<> record(store::Session& session, const Fact& fact) override;
  bool is_covered(const mesh::MeshState& mesh, const mesh::Product& product) const override;

  Result<GraphPointer> graph() const;
  store::Store& store() const { return store_; }
  Time now() const { return clock_.now(); }

 private:
  store::Store& store_;
  Clock& clock_;
  mutable std::mutex mutex_;
  mutable GraphPointer graph_;
  mutable std::chrono::steady_clock::time_point verified_;
  std::atomic<std::int64_t> last_record_ = 0;  // Of the steady clock.
};

// M7 of a product: columns of its derived ports, and how many of them have lineage. No columns: nothing to cover.
struct Coverage {
  std::size_t columns = 0;
  std::size_t covered = 0;
  std::vector<std::string> missing;  // "port.column", at most 20.
};
Coverage coverage_of(const mesh::MeshState& mesh, const mesh::Product& product, const Graph& graph);

}  // namespace weft::lineage
