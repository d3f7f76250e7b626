#include "base/rooted_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace leakscope {
namespace {

constexpr std::size_t kFirstBuffer = 4096;

}  // namespace

Result<std::string_view> read_whole(int fd, FileBuffer& buffer, std::string_view name, std::size_t limit) {
  std::vector<char>& data = buffer.data_;
  buffer.size_ = 0;
  if (data.empty()) data.resize(kFirstBuffer);
  std::size_t filled = 0;
  for (;;) {
    if (filled == data.size()) {
      if (data.size() > limit) {
        return fail(Error::Kind::kTruncated, std::string(name), fmt::format("is larger than {} bytes", limit));
      }
      data.resize(data.size() * 2);
    }
    const ssize_t got = ::pread(fd, data.data() + filled, data.size() - filled, static_cast<off_t>(filled));
    if (got < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(error_from_errno(errno, std::string(name), "read"));
    }
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled > limit) {
    return fail(Error::Kind::kTruncated, std::string(name), fmt::format("is larger than {} bytes", limit));
  }
  buffer.size_ = filled;
  return buffer.view();
}

Result<RootedDir> RootedDir::open(std::string path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, path, "open directory"));
  const bool confined = path != "/";
  return RootedDir(std::move(path), std::move(fd), confined);
}

RootedDir RootedDir::as_proc() && {
  is_proc_ = true;
  return std::move(*this);
}

std::string RootedDir::below(std::string_view relative) const {
  if (is_proc_ && relative == "proc") return ".";
  if (is_proc_ && relative.starts_with("proc/")) return std::string(relative.substr(5));
  if (is_proc_ && relative.starts_with("sys")) return "self/no-sys";
  return relative.empty() ? "." : std::string(relative);
}

int RootedDir::open_at(const std::string& path, int flags) const {
  if (confined_) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags);
    how.resolve = RESOLVE_BENEATH;
    const long fd = ::syscall(SYS_openat2, fd_.get(), path.c_str(), &how, sizeof how);
    // Before 5.6, and where a filter of system calls does not know it.
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  }
  return ::openat(fd_.get(), path.c_str(), flags);
}

Result<UniqueFd> RootedDir::open_file(std::string_view relative) const {
  const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  UniqueFd fd(open_at(below(relative), flags));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, display(relative), "open"));
  return fd;
}

Result<RootedDir> RootedDir::open_dir(std::string_view relative) const {
  UniqueFd fd(open_at(below(relative), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, display(relative), "open directory"));
  RootedDir opened(display(relative), std::move(fd), confined_);
  opened.is_proc_ = is_proc_ && relative.empty();
  return opened;
}

Result<std::string_view> RootedDir::read(std::string_view relative, FileBuffer& buffer, std::size_t limit) const {
  auto fd = open_file(relative);
  if (!fd) return std::unexpected(std::move(fd.error()));
  return read_whole(fd->get(), buffer, display(relative), limit);
}

Result<std::string> RootedDir::read_link(std::string_view relative) const {
  std::array<char, 4096> target{};
  const ssize_t length = ::readlinkat(fd_.get(), below(relative).c_str(), target.data(), target.size());
  if (length < 0) return std::unexpected(error_from_errno(errno, display(relative), "read link"));
  // A string of its own size: many are kept.
  return std::string(target.data(), static_cast<std::size_t>(length));
}

Result<std::vector<std::string>> RootedDir::list(std::string_view relative) const {
  UniqueFd fd(open_at(below(relative), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, display(relative), "open directory"));
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd.get()), ::closedir);
  if (!dir) return std::unexpected(error_from_errno(errno, display(relative), "list directory"));
  (void)fd.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) {
      if (errno != 0) return std::unexpected(error_from_errno(errno, display(relative), "list directory"));
      return names;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
}

bool RootedDir::exists(std::string_view relative) const {
  return ::faccessat(fd_.get(), below(relative).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

std::string RootedDir::display(std::string_view relative) const {
  if (relative.empty()) return path_;
  return path_.ends_with('/') ? fmt::format("{}{}", path_, relative) : fmt::format("{}/{}", path_, relative);
}

}  // namespace leakscope
