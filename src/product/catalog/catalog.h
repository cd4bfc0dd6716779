#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/app.h"
#include "product/audit/audit.h"
#include "product/mesh/mesh.h"

// What is declared: reads documents, validates, plans, applies; keeps every revision; moves stages on evidence.
namespace weft::catalog {

// A document as it was handed in.
struct SourceFile {
  std::string path;  // For messages.
  std::string text;
};

struct Problem {
  std::string file;
  int line = 0, column = 0;
  std::string severity = "error";  // "error", "warning".
  std::string code;
  std::string message;
  std::string pointer;  // JSON pointer within the document.
};

// SARIF 2.1.0 of the problems.
std::string sarif_of(const std::vector<Problem>& problems);

// After a revision became current; on the applying thread, after the commit.
struct MeshChanged {
  mesh::MeshPointer before, after;
};

// One predicate of the gate from one stage to the next; modules add theirs.
struct Evidence {
  std::string name;  // "contract", "owner", "on_call", "description", "lineage".
  mesh::Stage needed_from = mesh::Stage::staging;
  // What is missing and how to supply it, or nothing when it is there.
  std::function<std::optional<std::string>(const mesh::MeshState&, const mesh::Product&)> missing;
};

// Thread-safe; current() is a pointer copy.
class Catalog {
 public:
  static Result<std::unique_ptr<Catalog>> open(App& app, audit::Audit& audit);
  virtual ~Catalog() = default;
  virtual mesh::MeshPointer current() const = 0;
  // not_found "mesh.unknown_revision".
  virtual Result<mesh::MeshPointer> at(std::int64_t revision) const = 0;
  // The current mesh as it would be with one contract's document in place of its own. not_found "contract.unknown",
  // refused "mesh.problems" (details: problems).
  virtual Result<mesh::MeshPointer> with_contract(const SourceFile& contract) const = 0;
  // The effective stage: the requested one, or the furthest whose evidence is there.
  virtual mesh::Stage stage(const mesh::ProductName& product) const = 0;
  virtual void add_evidence(Evidence evidence) = 0;
  // Later modules that must agree to a change (lake: schema evolution) and write with it: `check` runs while planning
  // and before applying, and adds problems; `commit` runs in the transaction that makes the revision current.
  struct Participant {
    std::function<void(const mesh::MeshState& before, const mesh::MeshState& after, std::vector<Problem>&)> check;
    std::function<Result<>(store::Session&, const mesh::MeshState& before, const mesh::MeshState& after)> commit;
  };
  virtual void add_participant(Participant participant) = 0;
  // Looks at the evidence again: after a first publish, for one.
  virtual Result<> reconsider(const mesh::ProductName& product) = 0;
};

}  // namespace weft::catalog
