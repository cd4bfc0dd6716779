#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>

#include "platform/engine/protocol.h"

namespace weft::engine {

// One running `weft-engine`, and the socket to it. Killed and reaped when destroyed. One thread at a time.
class WorkerProcess {
 public:
  // `program` is an open descriptor of the executable, so that an upgrade beside us cannot mix versions. unavailable
  // "engine.start" when it does not come up with our protocol.
  static Result<std::unique_ptr<WorkerProcess>> start(const Fd& program, const std::string& library_path, std::uint64_t memory_bytes, int threads);
  ~WorkerProcess();

  Channel& channel() { return channel_; }
  pid_t pid() const { return pid_; }
  const json::Value& hello() const { return hello_; }
  std::uint64_t resident_bytes() const;
  void kill();
  // Has it ended, and by what? Empty while it runs.
  std::string end_reason();

 private:
  WorkerProcess(pid_t pid, Fd socket) : pid_(pid), channel_(std::move(socket)) {}
  pid_t pid_;
  Channel channel_;
  json::Value hello_;
  bool is_reaped_ = false;
  int status_ = 0;
};

}  // namespace weft::engine
