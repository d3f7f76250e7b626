#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::kernel_counters {

/// /proc/sys/fs/dentry-state: "42751	41243	45	0	7933	0" (fs/dcache.c: proc_nr_dentry, struct
/// dentry_stat_t).
struct DentryState {
  std::int64_t total = 0;
  std::int64_t unused = 0;  ///< on an LRU list: held by nobody
  /// Unused ones for names that do not exist. Kernels before 5.0 (commit af0c9af1b3f6) have a constant 0 here; since no
  /// running system is without negative dentries, 0 is read as not known.
  std::optional<std::int64_t> negative;
  friend bool operator==(const DentryState&, const DentryState&) = default;
};
[[nodiscard]] Result<DentryState> parse_dentry_state(std::string_view text);

/// /proc/sys/fs/inode-nr: "34661	0" (fs/inode.c: proc_nr_inodes).
struct InodeNr {
  std::int64_t total = 0;
  std::int64_t free = 0;
  friend bool operator==(const InodeNr&, const InodeNr&) = default;
};
[[nodiscard]] Result<InodeNr> parse_inode_nr(std::string_view text);

/// /proc/sys/fs/file-nr: "593	0	2466177" (fs/file_table.c: proc_nr_files); the middle one is always 0.
struct FileNr {
  std::int64_t allocated = 0;
  std::int64_t max = 0;
  friend bool operator==(const FileNr&, const FileNr&) = default;
};
[[nodiscard]] Result<FileNr> parse_file_nr(std::string_view text);

/// A file with one number and nothing else: "32768\n".
[[nodiscard]] Result<std::int64_t> parse_single(std::string_view text);

/// The n-th number (from 0) of a line of numbers: semmni is 3 in /proc/sys/kernel/sem ("32000	1024000000	500
/// 32000").
[[nodiscard]] Result<std::int64_t> parse_nth(std::string_view text, int n);

}  // namespace leakscope::sources::kernel_counters
