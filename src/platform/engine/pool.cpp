#include "platform/engine/pool.h"

#include "base/log.h"

namespace weft::engine {
namespace {

constexpr std::chrono::seconds kSettleMax{2};
constexpr std::chrono::seconds kRetryStart{5};
constexpr int kStartTriesMax = 6;
constexpr std::chrono::seconds kStartTriesTime{10};

// Takes the reply that its last session did not wait for. False when it is not fit for another session.
bool settle(WorkerProcess& worker) {
  if (!worker.owes_reply) return worker.end_reason().empty();
  worker.owes_reply = false;
  const auto deadline = std::chrono::steady_clock::now() + kSettleMax;
  auto in_time = [&]() -> Result<> {
    if (std::chrono::steady_clock::now() < deadline) return {};
    return fail(ErrorKind::timeout, "engine.timeout", "the worker did not end its last session");
  };
  const auto frame = worker.channel().receive(std::chrono::milliseconds(20), in_time);
  return frame && frame->type == FrameType::reply;
}

}  // namespace

std::string_view to_string(Lane lane) { return lane == Lane::light ? "light" : "heavy"; }

Pool::Pool(Fd program, std::string library_path, Sizes sizes, std::chrono::seconds idle_max, metrics::Registry& metrics)
    : idle_max_(idle_max),
      started_(metrics.counter("weft_engine_workers_started_total", "Engine workers that were started.")),
      spoiled_(metrics.counter("weft_engine_workers_spoiled_total",
                               "Engine workers that died or were ended during a session.")),
      forker_(std::move(program), std::move(library_path)) {
  state(Lane::light).sizes = std::move(sizes.light);
  state(Lane::heavy).sizes = std::move(sizes.heavy);
  for (const Lane lane : {Lane::light, Lane::heavy}) {
    state(lane).leased_gauge = metrics.gauge("weft_engine_workers_leased", "Engine workers at work.",
                                             {{"lane", std::string(to_string(lane))}});
  }
  tender_ = std::jthread([this](std::stop_token stop) { tend(stop); });
}

Pool::~Pool() {
  tender_.request_stop();
  tender_.join();
  for (LaneState& lane : lanes_) lane.idle.clear();
}

Result<std::unique_ptr<WorkerProcess>> Pool::start(const LaneState& lane) {
  const Steady::time_point begun = Steady::now();
  for (int tries = 1;; ++tries) {
    auto worker = TRY(forker_.spawn(lane.sizes.terms));
    const auto greeted = worker->greet();
    // Killed while it started, it may be: some more tries, and then there is a reason.
    if (!greeted && tries < kStartTriesMax && Steady::now() - begun < kStartTriesTime) continue;
    TRY(greeted);
    started_.add();
    return worker;
  }
}

Result<> Pool::wait_turn(std::unique_lock<std::mutex>& lock, LaneState& lane, std::stop_token cancelled,
                         Steady::time_point deadline) {
  if (lane.queue.empty() && lane.leased < lane.sizes.workers_max) return {};
  if (lane.queue.size() >= kQueueMax) {
    return fail(ErrorKind::unavailable, "engine.busy", "{} queries run and {} wait already; try again soon",
                lane.leased, lane.queue.size());
  }
  const std::uint64_t ticket = next_ticket_++;
  lane.queue.push_back(ticket);
  const bool is_next = freed_.wait_until(
      lock, cancelled, deadline, [&] { return lane.queue.front() == ticket && lane.leased < lane.sizes.workers_max; });
  std::erase(lane.queue, ticket);
  if (is_next) return {};
  freed_.notify_all();  // Whoever stood behind may be first now.
  if (cancelled.stop_requested())
    return fail(ErrorKind::cancelled, "engine.cancelled", "the query was cancelled while it waited for a worker");
  return fail(ErrorKind::timeout, "engine.queue",
              "the query waited out its time for a worker: {} run, {} wait; try again later, or ask for less",
              lane.leased, lane.queue.size());
}

std::unique_ptr<WorkerProcess> Pool::take_idle(LaneState& lane) {
  if (lane.idle.empty()) return nullptr;
  // The one that rests longest has surely put its last session away.
  auto worker = std::move(lane.idle.front().worker);
  lane.idle.erase(lane.idle.begin());
  return worker;
}

Result<std::unique_ptr<WorkerProcess>> Pool::lease(Lane which, std::stop_token cancelled, Steady::time_point deadline) {
  std::unique_lock lock(mutex_);
  LaneState& lane = state(which);
  TRY(wait_turn(lock, lane, cancelled,
                std::min(deadline, which == Lane::light ? Steady::now() + kQueueWaitMax : deadline)));
  lane.leased_gauge.set(++lane.leased);
  while (auto worker = take_idle(lane)) {
    lock.unlock();
    if (settle(*worker)) return worker;
    worker.reset();
    spoiled_.add();
    lock.lock();
  }
  lock.unlock();
  auto worker = start(lane);
  lock.lock();
  if (!worker) lane.leased_gauge.set(--lane.leased);
  has_changed_ = true;
  lock.unlock();
  freed_.notify_all();
  tend_.notify_one();
  return worker;
}

void Pool::give_back(Lane which, std::unique_ptr<WorkerProcess> worker, Condition condition) {
  if (condition == Condition::spoiled) {
    spoiled_.add();
    worker.reset();  // Reaped before its place is free, so that memory never counts twice.
  }
  {
    const std::lock_guard lock(mutex_);
    LaneState& lane = state(which);
    lane.leased_gauge.set(--lane.leased);
    if (worker) lane.idle.push_back({.worker = std::move(worker), .since = Steady::now()});
    has_changed_ = true;
  }
  freed_.notify_all();
  tend_.notify_one();
}

void Pool::warm() {
  {
    const std::lock_guard lock(mutex_);
    is_warm_ = true;
    has_changed_ = true;
  }
  tend_.notify_one();
}

// True when it started one, or tried.
bool Pool::start_one_ahead(std::unique_lock<std::mutex>& lock) {
  for (LaneState& lane : lanes_) {
    const int idle = static_cast<int>(lane.idle.size());
    if (!is_warm_ || has_failed_ || idle >= lane.sizes.warm || lane.leased + idle >= lane.sizes.workers_max) continue;
    lock.unlock();
    auto worker = start(lane);
    lock.lock();
    has_failed_ = !worker;
    if (has_failed_) LOG(error, "{}", worker.error().message);
    // A session may have taken the last place meanwhile.
    if (worker && lane.leased + static_cast<int>(lane.idle.size()) < lane.sizes.workers_max) {
      lane.idle.push_back({.worker = std::move(*worker), .since = Steady::now()});
    }
    return true;
  }
  return false;
}

std::vector<Pool::Idle> Pool::retire(Steady::time_point now, Steady::time_point& next) {
  std::vector<Idle> retired;
  for (LaneState& lane : lanes_) {
    const std::size_t kept = is_warm_ ? static_cast<std::size_t>(lane.sizes.warm) : 0;
    while (lane.idle.size() > kept && now - lane.idle.front().since >= idle_max_) {
      retired.push_back(std::move(lane.idle.front()));
      lane.idle.erase(lane.idle.begin());
    }
    if (lane.idle.size() > kept) next = std::min(next, lane.idle.front().since + idle_max_);
  }
  return retired;
}

void Pool::tend(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    has_changed_ = false;
    if (start_one_ahead(lock)) continue;
    auto next = Steady::now() + (has_failed_ ? kRetryStart : std::chrono::seconds(3600));
    auto retired = retire(Steady::now(), next);
    if (!retired.empty()) {
      lock.unlock();
      retired.clear();
      lock.lock();
      continue;
    }
    if (!tend_.wait_until(lock, stop, next, [&] { return has_changed_; })) has_failed_ = false;
  }
}

}  // namespace weft::engine
