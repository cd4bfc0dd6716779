#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weft::net {

// Threads that run blocking work, started as they are needed, with a queue of bounded length. Thread-safe.
class WorkPool {
 public:
  WorkPool(int threads_max, std::size_t queue_max) : threads_max_(threads_max), queue_max_(queue_max) {}
  ~WorkPool() { finish(); }
  // Finishes what runs and what waits, and takes no more. One thread calls it.
  void finish();
  // False when the queue is full or the pool ends.
  bool submit(std::function<void()> work);

 private:
  void run();
  const int threads_max_;
  const std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;  // These four guarded by mutex_.
  std::vector<std::thread> threads_;
  int idle_ = 0;
  bool is_ending_ = false;
};

}  // namespace weft::net
