#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/app.h"

namespace weft {

// Makes the Principal of a request from its headers; installed by identity.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // unauthenticated "auth.…" when credentials are there and wrong; an anonymous Principal when there are none.
  virtual Result<Principal> authenticate(const Request& request) = 0;
};

// Finds the route and runs it: the one way into the product, for HTTP and for the CLI in process. Thread-safe.
class Router {
 public:
  Router(const App& app, Authenticator& authenticator);
  ~Router();

  // Never throws and never fails: what goes wrong is a problem document. When `request.principal` is set already
  // (in-process callers, jobs) it is not authenticated again.
  Response handle(Request& request) const;
  // Called for each refusal with kind `denied` or `unauthenticated`, before it is answered. Set before serving.
  void on_denied(std::function<void(const Request&, const Error&)> listener);
  Lane lane(std::string_view method, std::string_view path) const;
  // The path template that serves it, for metrics; "" when none does.
  std::string_view template_of(std::string_view method, std::string_view path) const;

  // OpenAPI 3.1 of all routes.
  std::string openapi() const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
  const App& app_;
  Authenticator& authenticator_;
};

}  // namespace weft
