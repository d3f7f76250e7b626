#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "base/time.h"
#include "sources/snapshot/stamp.h"

namespace leakscope::sources::snapshot {

struct SnapshotOptions {
  std::string directory;  ///< made anew; an empty one that is there already is taken
  Moment time;
  std::string tool_version;
  /// Keeps of /proc/cmdline what may be kept.
  std::function<std::string(std::string_view)> kernel_command_line;
  /// Redaction: what a file says instead, and its path; nothing: the file is left out. Empty functions change nothing.
  std::function<std::optional<std::string>(std::string_view path, std::string text)> contents;
  std::function<std::string(std::string_view path)> path;
  Nanoseconds patience = std::chrono::seconds(1);   ///< for one file
  Nanoseconds walk_time = std::chrono::seconds(2);  ///< for reading smaps_rollup of all processes together
  std::size_t most_directories = 20'000;            ///< of one row of the layout: processes, cgroups
};

struct SnapshotSummary {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  Stamp stamp;  ///< what is missing stands in it
};

/// Writes the files of the layout as they are now: directories 0700, files 0600, nothing through links, nothing over
/// what is there. What cannot be read is told by the stamp, which is written last: a snapshot without one is not whole.
[[nodiscard]] Result<SnapshotSummary> write_snapshot(std::shared_ptr<const RootedDir> root,
                                                     const SnapshotOptions& options);

}  // namespace leakscope::sources::snapshot
