#include "platform/engine/worker/fences.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace weft::engine::worker {
namespace {

constexpr rlim_t kDescriptorsMax = 65'536;
constexpr std::uint64_t kAddressGrace = 6ULL << 30;  // Libraries, stacks, reserved and never touched.

// Rights of the first Landlock version; later ones are handled by what seccomp refuses.
constexpr std::uint64_t kAllFileRights = (1ULL << 13) - 1;

// The Landlock version that stands now, 0 when the kernel has none. No rule is added: no path may be opened at all.
int raise_landlock() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return 0;
  landlock_ruleset_attr rules{};
  rules.handled_access_fs = kAllFileRights;
  const int fd = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0));
  if (fd < 0) return 0;
  const long done = ::syscall(SYS_landlock_restrict_self, fd, 0);
  ::close(fd);
  return done == 0 ? static_cast<int>(version) : 0;
}

// What a worker never needs: other programs, the network, other processes, keys, mounts, kernel modules.
constexpr int kRefused[] = {
    SYS_execve, SYS_execveat, SYS_fork, SYS_vfork, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_socket, SYS_socketpair, SYS_connect,
    SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, SYS_bpf,
    SYS_perf_event_open, SYS_init_module, SYS_finit_module, SYS_kexec_load, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_open_by_handle_at,
    SYS_name_to_handle_at, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_pidfd_open, SYS_pidfd_getfd, SYS_kcmp,
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setresuid, SYS_kill, SYS_tkill, SYS_rename, SYS_renameat, SYS_renameat2, SYS_unlink, SYS_unlinkat,
    SYS_truncate, SYS_chmod, SYS_fchmodat, SYS_chown, SYS_fchownat, SYS_link, SYS_linkat, SYS_symlink, SYS_symlinkat, SYS_mknod, SYS_mknodat,
};

bool raise_seccomp() {
#if defined(__x86_64__)
  std::vector<sock_filter> program;
  auto add = [&](std::uint16_t code, std::uint32_t value, std::uint8_t yes, std::uint8_t no) { program.push_back({code, yes, no, value}); };
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch), 0, 0);
  add(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
  add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr), 0, 0);
  // The x32 numbers would slip past a list of the others.
  add(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
  for (const int number : kRefused) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
  }
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
#else
  return false;
#endif
}

void set_limit(int resource, rlim_t value) {
  const rlimit limit{value, value};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

}  // namespace

Result<json::Object> raise_fences(std::uint64_t memory_bytes) {
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_AS, memory_bytes * 2 + kAddressGrace);
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = std::min<rlim_t>(descriptors.rlim_max, kDescriptorsMax);
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(ErrorKind::unavailable, "engine.fences", "no_new_privs cannot be set");
  ::prctl(PR_SET_DUMPABLE, 0);
  const int landlock = raise_landlock();
  const bool seccomp = raise_seccomp();
  if (landlock == 0 && !seccomp) {
    return fail(ErrorKind::unavailable, "engine.fences", "this kernel offers neither Landlock nor seccomp: user SQL cannot be run safely");
  }
  return json::Object{{"landlock", landlock}, {"seccomp", seccomp}, {"no_new_privs", true}, {"rlimits", true}};
}

}  // namespace weft::engine::worker
