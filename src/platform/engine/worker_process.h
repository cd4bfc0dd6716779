#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>

#include "platform/engine/protocol.h"

namespace weft::engine {

// What a worker is started with.
struct WorkerTerms {
  std::uint64_t memory_bytes = 1 << 30;  // Its whole private memory; past that it is killed.
  int threads = 1;
  int nice = 0;
  std::filesystem::path spill_folder;  // The parent of its folder for temporary files; empty: none.
};

// Why control ended a worker.
enum class Ending { none, cancelled, timeout, out_of_memory, spoiled };

// One running `weft-engine`, and the socket to it. Killed and reaped when destroyed. One thread at a time, but for
// end() and what it measures of itself, which any thread may call.
class WorkerProcess {
 public:
  // Forks and executes `program`: an open descriptor, so that an upgrade beside us cannot mix versions. The kernel
  // kills the worker when the *thread* that calls this ends. unavailable "engine.start".
  static Result<std::unique_ptr<WorkerProcess>> spawn(const Fd& program, const std::string& library_path,
                                                      const WorkerTerms& terms);
  // Waits until it has come up with our protocol and build: unavailable "engine.start".
  Result<> greet();
  ~WorkerProcess();

  Channel& channel() { return channel_; }
  pid_t pid() const { return pid_; }
  const WorkerTerms& terms() const { return terms_; }
  const json::Value& hello() const { return hello_; }

  // Kills it; the first reason is kept.
  void end(Ending why);
  Ending ending() const { return ending_; }
  // Has it ended, and by what? Empty while it runs.
  std::string end_reason();
  // The last of what it wrote to its standard error, as one line.
  std::string last_words();

  std::uint64_t private_bytes() const;  // 0 when it has ended.
  std::chrono::microseconds cpu_time() const;
  // All its threads give way to others from now on; it cannot be taken back without privileges.
  void give_way() const;

  // A request whose reply nobody has waited for yet: the end of its last session.
  bool owes_reply = false;

 private:
  WorkerProcess(pid_t pid, Fd socket, Fd errors, WorkerTerms terms, std::filesystem::path spill)
      : pid_(pid),
        channel_(std::move(socket), Channel::Takes::nothing),
        errors_(std::move(errors)),
        terms_(std::move(terms)),
        spill_(std::move(spill)) {}

  pid_t pid_;
  Channel channel_;
  Fd errors_;
  WorkerTerms terms_;
  std::filesystem::path spill_;
  json::Value hello_;
  std::atomic<Ending> ending_ = Ending::none;
  std::mutex reaping_;
  bool is_reaped_ = false;  // Guarded by reaping_, so that nobody signals a number that is another process by then.
  int status_ = 0;
};

}  // namespace weft::engine
