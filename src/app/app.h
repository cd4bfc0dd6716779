#pragma once

#include <any>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <vector>

#include "app/command.h"
#include "app/http.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "platform/engine/engine.h"
#include "platform/objects/objects.h"
#include "platform/store/store.h"

namespace weft {

// Who may call a route at all; what a caller may see behind it is governance's decision. The zero value is the safest.
enum class Access { administrator, signed_in, anyone };

// Which workers run it: `control` never waits behind `heavy` (queries, uploads, exports). `instant` never blocks.
enum class Lane { control, heavy, instant };

// A query parameter: what OpenAPI tells of it. Handlers check the value.
struct QueryParameter {
  QueryParameter(const char* name) : name(name) {}  // A plain text is the common case.
  QueryParameter(const char* name, const char* schema, bool is_required = false)
      : name(name), schema(schema), is_required(is_required) {}

  std::string name;
  std::string schema = R"({"type":"string"})";  // JSON Schema text.
  bool is_required = false;
};

inline const QueryParameter kLimit{"limit", R"({"type":"integer","minimum":1,"maximum":1000,"default":100})"};
inline const QueryParameter kCursor{
    "cursor", R"({"type":"string","pattern":"^[A-Za-z0-9_-]+$","description":"`next` of the page before."})"};
inline const QueryParameter kAsOf{
    "as_of", R"({"type":"integer","minimum":0,"maximum":9223372036854775807,"description":"A revision of the mesh."})"};

struct Route {
  std::string method;
  std::string path;  // "/v1/products/{domain}/{product}"; `:verb` may follow the last segment.
  Access access = Access::administrator;
  std::string summary;
  Handler handler;
  Lane lane = Lane::control;
  std::string request_schema;   // JSON Schema text that Request::json() enforces; empty: no JSON body.
  std::string response_schema;  // JSON Schema text of the 200 answer, empty: see media_type.
  std::string media_type = "application/json";
  std::vector<std::string> other_media_types;    // That the answer may have as well.
  std::vector<std::string> body_media_types;     // Of a body that is no JSON document of request_schema.
  std::vector<QueryParameter> query_parameters;  // Others are refused with "request.unknown_parameter".
  int status = 200;                              // Of an answer that went well.
};

// A part of the path space that speaks another standard's words. Query parameters that no route names are ignored
// there, as that standard's servers do, and may be repeated.
struct Door {
  std::string prefix;  // "/registry"; the paths below it, too.
  std::function<Response(const Error& error, const Request& request)> problem;
  // The path by which a route is found, when one thing may be reached in several ways; empty: the path as it is.
  std::function<std::string(std::string_view path)> route_path;
};

struct Job {
  std::string name;
  std::chrono::seconds every{60};
  std::function<Result<>(std::stop_token)> run;
};

// A table of the schema `mesh`. `rows` gives the rows that the asker may know, as objects with exactly these columns;
// `wanted` are the columns that the query uses (a hint).
struct SystemTable {
  struct Column {
    std::string name;
    std::string type;  // Iceberg type text: "string", "long", "timestamptz", "boolean", "double".
    std::string description;
  };
  std::string name;
  std::string summary;
  std::vector<Column> columns;
  // Calls `row` for each; stop when it fails.
  std::function<Result<>(const Principal& asker, const std::vector<std::string>& wanted,
                         const std::function<Result<>(json::Object)>& row)>
      rows;
};

struct Settings {
  std::filesystem::path data;           // The mesh's folder: mesh.db, lake/, staging/.
  bool is_dev = false;                  // `serve --dev`: callers without a token act as administrator.
  std::string audit_sync = "interval";  // or "always".
  std::uint64_t memory_bytes = 0;       // For all workers together; 0: 60 % of the machine.
  int workers = 0;                      // 0: by cores.
  std::chrono::seconds query_timeout{300};
  std::uint64_t upload_bytes_max = 64ULL << 30;
};

// What a module's install sees: services by type, routes, jobs, events, system tables. Filled once at start by one
// thread; afterwards read-only. Services are destroyed in reverse order of emplacement.
class App {
 public:
  struct Parts {
    Settings settings;
    Clock& clock;
    store::Store& store;
    objects::Objects& objects;
    engine::Engine& engine;
    metrics::Registry& metrics;
  };
  explicit App(Parts parts);
  ~App();

  const Settings& settings() const { return parts_.settings; }
  Clock& clock() { return parts_.clock; }
  store::Store& store() { return parts_.store; }
  objects::Objects& objects() { return parts_.objects; }
  engine::Engine& engine() { return parts_.engine; }
  metrics::Registry& metrics() { return parts_.metrics; }

  template <class T, class... Args>
  T& emplace(Args&&... args) {
    return adopt(std::make_unique<T>(std::forward<Args>(args)...));
  }
  template <class T>
  T& adopt(std::unique_ptr<T> service) {
    std::shared_ptr<T> shared = std::move(service);
    T& reference = *shared;
    services_.push_back(shared);
    CHECK(by_type_.emplace(typeid(T), &reference).second);
    return reference;
  }
  // A service of a module that stands earlier in modules.cpp.
  template <class T>
  T& use() {
    auto found = by_type_.find(typeid(T));
    CHECK(found != by_type_.end());
    return *static_cast<T*>(found->second);
  }

  void route(Route route);
  void door(Door door);
  void every(Job job);
  void system_table(SystemTable table);
  // Called when the server begins to drain, before jobs stop.
  void on_drain(std::function<void()> callback);

  template <class Event>
  void on(std::function<void(const Event&)> listener) {
    listeners_[typeid(Event)].push_back(
        [listener = std::move(listener)](const void* event) { listener(*static_cast<const Event*>(event)); });
  }
  // Calls the listeners on this thread, in module order.
  template <class Event>
  void emit(const Event& event) const {
    auto found = listeners_.find(typeid(Event));
    if (found == listeners_.end()) return;
    for (const auto& listener : found->second) listener(&event);
  }

  const std::vector<Route>& routes() const { return routes_; }
  // The door that a path belongs to; null: the usual words.
  const Door* door_of(std::string_view path) const;
  const std::vector<Job>& jobs() const { return jobs_; }
  const std::vector<SystemTable>& system_tables() const { return system_tables_; }
  const std::vector<std::function<void()>>& drain_callbacks() const { return drain_callbacks_; }

 private:
  Parts parts_;
  std::vector<std::shared_ptr<void>> services_;
  std::unordered_map<std::type_index, void*> by_type_;
  std::unordered_map<std::type_index, std::vector<std::function<void(const void*)>>> listeners_;
  std::vector<Route> routes_;
  std::vector<Door> doors_;
  std::vector<Job> jobs_;
  std::vector<SystemTable> system_tables_;
  std::vector<std::function<void()>> drain_callbacks_;
};

}  // namespace weft
