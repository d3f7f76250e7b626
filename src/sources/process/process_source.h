#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "sources/process_table.h"
#include "sources/source.h"

namespace leakscope::sources::process {

struct ProcessOptions {
  Period period{};
  /// New processes whose executable and cgroup are looked up in one sample (about 4 us each); further ones wait for
  /// the next sample and belong to no group until then. The first sample looks up all.
  std::uint32_t identities_per_sample = 256;
  /// Starts and exits written as events of their own in one sample; the rest is one event each that tells their number.
  std::uint32_t events_per_sample = 50;
  /// How long a group without members goes on as one with nothing.
  Nanoseconds keep_empty_groups = std::chrono::hours(1);
};

/// The fast tier of processes: sizes of every process and group in every sample, starts and exits as events.
///
/// Subjects: kProcess by pid and start time (the name may change by exec, the identity does not), kGroup by executable
/// and unit, container or cgroup. Metrics: process.* that the table tells, group.* as sums over members (with the
/// value known last where the table did not read one this time), processes.*. Kernel threads are counted, no more.
/// Allocates nothing per sample while no process starts or ends.
///
/// `table` is what reads the processes; without one, or when it fails later, held /proc descriptors do.
[[nodiscard]] Result<std::unique_ptr<Source>> open_processes(const RootedDir& root, std::unique_ptr<ProcessTable> table,
                                                             ProcessOptions options = {});

}  // namespace leakscope::sources::process
