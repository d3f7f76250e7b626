#include "session/stop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>

namespace leakscope::session {

Result<StopFlag> StopFlag::make() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, "eventfd", "create"));
  return StopFlag(std::move(fd));
}

void StopFlag::raise() const noexcept {
  const int saved_errno = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event_fd_.get(), &one, sizeof(one));
  errno = saved_errno;
}

bool StopFlag::raised() const { return wait_for(Nanoseconds{0}); }

bool StopFlag::wait_for(Nanoseconds duration) const {
  const Nanoseconds until = SystemClock().now().monotonic + std::max(duration, Nanoseconds{0});
  for (;;) {
    const Nanoseconds left = std::max(until - SystemClock().now().monotonic, Nanoseconds{0});
    const timespec timeout{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    pollfd poll_fd{.fd = event_fd_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::ppoll(&poll_fd, 1, &timeout, nullptr);
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return false;
  }
}

}  // namespace leakscope::session
