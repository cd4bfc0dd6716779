#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "platform/engine/worker_process.h"

namespace weft::engine {

// Looks at the workers that are at work every few milliseconds and ends those that run too long or hold too much
// memory: what the engine itself counts is not all that it takes. Its thread sleeps while none is at work. Thread-safe.
class Watch {
 public:
  struct Terms {
    std::chrono::steady_clock::time_point deadline;
    std::uint64_t memory_max = 0;
    std::chrono::microseconds cpu_max{0};  // Past this it gives way to the others; 0: never.
  };
  struct Seen {
    std::uint64_t memory_peak = 0;
    bool has_given_way = false;
  };

  Watch();
  ~Watch();
  // The worker stays alive until remove(), after which nobody here touches it.
  void add(WorkerProcess& worker, const Terms& terms);
  Seen remove(WorkerProcess& worker);

 private:
  struct Watched {
    Terms terms;
    std::chrono::microseconds cpu_before{0};
    Seen seen;
  };
  void work(std::stop_token stop);
  static void look_at(WorkerProcess& worker, Watched& watched);

  std::mutex mutex_;
  std::condition_variable_any added_;
  std::map<WorkerProcess*, Watched> watched_;  // Guarded by mutex_.
  std::jthread thread_;
};

}  // namespace weft::engine
