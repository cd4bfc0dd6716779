#pragma once

#include "app/app.h"
#include "product/registry/registry.h"

namespace weft::registry {

inline constexpr std::string_view kPrefix = "/registry";

// Refuses who may not change what is in a context.
using WriteCheck = std::function<Result<>(const Request&, std::string_view context)>;

void add_schema_routes(App& app, Registry& registry);
void add_subject_routes(App& app, Registry& registry, WriteCheck may_write);
void add_place_routes(App& app, Registry& registry, WriteCheck may_write);

// "/registry/contexts/.ctx/subjects" is "/registry/subjects" in another context.
std::string route_path(std::string_view path);
}  // namespace weft::registry
