#include "app/app.h"

#include <utility>

namespace weft {

App::App(Parts parts) : parts_(std::move(parts)) {}

App::~App() {
  // Services use those before them: the last made goes first.
  while (!services_.empty()) services_.pop_back();
}

void App::route(Route route) { routes_.push_back(std::move(route)); }
void App::every(Job job) { jobs_.push_back(std::move(job)); }
void App::system_table(SystemTable table) { system_tables_.push_back(std::move(table)); }
void App::on_drain(std::function<void()> callback) { drain_callbacks_.push_back(std::move(callback)); }

}  // namespace weft
