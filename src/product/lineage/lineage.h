#pragma once

#include <string>
#include <vector>

#include "app/app.h"
#include "platform/engine/engine.h"
#include "product/mesh/mesh.h"

// Which column feeds which: edges recorded from bound plans of pipelines, views and queries; closure in memory.
namespace weft::lineage {

// One bound plan's worth of lineage.
struct Fact {
  std::string source;     // "pipeline", "view", "query".
  std::string name;       // Pipeline's name, view's port, query id.
  mesh::PortName target;  // pipeline and view: the output port; query: empty.
  engine::Plan plan;
  std::vector<mesh::PortName> relations;  // For each relation of the plan its port (empty names for mesh.* tables).
};

// Thread-safe.
class Lineage {
 public:
  static Result<std::unique_ptr<Lineage>> open(App& app);
  virtual ~Lineage() = default;
  // Within the transaction of what it tells of. Equal facts of one source and name are stored once.
  virtual Result<> record(store::Session& session, const Fact& fact) = 0;
  // Whether every column of a derived port has lineage, or it has no inputs (M7).
  virtual bool is_covered(const mesh::MeshState& mesh, const mesh::Product& product) const = 0;
};

// A query bound against the columns that the mesh declares, through the views that it reads, without data: its plan,
// and the port of each relation. The session's and the mesh's errors.
struct Declared {
  engine::Plan plan;
  std::vector<mesh::PortName> relations;
};
Result<Declared> bind_declared(const mesh::MeshState& mesh, engine::Session& session, const std::string& sql);

}  // namespace weft::lineage
