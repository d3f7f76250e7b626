#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::process {

/// What an open descriptor refers to, by the target of /proc/PID/fd/N.
enum class FdKind : std::uint8_t {
  kFile,    ///< regular files and directories
  kSocket,  ///< "socket:[12345]"
  kPipe,    ///< "pipe:[12345]", FIFOs are files
  kEvent,   ///< eventfd, timerfd, signalfd, epoll, inotify, fanotify
  kBpf,     ///< BPF maps, programs, links
  kMemfd,   ///< memfds and deleted files of /dev/shm: memory that no directory shows
  kDevice,  ///< below /dev
  kOther,   ///< any other anonymous inode, or a target that could not be read
};
inline constexpr std::size_t kFdKindCount = static_cast<std::size_t>(FdKind::kOther) + 1;
/// "file", "socket", "pipe", "event", "bpf", "memfd", "device", "other".
[[nodiscard]] std::string_view to_string(FdKind kind);

/// By the link's text (fs/d_path.c, fs/anon_inodes.c; 4.4 to 6.18): "anon_inode:[eventpoll]", "/memfd:x (deleted)".
[[nodiscard]] FdKind fd_kind(std::string_view target);
[[nodiscard]] bool is_inotify(std::string_view target);

/// How many descriptors of each kind.
using FdKinds = std::array<std::int64_t, kFdKindCount>;

/// /proc/PID/fdinfo/N (fs/proc/fd.c seq_show and the file's own show_fdinfo; 4.4 to 6.18).
///   pos:	0
///   flags:	02004002
///   inotify wd:1 ino:2 sdev:fd00001 mask:3ce ignored_mask:0 fhandle-bytes:8 ...
struct FdInfo {
  std::optional<std::int64_t> position;
  std::optional<std::uint32_t> flags;  ///< O_* of open(2); the file has them in octal
  std::int64_t inotify_watches = 0;
  std::optional<std::int64_t> bpf_map_id;
  std::optional<std::int64_t> bpf_memlock;  ///< bytes of a BPF map or program
};
[[nodiscard]] Result<FdInfo> parse_fdinfo(std::string_view text);

}  // namespace leakscope::sources::process
