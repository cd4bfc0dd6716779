#include "app/app.h"

#include <utility>

namespace weft {

App::App(Parts parts) : parts_(std::move(parts)) {}

App::~App() {
  // Services use those before them: the last made goes first.
  while (!services_.empty()) services_.pop_back();
}

void App::route(Route route) { routes_.push_back(std::move(route)); }
void App::door(Door door) { doors_.push_back(std::move(door)); }
void App::every(Job job) { jobs_.push_back(std::move(job)); }
void App::system_table(SystemTable table) { system_tables_.push_back(std::move(table)); }
void App::on_drain(std::function<void()> callback) { drain_callbacks_.push_back(std::move(callback)); }

const Door* App::door_of(std::string_view path) const {
  for (const Door& door : doors_) {
    if (path.starts_with(door.prefix) && (path.size() == door.prefix.size() || path[door.prefix.size()] == '/'))
      return &door;
  }
  return nullptr;
}

}  // namespace weft
