#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "app/app.h"

namespace weft {

// A capability: its folder, and one line in src/modules.cpp, which lists modules in dependency order.
struct Module {
  std::string_view name;
  std::span<const store::Migration> migrations;
  Result<> (*install)(App& app) = nullptr;
  std::vector<Command> (*commands)() = nullptr;  // CLI commands: need no App.
};

// All modules in dependency order (src/modules.cpp).
std::span<const Module* const> modules();

}  // namespace weft
