#include "app/router.h"

#include <unordered_map>

#include "app/openapi.h"
#include "app/problem.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace weft {
namespace {

constexpr std::size_t kSegmentsMax = 32;

// What stands behind one path: a route for each method.
struct Leaf {
  std::vector<const Route*> routes;
  std::vector<std::string> params;  // Names of the template's parameters, in order.
};

struct Node {
  std::unordered_map<std::string, std::unique_ptr<Node>> literal;  // Decoded segments, a verb included.
  std::unique_ptr<Node> any;                                       // {name}
  std::unordered_map<std::string, Leaf> verbs;                     // {name}:verb
  Leaf leaf;
};

std::vector<std::string_view> segments_of(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return text::split(path, '/');
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

std::string parameter_name(std::string_view segment) { return std::string(segment.substr(1, segment.find('}') - 1)); }

void add(Node& root, const Route& route) {
  Node* node = &root;
  Leaf* leaf = nullptr;
  std::vector<std::string> params;
  for (const std::string_view segment : segments_of(route.path)) {
    CHECK(leaf == nullptr);  // A verb ends the path.
    if (is_parameter(segment)) {
      params.push_back(parameter_name(segment));
      const auto verb = segment.find("}:");
      if (verb != std::string_view::npos) {
        leaf = &node->verbs[std::string(segment.substr(verb + 2))];
        continue;
      }
      if (!node->any) node->any = std::make_unique<Node>();
      node = node->any.get();
    } else {
      auto& child = node->literal[std::string(segment)];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
    }
  }
  if (leaf == nullptr) leaf = &node->leaf;
  for (const Route* other : leaf->routes) CHECK(other->method != route.method);
  leaf->routes.push_back(&route);
  leaf->params = std::move(params);
}

struct Match {
  const Leaf* leaf = nullptr;
  std::vector<std::string> values;
};

// Literals win over parameters; segments are decoded one by one, so that an encoded slash stays inside its segment.
Match find(const Node& root, std::string_view path) {
  Match match;
  const auto segments = segments_of(path);
  if (segments.size() > kSegmentsMax) return match;
  const Node* node = &root;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    auto decoded = text::percent_decode(segments[i]);
    if (!decoded || !text::is_valid_utf8(*decoded) || decoded->find('\0') != std::string::npos) return {};
    if (const auto child = node->literal.find(*decoded); child != node->literal.end()) {
      node = child->second.get();
      continue;
    }
    const auto colon = segments[i].rfind(':');
    if (i + 1 == segments.size() && colon != std::string_view::npos) {
      const auto verb = node->verbs.find(std::string(segments[i].substr(colon + 1)));
      if (verb != node->verbs.end()) {
        match.values.push_back(text::percent_decode(segments[i].substr(0, colon)).value_or(""));
        match.leaf = &verb->second;
        return match;
      }
    }
    if (!node->any || decoded->empty()) return {};
    match.values.push_back(std::move(*decoded));
    node = node->any.get();
  }
  if (!node->leaf.routes.empty()) match.leaf = &node->leaf;
  return match;
}

const Route* route_for(const Leaf& leaf, std::string_view method) {
  for (const Route* route : leaf.routes) {
    if (route->method == method) return route;
  }
  if (method == "HEAD") return route_for(leaf, "GET");
  return nullptr;
}

std::string allowed_methods(const Leaf& leaf) {
  std::string all;
  for (const Route* route : leaf.routes) {
    all += (all.empty() ? "" : ", ") + route->method;
    if (route->method == "GET") all += ", HEAD";
  }
  return all;
}

Result<> check_parameters(const Route& route, const Request& request) {
  for (const auto& [key, value] : request.query) {
    if (std::find(route.query_parameters.begin(), route.query_parameters.end(), key) == route.query_parameters.end()) {
      return fail(ErrorKind::invalid, "request.unknown_parameter", "{} {} has no query parameter {}{}", route.method,
                  route.path, key, text::did_you_mean(key, route.query_parameters));
    }
  }
  return {};
}

Result<> check_access(const Route& route, const Principal& principal) {
  if (route.access == Access::anyone) return {};
  if (principal.is_anonymous) {
    return fail(ErrorKind::unauthenticated, "auth.required",
                "{} {} needs a token: send `Authorization: Bearer …` (the CLI reads WEFT_TOKEN)", route.method,
                route.path);
  }
  if (route.access == Access::administrator && !principal.is_administrator) {
    return fail(ErrorKind::denied, "access.administrator", "{} {} needs the platform administrator; {} is not one",
                route.method, route.path, principal.name);
  }
  return {};
}

}  // namespace

struct Router::Table {
  Node root;
  std::string openapi;
  std::function<void(const Request&, const Error&)> on_denied;
};

Router::Router(const App& app, Authenticator& authenticator)
    : table_(std::make_unique<Table>()), app_(app), authenticator_(authenticator) {
  for (const Route& route : app.routes()) add(table_->root, route);
  table_->openapi = openapi_of(app.routes());
}

Router::~Router() = default;

void Router::on_denied(std::function<void(const Request&, const Error&)> listener) {
  table_->on_denied = std::move(listener);
}

std::string Router::openapi() const { return table_->openapi; }

Lane Router::lane(std::string_view method, std::string_view path) const {
  const Match match = find(table_->root, path);
  const Route* route = match.leaf == nullptr ? nullptr : route_for(*match.leaf, method);
  return route == nullptr ? Lane::instant : route->lane;
}

std::string_view Router::template_of(std::string_view method, std::string_view path) const {
  const Match match = find(table_->root, path);
  const Route* route = match.leaf == nullptr ? nullptr : route_for(*match.leaf, method);
  return route == nullptr ? std::string_view() : std::string_view(route->path);
}

Response Router::handle(Request& request) const {
  const auto run = [&]() -> Answer {
    Match match = find(table_->root, request.path);
    if (match.leaf == nullptr) {
      return fail(ErrorKind::not_found, "request.no_route", "there is nothing at {}; /openapi.json lists all routes",
                  request.path);
    }
    const Route* route = route_for(*match.leaf, request.method);
    if (route == nullptr) {
      auto error = fail(ErrorKind::invalid, "request.method_not_allowed", "{} does not take {}; it takes {}",
                        request.path, request.method, allowed_methods(*match.leaf));
      error.error().details.set("allow", allowed_methods(*match.leaf));
      return error;
    }
    for (std::size_t i = 0; i < match.values.size(); ++i)
      request.params[match.leaf->params[i]] = std::move(match.values[i]);
    if (request.principal.is_anonymous) request.principal = TRY(authenticator_.authenticate(request));
    TRY(check_access(*route, request.principal));
    TRY(check_parameters(*route, request));
    return route->handler(request);
  };
  try {
    Answer answer = run();
    if (answer) return std::move(*answer);
    const Error& error = answer.error();
    if (table_->on_denied && (error.kind == ErrorKind::denied || error.kind == ErrorKind::unauthenticated)) {
      table_->on_denied(request, error);
    }
    if (error.kind == ErrorKind::internal)
      LOG(error, "{} {} {}: {}", request.request_id, request.method, request.path, error.message);
    Response refusal = problem(error, request.request_id);
    if (const auto* allow = error.details.find("allow")) refusal.headers.set("Allow", std::string(allow->text_or("")));
    return refusal;
  } catch (const std::exception& exception) {
    LOG(error, "{} {} {}: {}", request.request_id, request.method, request.path, exception.what());
    return problem({.kind = ErrorKind::internal,
                    .code = "internal",
                    .message = "an internal error; the log has it under the request id",
                    .details = {}},
                   request.request_id);
  }
}

}  // namespace weft
