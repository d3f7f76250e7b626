#include "base/rooted_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace leakscope {
namespace {

constexpr std::size_t kFirstBuffer = 4096;

std::string or_here(std::string_view relative) { return relative.empty() ? "." : std::string(relative); }

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
  return RootedDir(std::move(path), std::move(fd));
}

Result<UniqueFd> RootedDir::open_file(std::string_view relative) const {
  const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  UniqueFd fd(::openat(fd_.get(), or_here(relative).c_str(), flags));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, display(relative), "open"));
  return fd;
}

Result<RootedDir> RootedDir::open_dir(std::string_view relative) const {
  UniqueFd fd(::openat(fd_.get(), or_here(relative).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, display(relative), "open directory"));
  return RootedDir(display(relative), std::move(fd));
}

Result<std::string_view> RootedDir::read(std::string_view relative, FileBuffer& buffer, std::size_t limit) const {
  auto fd = open_file(relative);
  if (!fd) return std::unexpected(std::move(fd.error()));
  return read_whole(fd->get(), buffer, display(relative), limit);
}

Result<std::string> RootedDir::read_link(std::string_view relative) const {
  std::string target(4096, '\0');
  const ssize_t length = ::readlinkat(fd_.get(), or_here(relative).c_str(), target.data(), target.size());
  if (length < 0) return std::unexpected(error_from_errno(errno, display(relative), "read link"));
  target.resize(static_cast<std::size_t>(length));
  return target;
}

Result<std::vector<std::string>> RootedDir::list(std::string_view relative) const {
  UniqueFd fd(::openat(fd_.get(), or_here(relative).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
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
  return ::faccessat(fd_.get(), or_here(relative).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

std::string RootedDir::display(std::string_view relative) const {
  if (relative.empty()) return path_;
  return path_.ends_with('/') ? fmt::format("{}{}", path_, relative) : fmt::format("{}/{}", path_, relative);
}

}  // namespace leakscope
