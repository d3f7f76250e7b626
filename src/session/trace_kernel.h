#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "report/document.h"
#include "session/stop.h"
#include "session/trace_options.h"

namespace leakscope::session {

struct KernelTraceOptions {
  TraceOptions trace;
  Nanoseconds length = std::chrono::seconds(60);
  std::string cache;                       ///< glob; only this slab cache is traced; empty: all
  std::optional<std::int64_t> least_size;  ///< bytes that the allocator takes for one object
  std::optional<std::int64_t> most_size;
  std::uint32_t sample_one_in = 1;  ///< a power of two: addresses, chosen by their hash
  Bytes max_memory = Bytes::from_mib(64);
  double max_overhead = 0.05;  ///< of the time of all CPUs; above it, sampling is made coarser
  bool use_bpf = true;
};

struct KernelTraceProgress {
  Nanoseconds elapsed{0};
  Nanoseconds length{0};
  std::uint32_t sampled_one_in = 1;
  std::size_t followed = 0;  ///< call sites whose stacks are taken; 0: they are still counted only
};
using KernelTraceCallback = std::function<void(const KernelTraceProgress&)>;

/// Traces allocations of this kernel and judges their call sites: by BPF, else by a private tracefs instance. First
/// every call site is counted; then stacks are taken of those that keep growing, or of the cache that was named.
/// Nothing stays attached when this process ends, however it does.
[[nodiscard]] Result<report::Document> trace_kernel(const KernelTraceOptions& options, const StopFlag& stop,
                                                    const KernelTraceCallback& progress);

/// Where the objects of a cache are allocated and freed, as seen in a short look.
[[nodiscard]] Result<report::Document> who_uses_cache(const KernelTraceOptions& options, const StopFlag& stop);

}  // namespace leakscope::session
