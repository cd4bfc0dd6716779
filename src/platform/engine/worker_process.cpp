#include "platform/engine/worker_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace weft::engine {
namespace {

constexpr std::chrono::milliseconds kTick{20};
constexpr std::chrono::seconds kStartMax{20};
constexpr std::size_t kLastWordsMax = 512;
constexpr int kWorkerSocket = 3;  // Where the worker expects its end.
constexpr int kWorkerProgram = 4;

struct Start {
  int socket, program, errors, nice;
  char* const* arguments;
  char* const* environment;
  pid_t parent;
};

// The kernel's choice when memory runs out is a worker, not control.
void offer_as_victim() {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY);
  if (fd >= 0 && ::write(fd, "1000", 4) < 0) return;
}

// What runs between fork and exec: only calls that are safe there.
[[noreturn]] void become_worker(const Start& start) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.parent) ::_exit(127);
  // Any of them may stand where another must go: they are moved out of the way first.
  const int socket = ::fcntl(start.socket, F_DUPFD, 10);
  const int program = ::fcntl(start.program, F_DUPFD, 10);
  const int errors = ::fcntl(start.errors, F_DUPFD, 10);
  const int null = ::open("/dev/null", O_RDWR);
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(null, 1) < 0 || ::dup2(errors, 2) < 0) ::_exit(127);
  if (::dup2(socket, kWorkerSocket) < 0 || ::dup2(program, kWorkerProgram) < 0) ::_exit(127);
  ::syscall(SYS_close_range, kWorkerProgram + 1, ~0U, 0);
  ::fcntl(kWorkerProgram, F_SETFD, FD_CLOEXEC);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setpgid(0, 0);  // A Ctrl-C at the terminal is for control, which ends its workers in order.
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (start.nice > 0) ::setpriority(PRIO_PROCESS, 0, start.nice);
  offer_as_victim();
  ::fexecve(kWorkerProgram, start.arguments, start.environment);
  ::_exit(127);
}

Result<std::filesystem::path> make_spill_folder(const std::filesystem::path& parent) {
  if (parent.empty()) return std::filesystem::path();
  std::string name = (parent / "worker-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    return fail(ErrorKind::unavailable, "engine.start", "no folder for a worker's temporary files in {}: {}",
                parent.string(), std::strerror(errno));
  }
  return std::filesystem::path(name);
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::spawn(const Fd& program, const std::string& library_path,
                                                            const WorkerTerms& terms) {
  int ends[2], words[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail(ErrorKind::unavailable, "engine.start", "no socket pair for a worker: {}", std::strerror(errno));
  }
  Fd ours(ends[0]), theirs(ends[1]);
  // Nobody reads the pipe until the worker has ended, so writing to a full one must not stop it.
  if (::pipe2(words, O_CLOEXEC | O_NONBLOCK) != 0)
    return fail(ErrorKind::unavailable, "engine.start", "no pipe for a worker: {}", std::strerror(errno));
  Fd errors(words[0]), errors_theirs(words[1]);
  std::filesystem::path spill = TRY(make_spill_folder(terms.spill_folder));
  const std::string memory = std::to_string(terms.memory_bytes), threads = std::to_string(terms.threads),
                    folder = spill.string();
  const std::string libraries = "LD_LIBRARY_PATH=" + library_path;
  char* const arguments[] = {const_cast<char*>("weft-engine"), const_cast<char*>(memory.c_str()),
                             const_cast<char*>(threads.c_str()), const_cast<char*>(folder.c_str()), nullptr};
  char* const environment[] = {const_cast<char*>("LC_ALL=C.UTF-8"), const_cast<char*>("TZ=UTC"),
                               library_path.empty() ? nullptr : const_cast<char*>(libraries.c_str()), nullptr};
  const Start start{.socket = theirs.get(),
                    .program = program.get(),
                    .errors = errors_theirs.get(),
                    .nice = terms.nice,
                    .arguments = arguments,
                    .environment = environment,
                    .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorKind::unavailable, "engine.start", "no process for a worker: {}", std::strerror(errno));
  if (pid == 0) become_worker(start);
  return std::unique_ptr<WorkerProcess>(
      new WorkerProcess(pid, std::move(ours), std::move(errors), terms, std::move(spill)));
}

