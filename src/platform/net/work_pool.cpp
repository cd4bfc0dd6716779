#include "platform/net/work_pool.h"

namespace weft::net {

void WorkPool::finish() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool WorkPool::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(work));
    if (queue_.size() > static_cast<std::size_t>(idle_) && static_cast<int>(threads_.size()) < threads_max_) {
      threads_.emplace_back([this] { run(); });
    }
  }
  ready_.notify_one();
  return true;
}

void WorkPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    ready_.wait(lock, [this] { return is_ending_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace weft::net
