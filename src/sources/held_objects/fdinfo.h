#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::held_objects {

/// What a descriptor stands for, by the target of /proc/PID/fd/N.
struct FdTarget {
  enum class Kind : std::uint8_t {
    kSocket,     ///< "socket:[66100]"
    kPipe,       ///< "pipe:[66045]"; a named FIFO is a file
    kInotify,    ///< "anon_inode:inotify"
    kBpfMap,     ///< "anon_inode:bpf-map"
    kOtherAnon,  ///< "anon_inode:[eventpoll]", "net:[4026531840]" and the like
    kMemfd,      ///< "/memfd:x (deleted)", "/dev/shm/x (deleted)", "/SYSV00000000 (deleted)": shmem without a name
    kFile,       ///< all else
  };
  Kind kind = Kind::kFile;
  std::uint64_t inode = 0;  ///< of sockets and pipes
};
[[nodiscard]] FdTarget classify_fd_target(std::string_view target);

/// Counts the watches in /proc/PID/fdinfo/N of an inotify descriptor, piece by piece: with 500,000 watches the file
/// has 50 MB and is never held whole.
///   "inotify wd:2 ino:7c12 sdev:fe00000 mask:800afce ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:..."
/// Kernel: fs/notify/fdinfo.c inotify_fdinfo(). A line whose name is cut by the end of the file is not counted.
class InotifyCounter {
 public:
  void feed(std::string_view piece);
  [[nodiscard]] std::int64_t watches() const { return watches_; }

 private:
  std::size_t matched_ = 0;  ///< bytes of the wanted beginning that this line has so far; npos: another line
  std::int64_t watches_ = 0;
};

/// A BPF map as /proc/PID/fdinfo/N shows it: "map_id:\t12", "memlock:\t4096". What is missing stays nothing.
/// Kernel: kernel/bpf/syscall.c bpf_map_show_fdinfo(). memlock is the map's memory: computed at its making to 6.3, what
/// it uses now since 6.4.
struct BpfMapFdinfo {
  std::optional<std::uint32_t> id;
  std::optional<std::int64_t> memlock;
};
[[nodiscard]] Result<BpfMapFdinfo> parse_bpf_map_fdinfo(std::string_view text);

/// The effective user id of /proc/PID/status: second number of "Uid:\t0\t0\t0\t0".
[[nodiscard]] Result<std::uint32_t> parse_effective_uid(std::string_view status);

}  // namespace leakscope::sources::held_objects
