#include "platform/store/writer.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/log.h"

namespace weft::store {

Writer::Writer(std::unique_ptr<Connection> connection, std::filesystem::path database)
    : connection_(std::move(connection)), log_file_(database.string() + "-wal"), thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Result<> Writer::write(const Store::Work& work, Durability durability) {
  CHECK(std::this_thread::get_id() != thread_.get_id());  // A write within a write would wait for itself.
  Ticket ticket{.work = work, .durability = durability, .answer = {}, .is_done = false, .done = {}};
  std::unique_lock lock(mutex_);
  if (is_closing_) return fail(ErrorKind::unavailable, "store.closed", "the store is closing");
  if (queue_.size() >= kQueueMax) {
    return fail(ErrorKind::unavailable, "store.overloaded", "{} writes wait already; try again", queue_.size());
  }
  queue_.push_back(&ticket);
  wake_.notify_one();
  ticket.done.wait(lock, [&] { return ticket.is_done; });
  return std::move(ticket.answer);
}

void Writer::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto has_work = [&] { return !queue_.empty() || is_closing_; };
    if (is_sync_due_) {
      if (!wake_.wait_until(lock, sync_at_, has_work)) {
        lock.unlock();
        sync_log();
        lock.lock();
        continue;
      }
    } else {
      wake_.wait(lock, has_work);
    }
    if (queue_.empty()) break;
    std::vector<Ticket*> group;
    while (!queue_.empty() && group.size() < kGroupMax) {
      group.push_back(queue_.front());
      queue_.pop_front();
    }
    lock.unlock();
    commit_group(group);
    if (is_sync_due_ && std::chrono::steady_clock::now() >= sync_at_) sync_log();
    lock.lock();
    for (Ticket* ticket : group) {
      ticket->is_done = true;
      ticket->done.notify_one();
    }
  }
  lock.unlock();
  if (is_sync_due_) sync_log();
}

void Writer::commit_group(std::vector<Ticket*>& group) {
  Result<> done = failure_ ? Result<>(std::unexpected(*failure_)) : run_group(group);
  if (done) return;
  if (sqlite3_get_autocommit(connection_->handle()) == 0 && !connection_->script("ROLLBACK")) {
    failure_ = Error{.kind = ErrorKind::unavailable,
                     .code = "store.io",
                     .message = "an earlier write failed and could not be undone; restart to recover",
                     .details = {}};
  }
  for (Ticket* ticket : group) {
    if (ticket->answer) ticket->answer = done;
  }
}

Result<> Writer::run_group(std::vector<Ticket*>& group) {
  const bool is_now = std::any_of(group.begin(), group.end(),
                                  [](const Ticket* ticket) { return ticket->durability == Durability::now; });
  if (is_now != is_full_sync_) {
    TRY(connection_->script(is_now ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
    is_full_sync_ = is_now;
  }
  TRY(connection_->script("BEGIN IMMEDIATE"));
  for (Ticket* ticket : group) {
    ticket->answer = run_one(*ticket);
    if (sqlite3_get_autocommit(connection_->handle()) != 0) {
      // SQLite undid the whole transaction by itself: disk full, I/O error, no memory.
      return ticket->answer
                 ? fail(ErrorKind::unavailable, "store.io", "the store undid the transaction; nothing was changed")
                 : ticket->answer;
    }
  }
  TRY(connection_->script("COMMIT"));
  if (is_now) {
    is_sync_due_ = false;  // A full commit syncs the log, and with it what was written before.
  } else if (!is_sync_due_) {
    is_sync_due_ = true;
    sync_at_ = std::chrono::steady_clock::now() + kSyncEvery;
  }
  return {};
}

Result<> Writer::run_one(Ticket& ticket) {
  TRY(connection_->run("SAVEPOINT work", {}));
  Result<> answer;
  try {
    answer = ticket.work(*connection_);
  } catch (const std::exception& exception) {
    answer = fail(ErrorKind::internal, "internal", "a write failed: {}", exception.what());
  }
  if (!answer && sqlite3_get_autocommit(connection_->handle()) == 0) TRY(connection_->run("ROLLBACK TO work", {}));
  if (sqlite3_get_autocommit(connection_->handle()) == 0) TRY(connection_->run("RELEASE work", {}));
  return answer;
}

void Writer::sync_log() {
  is_sync_due_ = false;
  const Fd log(::open(log_file_.c_str(), O_RDONLY | O_CLOEXEC));
  if (log && ::fdatasync(log.get()) != 0)
    LOG(error, "the store's log could not be synced; read records of the last moments may be lost in a power loss");
}

}  // namespace weft::store
