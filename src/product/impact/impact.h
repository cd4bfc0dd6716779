#pragma once

#include <string>
#include <vector>

#include "app/app.h"
#include "formats/odcs/diff.h"
#include "product/catalog/catalog.h"

// Who is hurt when a contract changes: every view, pipeline and recorded query that reads the port, bound again against
// the proposed columns.
namespace weft::impact {

inline constexpr std::size_t kShapesMax = 5'000;     // Distinct texts of queries that are bound again.
inline constexpr std::size_t kConsumersShown = 100;  // In an answer.
inline constexpr std::chrono::hours kWindow{24 * 100};

enum class Verdict { accept, accept_with_notice, needs_new_major, refused };
std::string_view to_string(Verdict verdict);

// Somebody who was observed to read the port.
struct Consumer {
  std::string kind;       // "view", "pipeline", "query".
  std::string name;       // The view's port, the pipeline, the query's text.
  std::string owner;      // The domain of a view or pipeline.
  std::string principal;  // Who asked the query.
  std::int64_t uses = 0;
  std::string last_use;  // RFC 3339; empty: not recorded.
  std::string column;    // Of the port, that it is about; empty: not one alone.
  std::string why;       // What no longer works.
  bool breaks = false;   // Else its answer's type becomes wider.
};

struct Impact {
  mesh::PortName port;
  std::vector<odcs::Change> changes;
  std::string version_problem;
  std::size_t observed = 0;         // Consumers that read the port at all.
  std::vector<Consumer> consumers;  // Those who break, then those whose answer changes.
  Verdict verdict = Verdict::accept;
  std::vector<std::string> reasons;
};

// Thread-safe. The store and the engine outlive it.
class Assessor {
 public:
  Assessor(store::Store& store, engine::Engine& engine, Clock& clock) : store_(store), engine_(engine), clock_(clock) {}
  // What becomes of one port between two meshes. Both must have it.
  Result<Impact> assess(const mesh::MeshState& before, const mesh::MeshState& after, const mesh::PortName& port,
                        std::stop_token stop) const;
  // A problem for each port that a change of its contract breaks for somebody.
  void check(const mesh::MeshState& before, const mesh::MeshState& after,
             std::vector<catalog::Problem>& problems) const;

 private:
  struct Asked;
  Result<std::vector<Asked>> asked(const mesh::PortName& port) const;

  store::Store& store_;
  engine::Engine& engine_;
  Clock& clock_;
};

json::Value to_json(const Impact& impact);

}  // namespace weft::impact
