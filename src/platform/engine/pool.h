#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "platform/engine/engine.h"
#include "platform/engine/worker_process.h"

namespace weft::engine {

inline constexpr std::size_t kQueueMax = 512;
inline constexpr std::chrono::seconds kQueueWaitMax{60};
inline constexpr std::uint64_t kHeavyRows = 200'000;  // Queries that scan more take a heavy token.

// The workers and the rules by which sessions get them. Thread-safe.
class Pool {
 public:
  struct Sizes {
    int workers_max = 4;
    int heavy_max = 2;
    int warm = 1;
    int threads = 2;
    std::uint64_t worker_memory_bytes = 1 << 30;
  };
  Pool(Fd program, std::string library_path, Sizes sizes, std::chrono::seconds idle_max, metrics::Registry& metrics);
  ~Pool();

  // A worker for one session. unavailable "engine.busy", "engine.start"; timeout "engine.queue"; cancelled.
  Result<std::unique_ptr<WorkerProcess>> lease(std::stop_token cancelled);
  // It comes back when the session ended well; otherwise it is killed here and replaced.
  enum class Condition { clean, spoiled };
  void give_back(std::unique_ptr<WorkerProcess> worker, Condition condition);

  // Heavy work waits its turn so that point queries stay fast.
  Result<> take_heavy(std::stop_token cancelled, std::chrono::steady_clock::time_point deadline);
  void give_heavy();

  void warm();
  const Sizes& sizes() const { return sizes_; }
  Result<json::Value> hello();

 private:
  struct Idle {
    std::unique_ptr<WorkerProcess> worker;
    std::chrono::steady_clock::time_point since;
  };
  void tend(std::stop_token stop);
  Result<std::unique_ptr<WorkerProcess>> start();

  Fd program_;
  std::string library_path_;
  Sizes sizes_;
  std::chrono::seconds idle_max_;
  metrics::Counter started_, died_;
  metrics::Gauge leased_gauge_;

  std::mutex mutex_;
  std::condition_variable_any freed_, heavy_freed_, tend_;
  std::vector<Idle> idle_;       // Guarded by mutex_, as is what follows.
  int leased_ = 0;
  int heavy_ = 0;
  int warm_wanted_ = 0;
  std::size_t waiting_ = 0;
  std::jthread tender_;          // Starts warm workers, retires idle ones. Last: it uses the others.
};

}  // namespace weft::engine
