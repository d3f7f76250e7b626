#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/process_table.h"

namespace leakscope::sources::ebpf {

struct TaskIteratorOptions {
  PageSize page_size = page_size_of_this_machine();
  /// Add up what each CPU keeps of the RSS counters (see below). Costs about 25 ns per process and CPU.
  bool exact = true;
};

/// The process table from a BPF program that the kernel runs over all tasks (iter/task; 5.8 and newer with BTF): 0.3 us
/// per process with every field, no file opened, no lock of any task taken. Nothing stays in the kernel when the
/// table is destroyed or this program dies.
///
/// From 6.2 the kernel keeps RSS in per-CPU counters whose common part is off by up to max(32, 2 * CPUs) pages times
/// the number of CPUs: 256 KiB on 2 CPUs, 128 MiB on 128. The parts are added, so that the figures are those of the
/// moment (which /proc/PID/status itself does only since 6.16); where that cannot be, coverage() says how far off they
/// may be.
///
/// kDenied without CAP_BPF and CAP_PERFMON (or root), kUnsupported where the kernel has no iterators or no BTF, or its
/// mm_struct is one that we do not know: then held /proc descriptors do it.
[[nodiscard]] Result<std::unique_ptr<ProcessTable>> open_task_iterator(TaskIteratorOptions options = {});

}  // namespace leakscope::sources::ebpf
