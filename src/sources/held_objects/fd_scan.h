#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/process_id.h"
#include "base/rooted_dir.h"
#include "sources/held_objects/fdinfo.h"

namespace leakscope::sources::held_objects {

/// Descriptors of a process by kind.
struct FdCounts {
  std::int64_t sockets = 0;
  std::int64_t pipes = 0;
  std::int64_t anon = 0;
  std::int64_t files = 0;
  std::int64_t memfds = 0;
  [[nodiscard]] std::int64_t total() const { return sockets + pipes + anon + files + memfds; }
};

/// One descriptor that stands for an object with memory of its own.
struct HeldFd {
  FdTarget::Kind kind = FdTarget::Kind::kSocket;
  std::uint64_t inode = 0;
  int fd = -1;
  bool reads = false;  ///< pipes: open for reading, as the link's own permission bits say (fs/proc/fd.c)
};

/// A look at /proc/PID/fd that may take several calls: it goes on behind the descriptor at which it stopped.
class FdScan {
 public:
  enum class End : std::uint8_t { kComplete, kMore, kGone, kDenied };

  /// Reads at most `most_links` links, and takes them off it.
  [[nodiscard]] End advance(const RootedDir& root, Pid pid, std::size_t& most_links);

  [[nodiscard]] const FdCounts& counts() const { return counts_; }
  /// Sockets, pipes, inotify and BPF map descriptors; of several descriptors for one socket or pipe the first, with
  /// `reads` when any of them reads. Valid when complete.
  [[nodiscard]] const std::vector<HeldFd>& held() const { return held_; }
  [[nodiscard]] bool begun() const { return position_ != 0; }

 private:
  void take(int directory, const char* name);
  void merge_duplicates();

  FdCounts counts_;
  std::vector<HeldFd> held_;
  off_t position_ = 0;
};

}  // namespace leakscope::sources::held_objects
