#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "platform/engine/engine.h"
#include "platform/engine/forker.h"
#include "platform/engine/parsed_cache.h"
#include "platform/engine/watch.h"

namespace weft::engine {

inline constexpr std::size_t kQueueMax = 512;
inline constexpr std::chrono::seconds kQueueWaitMax{60};

// Two kinds of workers, so that short queries stay short: heavy ones are few (as many as cores), have most of the
// memory and run at the lowest priority; light ones are many and small.
enum class Lane { light, heavy };
std::string_view to_string(Lane lane);

// The workers and the rules by which sessions get them. Thread-safe.
class Pool {
 public:
  struct LaneSizes {
    int workers_max = 1;
    int warm = 1;
    WorkerTerms terms;
  };
  struct Sizes {
    LaneSizes light, heavy;
  };
  Pool(Fd program, std::string library_path, Sizes sizes, std::chrono::seconds idle_max, metrics::Registry& metrics);
  ~Pool();

  // A worker of its own for the caller, who waits its turn in order of arrival. unavailable "engine.busy",
  // "engine.start"; timeout "engine.queue"; cancelled.
  Result<std::unique_ptr<WorkerProcess>> lease(Lane lane, std::stop_token cancelled,
                                               std::chrono::steady_clock::time_point deadline);
  // It comes back when all went well; otherwise it is ended here, and another takes its place.
  enum class Condition { clean, spoiled };
  void give_back(Lane lane, std::unique_ptr<WorkerProcess> worker, Condition condition);

  // Starts workers ahead of their sessions, from now on.
  void warm();
  ParsedCache& parsed() { return parsed_; }
  Watch& watch() { return watch_; }
  const LaneSizes& sizes(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)].sizes; }

 private:
  using Steady = std::chrono::steady_clock;
  struct Idle {
    std::unique_ptr<WorkerProcess> worker;
    Steady::time_point since;
  };
  struct LaneState {
    LaneSizes sizes;
    metrics::Gauge leased_gauge;
    std::vector<Idle> idle;
    std::deque<std::uint64_t> queue;  // Tickets, in order of arrival.
    int leased = 0;
  };
  LaneState& state(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  Result<> wait_turn(std::unique_lock<std::mutex>& lock, LaneState& lane, std::stop_token cancelled,
                     Steady::time_point deadline);
  std::unique_ptr<WorkerProcess> take_idle(LaneState& lane);
  Result<std::unique_ptr<WorkerProcess>> start(const LaneState& lane);
  void tend(std::stop_token stop);
  bool start_one_ahead(std::unique_lock<std::mutex>& lock);
  std::vector<Idle> retire(Steady::time_point now, Steady::time_point& next);

  std::chrono::seconds idle_max_;
  metrics::Counter started_, spoiled_;
  std::mutex mutex_;
  std::condition_variable_any freed_, tend_;
  std::array<LaneState, 2> lanes_;  // Guarded by mutex_ but for `sizes`, as is what follows.
  std::uint64_t next_ticket_ = 0;
  bool is_warm_ = false;
  bool has_failed_ = false;   // The last start ahead failed: no hurry.
  bool has_changed_ = false;  // For tend().
  Forker forker_;
  Watch watch_;
  ParsedCache parsed_;
  std::jthread tender_;  // Starts workers ahead, retires idle ones. Last: it uses the others.
};

}  // namespace weft::engine
