#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope {

/// Contents of a file, in a buffer that is kept and reused from read to read, so that sampling allocates nothing
/// once the buffer has reached its size.
class FileBuffer {
 public:
  [[nodiscard]] std::string_view view() const { return {data_.data(), size_}; }

 private:
  friend Result<std::string_view> read_whole(int fd, FileBuffer& buffer, std::string_view name, std::size_t limit);
  std::vector<char> data_;
  std::size_t size_ = 0;
};

inline constexpr std::size_t kDefaultReadLimit = std::size_t{64} << 20U;

/// Reads a file from its beginning with pread (so a held descriptor of a /proc file gives fresh contents each time).
/// The view lives until the buffer's next use. More than `limit` bytes is kTruncated. `name` is for error messages.
[[nodiscard]] Result<std::string_view> read_whole(int fd, FileBuffer& buffer, std::string_view name,
                                                  std::size_t limit = kDefaultReadLimit);

/// A directory below which a source finds its files: "/", a recorded tree, or a test's folder. Paths are relative to
/// it and have no leading slash: "proc/meminfo", "sys/kernel/slab". Opening never follows a final symbolic link,
/// never blocks on a FIFO or device, and never makes anything our controlling terminal. Below any root but "/" no link
/// on the way leads out of it either: a tree that somebody else made cannot show us other files.
class RootedDir {
 public:
  [[nodiscard]] static Result<RootedDir> open(std::string path);
  /// The directory is a bare copy of /proc: "proc/meminfo" is its "meminfo", and nothing else is there.
  [[nodiscard]] RootedDir as_proc() &&;

  [[nodiscard]] Result<UniqueFd> open_file(std::string_view relative) const;
  [[nodiscard]] Result<RootedDir> open_dir(std::string_view relative) const;
  [[nodiscard]] Result<std::string_view> read(std::string_view relative, FileBuffer& buffer,
                                              std::size_t limit = kDefaultReadLimit) const;
  /// Where the symbolic link points to, at most 4096 bytes.
  [[nodiscard]] Result<std::string> read_link(std::string_view relative) const;
  /// Names in a directory, without "." and "..", in no order.
  [[nodiscard]] Result<std::vector<std::string>> list(std::string_view relative) const;
  [[nodiscard]] bool exists(std::string_view relative) const;

  /// The path as the user would type it, for messages: "/proc/meminfo".
  [[nodiscard]] std::string display(std::string_view relative) const;
  [[nodiscard]] const std::string& path() const { return path_; }
  /// True for "/": live questions that files cannot answer (system calls, netlink, BPF) are only asked then.
  [[nodiscard]] bool is_live() const { return path_ == "/"; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  RootedDir(std::string path, UniqueFd fd, bool confined)
      : path_(std::move(path)), fd_(std::move(fd)), confined_(confined) {}
  [[nodiscard]] std::string below(std::string_view relative) const;
  [[nodiscard]] int open_at(const std::string& path, int flags) const;

  std::string path_;
  UniqueFd fd_;
  bool confined_ = false;  // links must not lead out
  bool is_proc_ = false;
};

}  // namespace leakscope
