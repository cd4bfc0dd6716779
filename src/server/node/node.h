#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/app.h"
#include "app/router.h"

// One Weft node put together: store, objects, engine, modules, router, jobs. The server and the CLI in process use the
// same.
namespace weft::server {

struct NodeOptions {
  Settings settings;
  std::filesystem::path engine_program;  // Empty: beside this executable.
};

// Opens in the order of src/modules.cpp, closes in reverse. The router is thread-safe.
class Node {
 public:
  // As store::Store::open, and what a module's install refuses.
  static Result<std::unique_ptr<Node>> open(const NodeOptions& options);
  ~Node();

  const Router& router() const;
  App& app();
  metrics::Registry& metrics();
  Clock& clock();
  store::Store& store();

  void start_jobs();
  // Drain callbacks, then jobs end; in-flight requests are the door's matter.
  void drain();

  // The administrator's token when this was the first start of this folder.
  Result<std::optional<std::string>> first_run_token();
  // The principal of that name with its teams as declared; "domain:NAME" is the domain itself.
  Principal principal_named(std::string_view name) const;

 private:
  struct State;
  explicit Node(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What the CLI in process acts as.
Principal local_administrator();

}  // namespace weft::server
