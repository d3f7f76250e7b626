#include "sources/recording/write_stream.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace leakscope::sources::recording {

Result<> write_stream(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(put));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EPIPE) return fail(Error::Kind::kGone, "-", "whoever read the stream has gone");
    if (errno != EAGAIN) return std::unexpected(error_from_errno(errno, "-", "write"));
    pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
    ::poll(&wait, 1, -1);
  }
  return {};
}

}  // namespace leakscope::sources::recording
