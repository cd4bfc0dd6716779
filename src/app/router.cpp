#include "app/router.h"

#include <set>
#include <unordered_map>

#include "app/openapi.h"
#include "app/problem.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "formats/json_schema/json_schema.h"

namespace weft {
namespace {

constexpr std::size_t kSegmentsMax = 32;

// What stands behind one path: a route for each method.
struct Leaf {
  std::vector<const Route*> routes;
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

// By the route's own names: two that share a path may call its parameters differently.
void name_values(const Route& route, std::vector<std::string> values, std::map<std::string, std::string>& params) {
  std::size_t next = 0;
  for (const std::string_view segment : segments_of(route.path)) {
    if (is_parameter(segment)) params[parameter_name(segment)] = std::move(values[next++]);
  }
}

void add(Node& root, const Route& route) {
  Node* node = &root;
  Leaf* leaf = nullptr;
  for (const std::string_view segment : segments_of(route.path)) {
    CHECK(leaf == nullptr);  // A verb ends the path.
    if (is_parameter(segment)) {
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
}

struct Match {
  const Leaf* leaf = nullptr;
  std::vector<std::string> values;
};

struct Segment {
  std::string_view raw;
  std::string decoded;
};

// Literals win over parameters, and a literal that leads nowhere gives way to a parameter: a domain may be named like
// the last word of another route.
bool descend(const Node& node, std::span<const Segment> rest, Match& match) {
  if (rest.empty()) {
    if (node.leaf.routes.empty()) return false;
    match.leaf = &node.leaf;
    return true;
  }
  const Segment& segment = rest.front();
  if (const auto child = node.literal.find(segment.decoded);
      child != node.literal.end() && descend(*child->second, rest.subspan(1), match)) {
    return true;
  }
  const auto colon = segment.raw.rfind(':');
  if (rest.size() == 1 && colon != std::string_view::npos && colon > 0) {
    const auto verb = node.verbs.find(std::string(segment.raw.substr(colon + 1)));
    if (verb != node.verbs.end()) {
      match.values.push_back(text::percent_decode(segment.raw.substr(0, colon)).value_or(""));
      match.leaf = &verb->second;
      return true;
    }
  }
  if (!node.any || segment.decoded.empty()) return false;
  match.values.push_back(segment.decoded);
  if (descend(*node.any, rest.subspan(1), match)) return true;
  match.values.pop_back();
  return false;
}

// Segments are decoded one by one, so that an encoded slash stays inside its segment.
Match find(const Node& root, std::string_view path) {
  Match match;
  const auto raw = segments_of(path);
  if (raw.size() > kSegmentsMax) return match;
  std::vector<Segment> segments;
  for (const std::string_view segment : raw) {
    auto decoded = text::percent_decode(segment);
    if (!decoded || !text::is_valid_utf8(*decoded) || decoded->find('\0') != std::string::npos) return match;
    segments.push_back({.raw = segment, .decoded = std::move(*decoded)});
  }
  descend(root, segments, match);
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

Result<> read_parameters(Request& request) {
  if (request.query_text.empty()) return {};
  request.query_items = TRY(parse_query(request.query_text));
  for (const auto& [key, value] : request.query_items) request.query.emplace(key, value);
  return {};
}

Result<> check_parameters(const Route& route, const Request& request) {
  std::set<std::string_view> seen;
  for (const auto& [key, value] : request.query_items) {
    if (!seen.insert(key).second) {
      return fail(ErrorKind::invalid, "request.repeated_parameter", "the query parameter {} stands more than once",
                  key);
    }
  }
  for (const auto& [key, value] : request.query) {
    std::vector<std::string> names;
    for (const QueryParameter& each : route.query_parameters) names.push_back(each.name);
    if (std::find(names.begin(), names.end(), key) == names.end()) {
      return fail(ErrorKind::invalid, "request.unknown_parameter", "{} {} has no query parameter {}{}", route.method,
                  route.path, key, text::did_you_mean(key, names));
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

namespace {

json_schema::Schema compiled(const std::string& schema) {
  auto document = json::parse(schema);
  CHECK(document.has_value());
  auto ready = json_schema::Schema::compile(std::move(*document), json_schema::kOwnSchemas);
  CHECK(ready.has_value());
  return std::move(*ready);
}

}  // namespace

struct Router::Table {
  Node root;
  std::string openapi;
  std::map<const Route*, json_schema::Schema> bodies;
  std::function<void(const Request&, const Error&)> on_denied;

  Match match(const Door* door, std::string_view path) const {
    return door != nullptr && door->route_path ? find(root, door->route_path(path)) : find(root, path);
  }
};

Router::Router(const App& app, Authenticator& authenticator)
    : table_(std::make_unique<Table>()), app_(app), authenticator_(authenticator) {
  for (const Route& route : app.routes()) {
    add(table_->root, route);
    if (!route.request_schema.empty()) table_->bodies.emplace(&route, compiled(route.request_schema));
  }
  table_->openapi = openapi_of(app.routes());
}

Router::~Router() = default;

void Router::on_denied(std::function<void(const Request&, const Error&)> listener) {
  table_->on_denied = std::move(listener);
}

std::string Router::openapi() const { return table_->openapi; }

Lane Router::lane(std::string_view method, std::string_view path) const {
  const Match match = table_->match(app_.door_of(path), path);
  const Route* route = match.leaf == nullptr ? nullptr : route_for(*match.leaf, method);
  return route == nullptr ? Lane::instant : route->lane;
}

std::string_view Router::template_of(std::string_view method, std::string_view path) const {
  const Match match = table_->match(app_.door_of(path), path);
  const Route* route = match.leaf == nullptr ? nullptr : route_for(*match.leaf, method);
  return route == nullptr ? std::string_view() : std::string_view(route->path);
}

Response Router::handle(Request& request) const {
  const Door* door = app_.door_of(request.path);
  const auto refusal_of = [&](const Error& error) {
    return door != nullptr ? door->problem(error, request) : problem(error, request.request_id);
  };
  const auto run = [&]() -> Answer {
    Match match = table_->match(door, request.path);
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
    name_values(*route, std::move(match.values), request.params);
    if (request.principal.is_anonymous) request.principal = TRY(authenticator_.authenticate(request));
    TRY(check_access(*route, request.principal));
    TRY(read_parameters(request));
    if (door == nullptr) TRY(check_parameters(*route, request));
    if (const auto schema = table_->bodies.find(route); schema != table_->bodies.end())
      request.body_schema = &schema->second;
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
    Response refusal = refusal_of(error);
    if (const auto* allow = error.details.find("allow")) refusal.headers.set("Allow", std::string(allow->text_or("")));
    return refusal;
  } catch (const std::exception& exception) {
    LOG(error, "{} {} {}: {}", request.request_id, request.method, request.path, exception.what());
    return refusal_of({.kind = ErrorKind::internal,
                       .code = "internal",
                       .message = "an internal error; the log has it under the request id",
                       .details = {}});
  }
}

}  // namespace weft
