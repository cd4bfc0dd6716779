#pragma once

#include <mutex>

#include "product/catalog/plan.h"

namespace weft::catalog {

// The catalog over the store: every document with the revisions it stood in, the current mesh as a pointer.
class Service final : public Catalog {
 public:
  struct Proposal {
    std::string source;
    std::vector<SourceFile> files;
    bool prunes = false;
    std::optional<std::int64_t> base_revision;
  };
  struct Planned {
    std::int64_t base_revision = 0;
    std::vector<Declared> before_documents, after_documents;
    mesh::MeshPointer before, after;
    Comparison comparison;
    std::vector<Problem> problems;  // Whatever forbids to apply.
  };

  static Result<std::unique_ptr<Service>> load(App& app, audit::Audit& audit);

  mesh::MeshPointer current() const override;
  Result<mesh::MeshPointer> at(std::int64_t revision) const override;
  Result<mesh::MeshPointer> with_contract(const SourceFile& contract) const override;
  mesh::Stage stage(const mesh::ProductName& product) const override;
  void add_evidence(Evidence evidence) override;
  Result<> reconsider(const mesh::ProductName& product) override;
  void add_participant(Participant participant) override;

  // Against the current revision, or against an older one. Problems and denials are in the plan.
  Result<Planned> plan(const Proposal& proposal, const Principal& principal, std::optional<std::int64_t> against) const;
  // Plans and makes it the next revision. precondition "mesh.moved", refused "mesh.problems".
  Result<json::Value> apply(const Proposal& proposal, const Principal& principal, const std::string& request_id);

  // What the requested stage waits for: one line each.
  std::vector<std::string> missing(const mesh::MeshState& mesh, const mesh::Product& product, mesh::Stage stage) const;
  Result<json::Value> revisions(const Page& page) const;
  Result<json::Value> revision(std::int64_t revision) const;

 private:
  Service(App& app, audit::Audit& audit) : store_(app.store()), clock_(app.clock()), audit_(audit), app_(app) {}
  Result<std::vector<Declared>> documents_at(std::int64_t revision) const;
  std::vector<Problem> denials(const Planned& planned, const Principal& principal) const;
  mesh::Stage reached(const mesh::MeshState& mesh, const mesh::Product& product) const;
  Result<> write_revision(store::Session& session, const Planned& planned, const Proposal& proposal,
                          const Principal& principal, const std::string& request_id, std::int64_t revision);
  Result<json::Array> move_stages(const std::vector<mesh::ProductName>& products);
  Result<> load_stages();

  store::Store& store_;
  Clock& clock_;
  audit::Audit& audit_;
  App& app_;
  std::vector<Evidence> evidence_;         // Filled while modules install.
  std::vector<Participant> participants_;  // Likewise.
  std::mutex apply_mutex_;                 // One apply at a time.
  mutable std::mutex mutex_;
  mesh::MeshPointer current_;  // Guarded by mutex_, as is what follows.
  std::map<mesh::ProductName, mesh::Stage> stages_;
  mutable std::map<std::int64_t, mesh::MeshPointer> past_;
};

}  // namespace weft::catalog
