#include "platform/engine/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstring>

namespace weft::engine {
namespace {

constexpr std::chrono::milliseconds kTick{20};
constexpr std::chrono::seconds kStartMax{20};
constexpr int kWorkerSocket = 3;   // Where the worker expects its end.
constexpr int kWorkerProgram = 4;

// What runs between fork and exec: only calls that are safe there.
[[noreturn]] void become_worker(int socket, int program, char* const arguments[], char* const environment[], pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int null = ::open("/dev/null", O_RDWR);
  if (null < 0) ::_exit(127);
  ::dup2(null, 0);
  ::dup2(null, 1);
  // Both may stand where the other must go: move them out of the way first.
  const int high_socket = ::fcntl(socket, F_DUPFD, 10);
  const int high_program = ::fcntl(program, F_DUPFD, 10);
  if (::dup2(high_socket, kWorkerSocket) < 0 || ::dup2(high_program, kWorkerProgram) < 0) ::_exit(127);
  ::syscall(SYS_close_range, kWorkerProgram + 1, ~0U, 0);
  ::fcntl(kWorkerProgram, F_SETFD, FD_CLOEXEC);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setpgid(0, 0);  // A Ctrl-C at the terminal is for control, which ends its workers in order.
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::fexecve(kWorkerProgram, arguments, environment);
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(const Fd& program, const std::string& library_path, std::uint64_t memory_bytes, int threads) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail(ErrorKind::unavailable, "engine.start", "no socket pair for a worker: {}", std::strerror(errno));
  }
  Fd ours(ends[0]), theirs(ends[1]);
  const std::string memory = std::to_string(memory_bytes), count = std::to_string(threads);
  const std::string libraries = "LD_LIBRARY_PATH=" + library_path;
  char* const arguments[] = {const_cast<char*>("weft-engine"), const_cast<char*>(memory.c_str()), const_cast<char*>(count.c_str()), nullptr};
  char* const environment[] = {const_cast<char*>("LC_ALL=C.UTF-8"), const_cast<char*>("TZ=UTC"),
                               library_path.empty() ? nullptr : const_cast<char*>(libraries.c_str()), nullptr};
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorKind::unavailable, "engine.start", "no process for a worker: {}", std::strerror(errno));
  if (pid == 0) become_worker(theirs.get(), program.get(), arguments, environment, parent);
  theirs.reset();
  std::unique_ptr<WorkerProcess> worker(new WorkerProcess(pid, std::move(ours)));
  const auto deadline = std::chrono::steady_clock::now() + kStartMax;
  auto hello = worker->channel_.receive(kTick, [&]() -> Result<> {
    if (std::chrono::steady_clock::now() < deadline) return {};
    return fail(ErrorKind::unavailable, "engine.start", "a worker did not come up within {} s", kStartMax.count());
  });
  if (!hello) {
    const std::string reason = worker->end_reason();
    return fail(ErrorKind::unavailable, "engine.start", "a worker did not start ({}); `weft doctor` tells more", reason.empty() ? hello.error().message : reason);
  }
  worker->hello_ = TRY(payload_json(*hello));
  if (hello->type != FrameType::hello || worker->hello_["protocol"].integer_or(0) != kProtocolVersion || worker->hello_["build"].text_or("") != WEFT_VERSION) {
    return fail(ErrorKind::unavailable, "engine.start", "the worker is of another build than this program; install both from one archive");
  }
  return worker;
}

WorkerProcess::~WorkerProcess() {
  kill();
  if (!is_reaped_) ::waitpid(pid_, &status_, 0);
}

void WorkerProcess::kill() {
  if (!is_reaped_) ::kill(pid_, SIGKILL);
}

std::string WorkerProcess::end_reason() {
  if (!is_reaped_) {
    const pid_t ended = ::waitpid(pid_, &status_, WNOHANG);
    if (ended != pid_) return {};
    is_reaped_ = true;
  }
  if (WIFSIGNALED(status_)) return format("it was killed by signal {}", WTERMSIG(status_));
  return format("it ended with status {}", WEXITSTATUS(status_));
}

std::uint64_t WorkerProcess::resident_bytes() const {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/statm", static_cast<int>(pid_));
  const Fd fd(::open(path.data(), O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  if (!fd || ::read(fd.get(), text.data(), text.size() - 1) <= 0) return 0;
  unsigned long long size = 0, resident = 0, shared = 0;
  if (std::sscanf(text.data(), "%llu %llu %llu", &size, &resident, &shared) != 3) return 0;
  return (resident - std::min(resident, shared)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace weft::engine
