#include "sources/held_objects/borrowed_fd.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sources/held_objects/socket_diag.h"

namespace leakscope::sources::held_objects {
namespace {

std::unexpected<Error> system_error(const char* what) {
  return std::unexpected(error_from_errno(errno, "pidfd", what));
}

}  // namespace

Result<BorrowedFds> BorrowedFds::open(Pid pid) {
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid.value, 0)));
  if (!pidfd.is_open()) return system_error("open a process");
  return BorrowedFds(std::move(pidfd));
}

Result<UniqueFd> BorrowedFds::borrow(int fd, std::uint64_t inode) const {
  UniqueFd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd_.get(), fd, 0)));
  // EBADF: it was closed meanwhile.
  if (!copy.is_open() && errno == EBADF) return fail(Error::Kind::kGone, "pidfd", "the descriptor was closed");
  if (!copy.is_open()) return system_error("copy a descriptor");
  struct stat status{};
  if (::fstat(copy.get(), &status) != 0) return system_error("stat");
  if (status.st_ino != inode) return fail(Error::Kind::kGone, "pidfd", "the descriptor is another file now");
  return copy;
}

Result<std::int64_t> BorrowedFds::pipe_bytes(int fd, std::uint64_t inode, std::int64_t page_size) const {
  const auto pipe = borrow(fd, inode);
  if (!pipe) return std::unexpected(pipe.error());
  int waiting = 0;
  if (::ioctl(pipe->get(), FIONREAD, &waiting) != 0) return system_error("ask a pipe for its bytes");
  return (waiting + page_size - 1) / page_size * page_size;
}

Result<std::int64_t> BorrowedFds::socket_bytes(int fd, std::uint64_t inode) const {
  const auto socket = borrow(fd, inode);
  if (!socket) return std::unexpected(socket.error());
  SkMeminfo meminfo{};
  socklen_t size = sizeof meminfo;
  if (::getsockopt(socket->get(), SOL_SOCKET, SO_MEMINFO, meminfo.data(), &size) != 0) {
    return system_error("ask a socket for its memory");
  }
  return queue_bytes(meminfo);
}

}  // namespace leakscope::sources::held_objects
