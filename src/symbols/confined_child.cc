#include "symbols/confined_child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "base/unique_fd.h"

namespace leakscope::symbols {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kMemoryCanBeLimited = false;  // its shadow is larger than any limit
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kMemoryCanBeLimited = false;
#else
constexpr bool kMemoryCanBeLimited = true;
#endif
#else
constexpr bool kMemoryCanBeLimited = true;
#endif

constexpr int kIn = 3;
constexpr int kOut = 4;
constexpr int kNotConfined = 125;
constexpr unsigned kNobody = 65534;

bool limit(int resource, rlim_t value) {
  const rlimit both{.rlim_cur = value, .rlim_max = value};
  return ::setrlimit(static_cast<__rlimit_resource>(resource), &both) == 0;
}

// Descriptors 3 and 4 and no others.
bool keep_two(int in, int out) {
  const int high_in = ::fcntl(in, F_DUPFD, 10);
  const int high_out = ::fcntl(out, F_DUPFD, 10);
  if (high_in < 0 || high_out < 0) return false;
  if (::dup2(high_in, kIn) < 0 || ::dup2(high_out, kOut) < 0) return false;
  if (::syscall(SYS_close_range, kOut + 1U, ~0U, 0U) != 0) {  // since 5.9
    for (int fd = kOut + 1; fd < 65536; ++fd) (void)::close(fd);
  }
  for (int fd = 0; fd < kIn; ++fd) (void)::close(fd);
  return true;
}

// System calls of their own, not those of libc, which would tell other threads, of which the child has none.
bool drop_user() {
  if (::geteuid() != 0) return true;
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 && ::syscall(SYS_setresgid, kNobody, kNobody, kNobody) == 0 &&
         ::syscall(SYS_setresuid, kNobody, kNobody, kNobody) == 0;
}

bool drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

// The first figure of /proc/self/statm is the address space in pages; 0 where there is no /proc.
std::size_t mapped_bytes() {
  const UniqueFd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  const ssize_t size = file.is_open() ? ::read(file.get(), text.data(), text.size()) : -1;
  if (size <= 0) return 0;
  FieldCursor fields(std::string_view(text.data(), static_cast<std::size_t>(size)));
  const auto pages = fields.next_number<std::uint32_t>();
  return std::size_t{pages.value_or(0)} * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

bool confine(int in, int out, const ChildLimits& limits) {
  const std::size_t mapped = mapped_bytes();
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  if (!keep_two(in, out)) return false;
  (void)drop_user();  // a container may have nobody else; what counts is the next line
  if (!drop_capabilities() || ::prctl(PR_SET_DUMPABLE, 0) != 0) return false;
  if (kMemoryCanBeLimited && !limit(RLIMIT_AS, mapped + limits.memory)) return false;
  return limit(RLIMIT_CPU, static_cast<rlim_t>(limits.processor_time.count())) && limit(RLIMIT_NOFILE, 0) &&
         limit(RLIMIT_NPROC, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CORE, 0);
}

void reset_signals() {
  for (const int signal :
       {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU}) {
    (void)::signal(signal, SIG_DFL);
  }
}

[[noreturn]] void run_child(int in, int out, const std::function<void(int, int)>& work, const ChildLimits& limits) {
  reset_signals();
  if (!confine(in, out, limits)) ::_exit(kNotConfined);
  try {
    work(kIn, kOut);
  } catch (...) {  // no memory left
    ::_exit(1);
  }
  ::_exit(0);
}

// Reads until the child closes its end, for as long as it may live.
void read_all(int from, const ChildLimits& limits, ChildOutput& output) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + limits.time;
  std::array<char, 65536> piece{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) {
      output.why = "took too long";
      return;
    }
    pollfd wait{.fd = from, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(std::min<long>(left, 1000))) <= 0) continue;
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    if (output.text.size() + static_cast<std::size_t>(got) > limits.output) {
      output.why = "wrote too much";
      return;
    }
    output.text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

void bury(pid_t child, ChildOutput& output) {
  if (!output.why.empty()) (void)::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return;
  }
  if (!output.why.empty()) return;
  if (WIFSIGNALED(status)) {
    output.why = fmt::format("killed by signal {}", WTERMSIG(status));
  } else if (WEXITSTATUS(status) == kNotConfined) {
    output.why = "could not be confined";
  } else if (WEXITSTATUS(status) != 0) {
    output.why = "ran out of memory";
  }
  output.complete = output.why.empty();
}

}  // namespace

Result<ChildOutput> run_confined(int in, const std::function<void(int in, int out)>& work, const ChildLimits& limits) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(error_from_errno(errno, "pipe", "make a pipe"));
  UniqueFd from(ends[0]);
  UniqueFd out(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return std::unexpected(error_from_errno(errno, "fork", "start a process"));
  if (child == 0) run_child(in, out.get(), work, limits);
  out.reset();
  ChildOutput output;
  read_all(from.get(), limits, output);
  bury(child, output);
  return output;
}

}  // namespace leakscope::symbols
