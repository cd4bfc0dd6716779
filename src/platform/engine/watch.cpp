#include "platform/engine/watch.h"

namespace weft::engine {
namespace {

constexpr std::chrono::milliseconds kTick{10};

}  // namespace

Watch::Watch() : thread_([this](std::stop_token stop) { work(stop); }) {}
Watch::~Watch() = default;

void Watch::add(WorkerProcess& worker, const Terms& terms) {
  {
    const std::lock_guard lock(mutex_);
    watched_[&worker] = {.terms = terms, .cpu_before = worker.cpu_time(), .seen = {}};
  }
  added_.notify_one();
}

Watch::Seen Watch::remove(WorkerProcess& worker) {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(&worker);
  if (found == watched_.end()) return {};
  found->second.seen.memory_peak = std::max(found->second.seen.memory_peak, worker.private_bytes());
  const Seen seen = found->second.seen;
  watched_.erase(found);
  return seen;
}

void Watch::look_at(WorkerProcess& worker, Watched& watched) {
  if (worker.ending() != Ending::none) return;
  if (std::chrono::steady_clock::now() > watched.terms.deadline) return worker.end(Ending::timeout);
  const std::uint64_t held = worker.private_bytes();
  watched.seen.memory_peak = std::max(watched.seen.memory_peak, held);
  if (held > watched.terms.memory_max) return worker.end(Ending::out_of_memory);
  if (watched.terms.cpu_max.count() > 0 && !watched.seen.has_given_way &&
      worker.cpu_time() - watched.cpu_before > watched.terms.cpu_max) {
    worker.give_way();
    watched.seen.has_given_way = true;
  }
}

void Watch::work(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (!added_.wait(lock, stop, [&] { return !watched_.empty(); })) return;
    for (auto& [worker, watched] : watched_) look_at(*worker, watched);
    added_.wait_for(lock, stop, kTick, [] { return false; });
  }
}

}  // namespace weft::engine
