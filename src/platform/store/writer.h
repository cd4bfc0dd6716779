#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "platform/store/connection.h"

namespace weft::store {

// The one thread that writes. Takes what waits as one transaction (group commit), each work in its own savepoint;
// answers after the commit. A group without `now` members commits without a sync; the log is synced at most kSyncEvery
// later.
class Writer {
 public:
  static constexpr std::size_t kQueueMax = 10'000;
  static constexpr std::size_t kGroupMax = 512;
  static constexpr std::chrono::milliseconds kSyncEvery{50};

  Writer(std::unique_ptr<Connection> connection, std::filesystem::path database);
  ~Writer();
  // unavailable "store.overloaded" when the queue is full, "store.closed" at the end, "store.io" once the store failed.
  Result<> write(const Store::Work& work, Durability durability);

 private:
  struct Ticket {
    const Store::Work& work;
    Durability durability;
    Result<> answer;
    bool is_done = false;
    std::condition_variable done;
  };

  void loop();
  void commit_group(std::vector<Ticket*>& group);
  Result<> run_group(std::vector<Ticket*>& group);
  Result<> run_one(Ticket& ticket);
  void sync_log();

  std::unique_ptr<Connection> connection_;
  std::filesystem::path log_file_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Ticket*> queue_;     // Guarded by mutex_.
  bool is_closing_ = false;       // Guarded by mutex_.
  std::optional<Error> failure_;  // Writer thread: set once a commit's fate is unknown; refuses all further writes.
  bool is_sync_due_ = false;      // Writer thread.
  bool is_full_sync_ = true;      // Writer thread: the connection's synchronous mode.
  std::chrono::steady_clock::time_point sync_at_{};
  std::thread thread_;
};

}  // namespace weft::store
