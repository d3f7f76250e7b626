#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/process_id.h"
#include "base/unique_fd.h"

namespace leakscope::sources::process {

/// Reads the small files of processes (stat, statm, status, limits) without allocating: into a buffer of its own, in
/// one system call beside opening, because these files come whole in one read and a second one that only meets their
/// end would cost half as much again. For what is larger or deserves an error's text: RootedDir.
class PidFiles {
 public:
  /// `proc` is a directory descriptor that outlives this.
  explicit PidFiles(int proc) : proc_(proc) {}

  /// Not open: errno says why.
  [[nodiscard]] UniqueFd open(Pid pid, const char* file) const;
  /// Nothing: errno says why (ESRCH when the process has ended). The view lives until the next read.
  [[nodiscard]] std::optional<std::string_view> read(int fd);
  [[nodiscard]] std::optional<std::string_view> read(Pid pid, const char* file);

  /// The directory of a process, for reading its files without naming the pid again: it gives ENOENT or ESRCH once the
  /// process has ended, even when the pid is used anew, and costs the kernel no buffer.
  [[nodiscard]] UniqueFd open_dir(Pid pid) const;
  [[nodiscard]] std::optional<std::string_view> read_in(int dir, const char* file);

 private:
  static constexpr std::size_t kSize = 16384;  // more than any of these files

  int proc_;
  std::array<char, kSize> text_{};
};

}  // namespace leakscope::sources::process
