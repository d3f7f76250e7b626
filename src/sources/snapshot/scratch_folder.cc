#include "sources/snapshot/scratch_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

namespace leakscope::sources::snapshot {
namespace {

constexpr int kDeepest = 64;
constexpr std::size_t kNameAt = offsetof(dirent64, d_name);

// With system calls alone: it also runs in a child of which nothing but the calling thread was copied.
void remove_contents(int directory, int depth) {  // NOLINT(misc-no-recursion): the depth is bounded
  alignas(dirent64) std::array<char, 4096> entries;
  for (bool removed_any = true; removed_any;) {
    removed_any = false;
    if (::lseek(directory, 0, SEEK_SET) < 0) return;
    for (;;) {
      const long got = ::syscall(SYS_getdents64, directory, entries.data(), entries.size());
      if (got <= 0) break;
      for (std::size_t at = 0; at + kNameAt < static_cast<std::size_t>(got);) {
        dirent64 entry;
        std::memcpy(&entry, entries.data() + at, kNameAt);
        const char* name = entries.data() + at + kNameAt;
        if (entry.d_reclen == 0) return;
        at += entry.d_reclen;
        if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
        if (::unlinkat(directory, name, 0) == 0) {
          removed_any = true;
          continue;
        }
        if (depth == kDeepest) continue;
        const int below = ::openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0) continue;
        remove_contents(below, depth + 1);
        ::close(below);
        removed_any = ::unlinkat(directory, name, AT_REMOVEDIR) == 0 || removed_any;
      }
    }
  }
}

[[noreturn]] void guard(int lifeline, int directory, const char* path) {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP}) ::signal(number, SIG_IGN);
  // Whoever waits for the end of our output must not wait for the guardian, nor may it hold the lifeline of another
  // folder: the two would wait for each other.
  const auto [lower, upper] = std::minmax(lifeline, directory);
  const auto close_between = [](int first, int last) {
    if (first <= last) ::close_range(static_cast<unsigned>(first), static_cast<unsigned>(last), 0);
  };
  close_between(0, lower - 1);
  close_between(lower + 1, upper - 1);
  close_between(upper + 1, std::numeric_limits<int>::max());
  char byte = 0;
  while (::read(lifeline, &byte, 1) < 0 && errno == EINTR) {
  }
  remove_contents(directory, 0);
  ::rmdir(path);
  ::_exit(0);
}

/// Thousands of small files that live for a second: memory is the place for them, if there is plenty of it.
std::string place() {
  if (const char* wanted = ::getenv("TMPDIR"); wanted != nullptr && *wanted == '/') return wanted;
  constexpr std::uint64_t kPlenty = std::uint64_t{256} << 20U;
  struct statfs status{};
  const bool in_memory =
      ::statfs("/dev/shm", &status) == 0 && status.f_type == TMPFS_MAGIC &&
      static_cast<std::uint64_t>(status.f_bavail) * static_cast<std::uint64_t>(status.f_bsize) >= kPlenty;
  return in_memory && ::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

}  // namespace

Result<std::unique_ptr<ScratchFolder>> ScratchFolder::make() {
  std::string path = place() + "/leakscope-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return std::unexpected(error_from_errno(errno, path, "make directory"));
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.is_open()) {
    const int error = errno;
    ::rmdir(path.c_str());
    return std::unexpected(error_from_errno(error, path, "open directory"));
  }
  std::unique_ptr<ScratchFolder> folder(new ScratchFolder(std::move(path), std::move(fd)));
  if (auto started = folder->start_guardian(); !started) return std::unexpected(std::move(started.error()));
  return folder;
}

Result<> ScratchFolder::start_guardian() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(error_from_errno(errno, path_, "guard"));
  UniqueFd lifeline(ends[0]);
  lifeline_.reset(ends[1]);
  guardian_ = ::fork();
  if (guardian_ < 0) return std::unexpected(error_from_errno(errno, path_, "guard"));
  if (guardian_ == 0) {
    ::close(lifeline_.get());
    ::setsid();
    guard(lifeline.get(), fd_.get(), path_.c_str());
  }
  return {};
}

ScratchFolder::~ScratchFolder() {
  remove_contents(fd_.get(), 0);
  ::rmdir(path_.c_str());
  lifeline_.reset();
  if (guardian_ > 0) {
    while (::waitpid(guardian_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace leakscope::sources::snapshot
