#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "platform/engine/worker_process.h"

namespace weft::engine {

// The one thread that forks workers. The kernel kills a worker when the thread that forked it ends, so this one lives
// as long as the pool, unlike the threads that serve requests.
class Forker {
 public:
  Forker(Fd program, std::string library_path);
  ~Forker();
  // From any thread. The worker has not greeted yet.
  Result<std::unique_ptr<WorkerProcess>> spawn(const WorkerTerms& terms);

 private:
  struct Order {
    WorkerTerms terms;
    std::promise<Result<std::unique_ptr<WorkerProcess>>> done;
  };
  void work(std::stop_token stop);

  Fd program_;
  std::string library_path_;
  std::mutex mutex_;
  std::condition_variable_any ordered_;
  std::deque<Order> orders_;  // Guarded by mutex_.
  std::jthread thread_;
};

}  // namespace weft::engine
