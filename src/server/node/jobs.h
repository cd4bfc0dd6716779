#pragma once

#include <memory>
#include <vector>

#include "app/app.h"
#include "base/metrics.h"

namespace weft::server {

// Runs each job on one thread, one after the other, when it is due; a slow job delays others, never overlaps itself.
class Jobs {
 public:
  Jobs(const std::vector<Job>& jobs, metrics::Registry& metrics);
  ~Jobs();
  void start();
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::server
