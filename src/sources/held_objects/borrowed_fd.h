#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/process_id.h"
#include "base/unique_fd.h"

namespace leakscope::sources::held_objects {

/// Takes a look at pipes and sockets of another process through copies of its descriptors (pidfd_getfd, 5.6 and
/// newer), each closed at once. Needs the right to trace the process: kDenied otherwise. A copy is another reference to
/// the same open file: no new reader or writer of a pipe appears, as opening /proc/PID/fd/N would make one; only the
/// microseconds until the copy is closed are added to the file's life.
class BorrowedFds {
 public:
  [[nodiscard]] static Result<BorrowedFds> open(Pid pid);

  /// Kernel memory that holds what waits in the pipe: its payload (FIONREAD) in whole pages, for a page is the least
  /// that a pipe's buffer is. Writers fill the last page up, so this is exact but for packets (O_DIRECT) and spliced
  /// pages, where it is a lower bound. kGone when descriptor `fd` is not that pipe any more.
  [[nodiscard]] Result<std::int64_t> pipe_bytes(int fd, std::uint64_t inode, std::int64_t page_size) const;

  /// The queues of a socket of any family and network namespace (SO_MEMINFO, 4.12 and newer).
  [[nodiscard]] Result<std::int64_t> socket_bytes(int fd, std::uint64_t inode) const;

 private:
  explicit BorrowedFds(UniqueFd pidfd) : pidfd_(std::move(pidfd)) {}
  [[nodiscard]] Result<UniqueFd> borrow(int fd, std::uint64_t inode) const;
  UniqueFd pidfd_;
};

}  // namespace leakscope::sources::held_objects
