#pragma once

#include <functional>

#include "platform/engine/pool.h"

namespace weft::engine {

// A worker while a session has it: sends requests, relays what comes, and knows what its death means. Gives it back
// when destroyed: clean after errors of the query, spoiled after all others. One thread at a time. The pool outlives
// it.
class LeasedWorker {
 public:
  static Result<std::unique_ptr<LeasedWorker>> lease(Pool& pool, Lane lane, const Limits& limits,
                                                     const std::stop_token& cancelled,
                                                     std::chrono::steady_clock::time_point deadline);
  ~LeasedWorker();

  Result<> send(std::string_view operation, json::Object request);
  Result<> send_files(const json::Object& facts, const std::vector<int>& descriptors);

  // What may come before the reply; what has no handler is out of turn and ends the worker.
  struct Handlers {
    ByteSink* out = nullptr;
    std::function<Result<>(const json::Value&)> need_file;
    Progress progress;
  };
  Result<json::Value> answer(const Handlers& handlers);

  // An answer that could not be decoded: whoever sent it is not to be trusted any more.
  template <class T>
  Result<T> trusted(Result<T> decoded) {
    if (!decoded) spoil();
    return decoded;
  }

  Lane lane() const { return lane_; }
  int requests() const { return requests_; }
  std::uint64_t bytes_out() const { return bytes_out_; }
  std::uint64_t memory_peak();
  const json::Value& hello() const { return worker_->hello(); }
  bool is_dead() const { return worker_->ending() != Ending::none; }
  Error death() { return error_of_end({}); }

 private:
  LeasedWorker(Pool& pool, Lane lane, const Limits& limits, std::unique_ptr<WorkerProcess> worker);
  Result<bool> handle(const Frame& frame, const Handlers& handlers, Result<json::Value>& reply);
  Error error_of_end(const Error& error);
  void spoil();
  Result<> spoiled(Error error);

  Pool& pool_;
  Lane lane_;
  Limits limits_;
  std::unique_ptr<WorkerProcess> worker_;
  // Ends the worker from whatever thread asks for it, so that a time-out or a closed client never waits for the engine.
  std::optional<std::stop_callback<std::function<void()>>> on_cancel_;
  std::uint64_t memory_max_ = 0;
  std::uint64_t memory_peak_ = 0;
  std::uint64_t bytes_out_ = 0;
  int requests_ = 0;
  Pool::Condition condition_ = Pool::Condition::clean;
};

}  // namespace weft::engine
