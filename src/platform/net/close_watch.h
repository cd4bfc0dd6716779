#pragma once

#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/bytes.h"

namespace weft::net {

// Tells at once when the other side of a connection that nobody reads closes it. Thread-safe.
class CloseWatch {
 public:
  CloseWatch();
  ~CloseWatch();
  // Calls `gone` at most once, on the watch's thread, until remove(). `gone` must not call back into the watch.
  void add(int fd, std::function<void()> gone);
  // When it returns, `gone` is not running and will not run.
  void remove(int fd);

 private:
  void run();
  Fd epoll_, wake_;
  std::mutex mutex_;
  std::unordered_map<int, std::function<void()>> watched_;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace weft::net
