#include "sources/held_objects/fd_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::held_objects {
namespace {

constexpr std::size_t kNameAt = offsetof(dirent64, d_name);

FdScan::End end_of(int error) { return error == EACCES || error == EPERM ? FdScan::End::kDenied : FdScan::End::kGone; }

}  // namespace

FdScan::End FdScan::advance(const RootedDir& root, Pid pid, std::size_t& most_links) {
  std::array<char, 32> path{};
  *fmt::format_to_n(path.data(), path.size() - 1, "proc/{}/fd", pid.value).out = '\0';
  const UniqueFd directory(::openat(root.fd(), path.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!directory.is_open()) return end_of(errno);
  if (position_ != 0 && ::lseek(directory.get(), position_, SEEK_SET) < 0) return End::kGone;
  alignas(dirent64) std::array<char, 8192> entries;
  while (most_links > 0) {
    const auto got = ::syscall(SYS_getdents64, directory.get(), entries.data(), entries.size());
    if (got < 0) return end_of(errno);
    if (got == 0) {
      merge_duplicates();
      return End::kComplete;
    }
    const auto filled = static_cast<std::size_t>(got);
    for (std::size_t at = 0; at + kNameAt < filled && most_links > 0;) {
      // Copied out because the buffer is only bytes to the language.
      dirent64 entry;
      std::memcpy(&entry, entries.data() + at, std::min(sizeof entry, filled - at));
      if (entry.d_reclen == 0) return End::kGone;
      position_ = entry.d_off;
      take(directory.get(), entry.d_name);
      --most_links;
      at += entry.d_reclen;
    }
  }
  return End::kMore;
}

void FdScan::take(int directory, const char* name) {
  const auto fd = parse_number<int>(name);
  if (!fd) return;
  // A path that is longer is cut: that is a file, whatever its end.
  std::array<char, 512> target;
  const ssize_t length = ::readlinkat(directory, name, target.data(), target.size());
  if (length < 0) return;
  const FdTarget what = classify_fd_target({target.data(), static_cast<std::size_t>(length)});
  HeldFd held{what.kind, what.inode, *fd, false};
  switch (what.kind) {
    case FdTarget::Kind::kFile:
      ++counts_.files;
      return;
    case FdTarget::Kind::kMemfd:
      ++counts_.memfds;
      return;
    case FdTarget::Kind::kOtherAnon:
      ++counts_.anon;
      return;
    case FdTarget::Kind::kSocket:
      ++counts_.sockets;
      break;
    case FdTarget::Kind::kPipe: {
      ++counts_.pipes;
      struct stat status{};
      held.reads = ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && (status.st_mode & S_IRUSR) != 0;
      break;
    }
    case FdTarget::Kind::kInotify:
    case FdTarget::Kind::kBpfMap:
      ++counts_.anon;
      break;
  }
  held_.push_back(held);
}

void FdScan::merge_duplicates() {
  const auto is_shared = [](const HeldFd& held) {
    return held.kind == FdTarget::Kind::kSocket || held.kind == FdTarget::Kind::kPipe;
  };
  std::ranges::sort(held_, {}, [](const HeldFd& held) { return std::tuple(held.kind, held.inode, held.fd); });
  std::size_t kept = 0;
  for (const HeldFd& held : held_) {
    if (kept > 0 && is_shared(held) && held_[kept - 1].kind == held.kind && held_[kept - 1].inode == held.inode) {
      held_[kept - 1].reads = held_[kept - 1].reads || held.reads;
    } else {
      held_[kept++] = held;
    }
  }
  held_.resize(kept);
}

}  // namespace leakscope::sources::held_objects
