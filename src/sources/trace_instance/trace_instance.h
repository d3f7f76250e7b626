#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "base/time.h"
#include "model/kernel_symbols.h"
#include "sources/kmem_stream.h"

namespace leakscope::sources::trace_instance {

struct TraceInstanceOptions {
  /// "kmem/kfree": see slab_events() and the others. Those that this kernel does not have are told in coverage().
  std::vector<std::string> events;
  std::size_t buffer_bytes_per_cpu = std::size_t{2} << 20U;
  bool stacks = false;
  /// From the moment the events are on; without it until `stop`.
  std::optional<Nanoseconds> length;
  /// Its allocations are left out: our own. Its frees are not, as they may be of memory that others allocated.
  std::optional<Pid> exclude_pid;
  /// Looked at some fifty times a second; may be null. Lives as long as the stream.
  const std::atomic<bool>* stop = nullptr;
  /// To tell frames of the tracing machinery from others; may be null. Lives as long as the stream.
  const model::KernelSymbols* symbols = nullptr;
};

/// The events of one kind of memory, allocations and frees, of every kernel from 5.10 on.
[[nodiscard]] std::vector<std::string> slab_events();
[[nodiscard]] std::vector<std::string> page_events();
[[nodiscard]] std::vector<std::string> percpu_events();

/// Watches this kernel's allocations by a private trace instance, for where BPF is not to be had. The stream's next()
/// waits until there are events and gives an empty span only when the length is over or `stop` was raised (and what
/// had come by then was given). The instance is gone when the stream is, and within a second of this process being
/// killed. Call it before or after threads were made; the stream belongs to one thread.
[[nodiscard]] Result<std::unique_ptr<KmemStream>> open_trace_instance(TraceInstanceOptions options);

}  // namespace leakscope::sources::trace_instance
