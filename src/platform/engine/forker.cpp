#include "platform/engine/forker.h"

namespace weft::engine {

Forker::Forker(Fd program, std::string library_path)
    : program_(std::move(program)),
      library_path_(std::move(library_path)),
      thread_([this](std::stop_token stop) { work(stop); }) {}

Forker::~Forker() = default;

Result<std::unique_ptr<WorkerProcess>> Forker::spawn(const WorkerTerms& terms) {
  std::future<Result<std::unique_ptr<WorkerProcess>>> done;
  {
    const std::lock_guard lock(mutex_);
    Order& order = orders_.emplace_back(Order{.terms = terms, .done = {}});
    done = order.done.get_future();
  }
  ordered_.notify_one();
  return done.get();
}

void Forker::work(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (ordered_.wait(lock, stop, [&] { return !orders_.empty(); })) {
    Order order = std::move(orders_.front());
    orders_.pop_front();
    lock.unlock();
    order.done.set_value(WorkerProcess::spawn(program_, library_path_, order.terms));
    lock.lock();
  }
}

}  // namespace weft::engine
