#include "platform/engine/pool.h"

#include "base/log.h"

namespace weft::engine {
namespace {

using Steady = std::chrono::steady_clock;

std::unexpected<Error> was_cancelled() { return fail(ErrorKind::cancelled, "engine.cancelled", "the query was cancelled"); }

}  // namespace

Pool::Pool(Fd program, std::string library_path, Sizes sizes, std::chrono::seconds idle_max, metrics::Registry& metrics)
    : program_(std::move(program)), library_path_(std::move(library_path)), sizes_(sizes), idle_max_(idle_max),
      started_(metrics.counter("weft_engine_workers_started_total", "Engine workers that were started.")),
      died_(metrics.counter("weft_engine_workers_spoiled_total", "Engine workers that died or were killed during a session.")),
      leased_gauge_(metrics.gauge("weft_engine_workers_leased", "Engine workers at work.")) {}

Pool::~Pool() {
  if (tender_.joinable()) {
    tender_.request_stop();
    tender_.join();
  }
}

Result<std::unique_ptr<WorkerProcess>> Pool::start() {
  auto worker = WorkerProcess::start(program_, library_path_, sizes_.worker_memory_bytes, sizes_.threads);
  if (worker) started_.add();
  return worker;
}

Result<std::unique_ptr<WorkerProcess>> Pool::lease(std::stop_token cancelled) {
  std::unique_lock lock(mutex_);
  if (leased_ >= sizes_.workers_max) {
    if (waiting_ >= kQueueMax) {
      return fail(ErrorKind::unavailable, "engine.busy", "{} queries run and {} wait already; try again soon", leased_, waiting_);
    }
    ++waiting_;
    const bool is_free = freed_.wait_for(lock, cancelled, kQueueWaitMax, [&] { return leased_ < sizes_.workers_max; });
    --waiting_;
    if (!is_free && cancelled.stop_requested()) return was_cancelled();
    if (!is_free) return fail(ErrorKind::timeout, "engine.queue", "the query waited {} s for a worker; {} run", kQueueWaitMax.count(), leased_);
  }
  ++leased_;
  leased_gauge_.set(leased_);
  while (!idle_.empty()) {
    std::unique_ptr<WorkerProcess> worker = std::move(idle_.back().worker);
    idle_.pop_back();
    if (worker->end_reason().empty()) return worker;
    died_.add();
  }
  lock.unlock();
  auto worker = start();
  if (!worker) {
    lock.lock();
    leased_gauge_.set(--leased_);
    freed_.notify_one();
  }
  return worker;
}

void Pool::give_back(std::unique_ptr<WorkerProcess> worker, Condition condition) {
  if (condition == Condition::spoiled) {
    died_.add();
    worker.reset();  // Reaped before its place is free, so that memory never counts twice.
  }
  {
    const std::lock_guard lock(mutex_);
    leased_gauge_.set(--leased_);
    if (worker) idle_.push_back({.worker = std::move(worker), .since = Steady::now()});
  }
  freed_.notify_one();
  tend_.notify_one();
}

Result<> Pool::take_heavy(std::stop_token cancelled, Steady::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (heavy_freed_.wait_until(lock, cancelled, deadline, [&] { return heavy_ < sizes_.heavy_max; })) {
    ++heavy_;
    return {};
  }
  if (cancelled.stop_requested()) return was_cancelled();
  return fail(ErrorKind::timeout, "engine.timeout", "the query waited out its time behind other heavy queries");
}

void Pool::give_heavy() {
  {
    const std::lock_guard lock(mutex_);
    --heavy_;
  }
  heavy_freed_.notify_one();
}

void Pool::warm() {
  const std::lock_guard lock(mutex_);
  warm_wanted_ = sizes_.warm;
  if (!tender_.joinable()) tender_ = std::jthread([this](std::stop_token stop) { tend(stop); });
}

void Pool::tend(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const bool is_short = static_cast<int>(idle_.size()) < warm_wanted_ && leased_ + static_cast<int>(idle_.size()) < sizes_.workers_max;
    if (is_short) {
      lock.unlock();
      auto worker = start();
      lock.lock();
      if (worker) {
        idle_.push_back({.worker = std::move(*worker), .since = Steady::now()});
        continue;
      }
      LOG(error, "{}", worker.error().message);
    }
    const auto now = Steady::now();
    std::vector<Idle> retired;
    while (static_cast<int>(idle_.size()) > warm_wanted_ && now - idle_.front().since > idle_max_) {
      retired.push_back(std::move(idle_.front()));
      idle_.erase(idle_.begin());
    }
    if (!retired.empty()) {
      lock.unlock();
      retired.clear();
      lock.lock();
      continue;
    }
    const auto until = static_cast<int>(idle_.size()) > warm_wanted_ ? idle_.front().since + idle_max_ + std::chrono::milliseconds(100) : now + std::chrono::hours(1);
    const int leased = leased_;
    tend_.wait_until(lock, stop, is_short ? now + std::chrono::seconds(5) : until, [&] { return leased_ < leased; });
  }
}

Result<json::Value> Pool::hello() {
  auto worker = TRY(lease({}));
  json::Value hello = worker->hello();
  give_back(std::move(worker), Condition::clean);
  return hello;
}

}  // namespace weft::engine
