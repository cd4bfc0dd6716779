#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/app.h"
#include "product/audit/audit.h"
#include "product/catalog/catalog.h"
#include "product/lake/lake.h"
#include "product/lineage/lineage.h"

// The road out: parse → allow-list → resolve → decide → rewrite → bind → lineage → admit → commit the access record →
// run under limits → commit the outcome. Whatever asks for data takes it; it fails closed.
namespace weft::query {

struct Ask {
  std::string sql;
  json::Array parameters;
  Principal principal;
  std::string request_id;
  engine::WorkClass work = engine::WorkClass::interactive;
  engine::Limits limits;
  std::stop_token cancelled;
};

// What one relation of a query is, and why it may be read.
struct Source {
  std::string name;          // "aviation.flights.flights" or "mesh.products".
  mesh::PortName port;       // Empty for mesh.*.
  lake::TablePointer table;  // For table ports.
  const SystemTable* system = nullptr;
  std::string reader;  // Who reads it: the asker, or the domain of the view it stands in.
  std::string why;
};

// A query that was bound and decided, on a leased worker. Destroying it without finish() leaves its outcome `unknown`.
struct Prepared {
  std::string query_id;
  Ask ask;
  mesh::MeshPointer mesh;
  std::unique_ptr<std::stop_source> stop;  // Chained from ask.cancelled and cancel(). Outlives the session.
  std::unique_ptr<std::stop_callback<std::function<void()>>> chain;
  std::unique_ptr<engine::Session> session;
  engine::Plan plan;
  std::vector<Source> sources;  // One per relation of the plan.
  bool is_recorded = false;
};

// Thread-safe.
class Road {
 public:
  explicit Road(App& app);
  ~Road();

  // Up to lineage; nothing is recorded but denials. not_found "product.unknown", denied "access.denied", and the
  // engine's.
  Result<std::unique_ptr<Prepared>> prepare(Ask ask);
  // Commits the access record and opens what is left of the files after pruning. `also` joins the same transaction.
  Result<std::vector<engine::RelationData>> admit(Prepared& prepared);
  // Commits the outcome; never fails the answer that is already out.
  void finish(Prepared& prepared, const Result<engine::Outcome>& outcome);

  // All of it: for doors that stream an answer.
  Result<engine::Outcome> run(Prepared& prepared, engine::Format format, ByteSink& out);

  // Ends a running query. not_found when there is none of that id that the principal may cancel.
  Result<> cancel(std::string_view query_id, const Principal& principal);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::query
