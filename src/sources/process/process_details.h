#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/source.h"

namespace leakscope::sources::process {

struct DetailOptions {
  Period period{std::chrono::seconds(5), std::chrono::seconds(15), std::chrono::seconds(2)};
  /// Of one CPU, for smaps_rollup and smaps; and the longest single read that may be predicted.
  double walk_share = 0.002;
  Nanoseconds longest_walk = std::chrono::milliseconds(20);
  /// Of one CPU, for looking at every descriptor of a process.
  double scan_share = 0.0005;
  Nanoseconds longest_scan = std::chrono::milliseconds(10);
  /// Processes whose mappings are grouped in one sample: those that grew most since they were seen first.
  std::size_t suspects = 3;
  std::int64_t least_growth = std::int64_t{8} << 20U;  ///< bytes, below which nobody is a suspect
  /// A read of another process that takes longer is told, and that process left alone for a while.
  Nanoseconds deadline = std::chrono::milliseconds(200);
  Nanoseconds leave_alone = std::chrono::minutes(10);
  /// A process's limits are read again after this time.
  Nanoseconds limits_every = std::chrono::minutes(1);
  /// A group's PSS is told when that of all members is at most so old.
  Nanoseconds oldest_pss = std::chrono::minutes(15);
  PageSize page_size = page_size_of_this_machine();
};

/// The slow tier of processes, beside the sampler: these reads may wait for locks of their targets.
///
/// Each sample, for all processes that the fast tier (process_source.h) made known: CPU time, number and limit of
/// descriptors; argv[0] once (as `detail` of the subject where it is not the executable's path, and as executable
/// where that may not be read). Under a budget of CPU time that is learned from what reads cost on this machine, the
/// most changed and the longest waiting in turn: PSS and USS by smaps_rollup, descriptors by kind and inotify watches.
/// For the processes that grew most: resident heap, anonymous mappings and stacks by smaps.
/// Groups get sums: descriptors and CPU time always, PSS and inotify watches once they are known of all members.
/// A value that was not read in a sample is not put, and nothing is estimated.
[[nodiscard]] Result<std::unique_ptr<Source>> open_process_details(const RootedDir& root, DetailOptions options = {});

}  // namespace leakscope::sources::process
