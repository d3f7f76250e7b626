#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "model/coverage.h"
#include "model/host.h"
#include "model/kernel_symbols.h"
#include "model/kmem_event.h"
#include "model/name_table.h"
#include "model/stack_table.h"

namespace leakscope::sources {

/// What a trace says of itself. Complete when the stream has ended; symbols and host may be complete earlier.
struct TraceFacts {
  model::Host host;                      ///< as far as the file tells: release, cpus, page size
  std::optional<WallTime> start;         ///< of its first event
  std::vector<std::string> events_seen;  ///< "kmalloc", "kfree"...: those of which there is a description or an event
  std::uint64_t events_read = 0;         ///< all, also those of no interest
  std::uint64_t kmem_events = 0;
};

/// Allocation events in order of time over all CPUs, whoever recorded them: trace.dat, perf.data, text, a live ring
/// buffer. Made by a factory of its folder. Reads piece by piece: memory does not grow with the file's length.
class KmemStream {
 public:
  KmemStream() = default;
  KmemStream(const KmemStream&) = delete;
  KmemStream& operator=(const KmemStream&) = delete;
  virtual ~KmemStream() = default;

  /// The next events (some thousand); empty at the end. The span lives until the next call. An error ends the stream;
  /// what came before it is good, and an end that is cut off is no error but a loss.
  [[nodiscard]] virtual Result<std::span<const model::KmemEvent>> next() = 0;

  [[nodiscard]] virtual const TraceFacts& facts() const = 0;
  [[nodiscard]] virtual const model::StackTable& stacks() const = 0;
  [[nodiscard]] virtual const model::NameTable& names() const = 0;
  /// Of the kernel that was traced, if the trace has them; else empty: the session may know them.
  [[nodiscard]] virtual const model::KernelSymbols& symbols() const = 0;
  /// Events that were lost (ring buffers overrun, a file cut short), as known by now.
  [[nodiscard]] virtual std::vector<model::Loss> losses() const = 0;
  /// What the trace cannot show: an event that it does not have, stacks that were not recorded.
  [[nodiscard]] virtual std::vector<model::Coverage> coverage() const = 0;
};

}  // namespace leakscope::sources