Result<> WorkerProcess::greet() {
  const auto deadline = std::chrono::steady_clock::now() + kStartMax;
  auto hello = channel_.receive(kTick, [&]() -> Result<> {
    if (std::chrono::steady_clock::now() < deadline) return {};
    return fail(ErrorKind::unavailable, "engine.start", "a worker did not come up within {} s", kStartMax.count());
  });
  if (!hello) {
    end(Ending::spoiled);
    std::string reason = last_words();
    if (reason.empty()) reason = hello.error().message;
    return fail(ErrorKind::unavailable, "engine.start", "an engine worker did not start ({}); `weft doctor` tells more",
                reason);
  }
  auto facts = hello->type == FrameType::hello ? payload_json(*hello) : Result<json::Value>(json::Value());
  if (!facts || (*facts)["protocol"].integer_or(0) != kProtocolVersion ||
      (*facts)["build"].text_or("") != WEFT_VERSION) {
    end(Ending::spoiled);
    return fail(ErrorKind::unavailable, "engine.start",
                "the engine worker is of another build than this program; install both from one archive");
  }
  hello_ = std::move(*facts);
  return {};
}

WorkerProcess::~WorkerProcess() {
  end(Ending::spoiled);
  {
    const std::lock_guard lock(reaping_);
    while (!is_reaped_ && ::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) continue;
    is_reaped_ = true;
  }
  if (spill_.empty()) return;
  std::error_code ignored;  // What stays is removed when the engine opens next.
  std::filesystem::remove_all(spill_, ignored);
}

void WorkerProcess::end(Ending why) {
  const std::lock_guard lock(reaping_);
  if (is_reaped_) return;
  Ending none = Ending::none;
  ending_.compare_exchange_strong(none, why);
  ::kill(pid_, SIGKILL);
}

std::string WorkerProcess::end_reason() {
  const std::lock_guard lock(reaping_);
  if (!is_reaped_) {
    if (::waitpid(pid_, &status_, WNOHANG) != pid_) return {};
    is_reaped_ = true;
  }
  if (WIFSIGNALED(status_)) return format("it was killed by signal {}", WTERMSIG(status_));
  return format("it ended with status {}", WEXITSTATUS(status_));
}

std::string WorkerProcess::last_words() {
  std::string all, part(4096, '\0');
  for (ssize_t size = 0; (size = ::read(errors_.get(), part.data(), part.size())) > 0;)
    all.append(part, 0, static_cast<std::size_t>(size));
  if (all.size() > kLastWordsMax) all.erase(0, all.size() - kLastWordsMax);
  // The worker may be in a stranger's hands: nothing but plain text reaches the log.
  for (char& c : all) c = c >= ' ' && c <= '~' ? c : ' ';
  while (all.ends_with(' ')) all.pop_back();
  return all;
}

std::uint64_t WorkerProcess::private_bytes() const {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/statm", static_cast<int>(pid_));
  const Fd fd(::open(path.data(), O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  if (!fd || ::read(fd.get(), text.data(), text.size() - 1) <= 0) return 0;
  unsigned long long size = 0, resident = 0, shared = 0;
  if (std::sscanf(text.data(), "%llu %llu %llu", &size, &resident, &shared) != 3) return 0;
  return (resident - std::min(resident, shared)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::microseconds WorkerProcess::cpu_time() const {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::microseconds(time.tv_sec * 1'000'000LL + time.tv_nsec / 1000);
}

void WorkerProcess::give_way() const {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/task", static_cast<int>(pid_));
  DIR* tasks = ::opendir(path.data());
  if (tasks == nullptr) return;
  while (const dirent* task = ::readdir(tasks)) {
    const int id = std::atoi(task->d_name);
    if (id > 0) ::setpriority(PRIO_PROCESS, static_cast<id_t>(id), 19);
  }
  ::closedir(tasks);
}

}  // namespace weft::engine
