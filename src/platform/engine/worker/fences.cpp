#include "platform/engine/worker/fences.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace weft::engine::worker {
namespace {

constexpr rlim_t kDescriptorsMax = 65'536;
// Beside its budget: the library's own data, stacks, and what the allocator holds but does not use. Control's watch
// ends a worker at its budget; these limits hold when a bomb is faster than the watch.
constexpr std::uint64_t kDataGrace = 1ULL << 30;
constexpr std::uint64_t kAddressGrace = 16ULL << 30;

// Rights on files of Landlock's first three versions (5.13, 5.19, 6.2). A right that is not handled is not refused.
constexpr std::uint64_t kFileRights[] = {(1ULL << 13) - 1, (1ULL << 14) - 1, (1ULL << 15) - 1};
constexpr std::uint64_t kSpillRights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                       LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                       LANDLOCK_ACCESS_FS_REMOVE_FILE | (1ULL << 14);  // 1 << 14: truncate.

bool allow_spill_folder(int rules, const std::string& folder, std::uint64_t handled) {
  const int fd = ::open(folder.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return false;
  const landlock_path_beneath_attr beneath{.allowed_access = kSpillRights & handled, .parent_fd = fd};
  const bool done = ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
  ::close(fd);
  return done;
}

// The Landlock version that stands now, 0 when the kernel has none.
int raise_landlock(const std::string& spill_folder) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return 0;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kFileRights[std::min<long>(version, 3) - 1];
  const int rules =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0));
  if (rules < 0) return 0;
  const bool is_allowed = spill_folder.empty() || allow_spill_folder(rules, spill_folder, attributes.handled_access_fs);
  const bool stands = is_allowed && ::syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  ::close(rules);
  return stands ? static_cast<int>(version) : 0;
}

// All that a worker needs of the kernel once it is up: its descriptors, memory, threads, clocks. Everything else does
// not exist for it (ENOSYS, which C libraries answer with older ways).
constexpr int kAllowed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_preadv,
    SYS_pwritev,
    SYS_close,
    SYS_fstat,
    SYS_lseek,
    SYS_dup,
    SYS_fcntl,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fsync,
    SYS_fdatasync,
    SYS_fadvise64,
    SYS_fstatfs,
    SYS_poll,
    SYS_ppoll,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_mmap,
    SYS_mprotect,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_mincore,
    SYS_brk,
    SYS_futex,
    SYS_membarrier,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_rseq,
    SYS_set_tid_address,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_getcpu,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_gettimeofday,
    SYS_time,
    SYS_times,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getrusage,
    SYS_getrlimit,
    SYS_getrandom,
    SYS_sysinfo,
    SYS_uname,
    SYS_exit,
    SYS_exit_group,
};
// Temporary files have names; Landlock says where.
constexpr int kAllowedWithSpill[] = {SYS_open,   SYS_openat,     SYS_stat,      SYS_lstat,  SYS_newfstatat, SYS_statx,
                                     SYS_statfs, SYS_access,     SYS_faccessat, SYS_unlink, SYS_unlinkat,   SYS_mkdir,
                                     SYS_rmdir,  SYS_getdents64, SYS_readlink,  SYS_getcwd};
// Allowed when the lower half of an argument is this value (or has this bit): on this process alone, threads alone,
// names alone.
struct Conditional {
  int number;
  int argument;
  std::uint16_t test;
  std::uint32_t value;
};

#if defined(__x86_64__)
std::vector<sock_filter> filter_program(bool has_spill) {
  std::vector<sock_filter> program;
  auto add = [&](std::uint16_t code, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    program.push_back({code, yes, no, value});
  };
  auto allow = [&](int number) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
  };
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch), 0, 0);
  add(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
  add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr), 0, 0);
  for (const int number : kAllowed) allow(number);
  if (has_spill) {
    for (const int number : kAllowedWithSpill) allow(number);
  }
  const Conditional conditions[] = {
      {SYS_clone, 0, BPF_JSET, CLONE_THREAD},
      {SYS_tgkill, 0, BPF_JEQ, static_cast<std::uint32_t>(::getpid())},
      {SYS_prlimit64, 0, BPF_JEQ, 0},
      {SYS_prctl, 0, BPF_JEQ, PR_SET_NAME},
  };
  for (const Conditional& each : conditions) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(each.number), 0, 4);
    add(BPF_LD | BPF_W | BPF_ABS,
        static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                   sizeof(std::uint64_t) * static_cast<std::size_t>(each.argument)),
        0, 0);
    add(static_cast<std::uint16_t>(BPF_JMP | each.test | BPF_K), each.value, 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
  }
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
  return program;
}
#endif

bool raise_seccomp(bool has_spill) {
#if defined(__x86_64__)
  std::vector<sock_filter> program = filter_program(has_spill);
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
#else
  (void)has_spill;
  return false;
#endif
}

// A worker that root started is no root: it can lift no limit and pass by no permission.
void drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct none[2] = {};
  ::syscall(SYS_capset, &header, none);
}

void set_limit(int resource, rlim_t value) {
  const rlimit limit{value, value};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

const char* verdict(bool went_through) { return went_through ? "open" : "refused"; }

bool can_open(const char* path, int flags) {
  const int fd = ::open(path, flags | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

bool can_connect() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

bool can_fork() {
  const long pid = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) ::_exit(0);
  if (pid > 0) ::waitpid(static_cast<pid_t>(pid), nullptr, 0);
  return pid > 0;
}

bool can_execute() {
  // An empty path is no program: what differs is who says so.
  ::syscall(SYS_execve, "", nullptr, nullptr);
  return errno != EPERM && errno != ENOSYS;
}

}  // namespace

Result<json::Object> raise_fences(const FenceOptions& options) {
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_DATA, options.memory_bytes + kDataGrace);
  set_limit(RLIMIT_AS, options.memory_bytes * 2 + kAddressGrace);
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = std::min<rlim_t>(descriptors.rlim_max, kDescriptorsMax);
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(ErrorKind::unavailable, "engine.fences", "no_new_privs cannot be set");
  ::prctl(PR_SET_DUMPABLE, 0);
  const int landlock = raise_landlock(options.spill_folder);
  drop_capabilities();
  // Names of files are worth opening only where Landlock says which.
  const bool seccomp = raise_seccomp(landlock > 0 && !options.spill_folder.empty());
  if (landlock == 0 && !seccomp) {
    return fail(ErrorKind::unavailable, "engine.fences",
                "this kernel offers neither Landlock nor seccomp: user SQL cannot be run safely");
  }
  return json::Object{{"landlock", landlock}, {"seccomp", seccomp}, {"no_new_privs", true}, {"rlimits", true}};
}

json::Object try_fences() {
  json::Object tried;
  tried.set("read_file", verdict(can_open("/etc/passwd", O_RDONLY)));
  tried.set("write_file", verdict(can_open("/tmp/weft-fence-try", O_WRONLY | O_CREAT | O_EXCL)));
  tried.set("read_process", verdict(can_open("/proc/self/environ", O_RDONLY)));
  tried.set("network", verdict(can_connect()));
  tried.set("new_process", verdict(can_fork()));
  tried.set("new_program", verdict(can_execute()));
  tried.set("signal", verdict(::kill(::getppid(), 0) == 0));
  return tried;
}

}  // namespace weft::engine::worker
