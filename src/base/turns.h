#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

namespace weft {

// Scopes in which one thing happens at a time, each named by a text: a subject, an idempotency key, a table.
// Thread-safe. Outlives its turns.
class Turns {
 public:
  // Waits while another has the scope and frees it at its end; an empty scope is free for all.
  class Turn {
   public:
    Turn(Turns& turns, std::string scope) : turns_(turns), scope_(std::move(scope)) {
      if (scope_.empty()) return;
      std::unique_lock lock(turns_.mutex_);
      turns_.freed_.wait(lock, [&] { return !turns_.taken_.contains(scope_); });
      turns_.taken_.insert(scope_);
    }
    ~Turn() {
      if (scope_.empty()) return;
      {
        const std::lock_guard lock(turns_.mutex_);
        turns_.taken_.erase(scope_);
      }
      turns_.freed_.notify_all();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns& turns_;
    std::string scope_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::set<std::string> taken_;  // Guarded by mutex_.
};

}  // namespace weft
