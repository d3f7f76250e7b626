#include "sources/trace_instance/guardian.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

namespace leakscope::sources::trace_instance {
namespace {

constexpr int kTries = 500;
constexpr long kPauseNanoseconds = 10'000'000;

void close_from(unsigned first, unsigned last) {
  if (first > last) return;
  // Since 5.9; before it, or where it is not allowed, one after the other.
  if (::syscall(SYS_close_range, first, last, 0) == 0) return;
  constexpr unsigned kMost = 65536;
  for (unsigned fd = first; fd <= last && fd < kMost; ++fd) ::close(static_cast<int>(fd));
}

/// The guardian's whole life. No memory may be taken here: another thread may have held the allocator's lock.
[[noreturn]] void watch(int pipe, int instances, const char* name, const char* switch_path) {
  ::setsid();
  ::prctl(PR_SET_NAME, "leakscope-guard");
  ::prctl(PR_SET_PDEATHSIG, 0);
  const auto low = static_cast<unsigned>(pipe < instances ? pipe : instances);
  const auto high = static_cast<unsigned>(pipe < instances ? instances : pipe);
  if (low > 0) close_from(0, low - 1);
  close_from(low + 1, high - 1);
  close_from(high + 1, ~0U);
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(pipe, &byte, 1);
  } while (got > 0 || (got < 0 && errno == EINTR));
  ::_exit(remove_instance(instances, name, switch_path) == 0 ? 0 : 1);
}

}  // namespace

int remove_instance(int instances, const char* name, const char* switch_path) {
  const int events = ::openat(instances, switch_path, O_WRONLY | O_CLOEXEC);
  if (events >= 0) {
    (void)!::write(events, "0", 1);
    ::close(events);
  }
  int error = 0;
  for (int i = 0; i < kTries; ++i) {
    if (::unlinkat(instances, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    error = errno;
    // Of a process that was killed the kernel closes one file after the other, the pipe not last.
    if (error != EBUSY && error != EINTR) return error;
    const timespec pause{0, kPauseNanoseconds};
    ::nanosleep(&pause, nullptr);
  }
  return error;
}

Result<Guardian> Guardian::start(int instances, const std::string& name) {
  const std::string switch_path = name + "/events/enable";
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(error_from_errno(errno, "pipe", "make"));
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  // The child keeps all signals blocked; ours are as before at once.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child == 0) watch(read_end.get(), instances, name.c_str(), switch_path.c_str());
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) return std::unexpected(error_from_errno(error, "guardian", "start"));
  return Guardian(std::move(write_end), child);
}

Guardian::Guardian(Guardian&& other) noexcept
    : pipe_(std::move(other.pipe_)), child_(std::exchange(other.child_, -1)) {}

Guardian::~Guardian() {
  if (child_ < 0) return;
  pipe_.reset();
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace leakscope::sources::trace_instance
