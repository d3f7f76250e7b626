#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "model/kernel_symbols.h"

namespace leakscope::sources {

/// Tells frames of the tracing machinery from those of the code that was traced: the kernel's stacks begin within the
/// tracepoint's own functions (trace_event_raw_event_kmalloc). Remembers what it was asked for lately.
class TracingFrames {
 public:
  /// Without symbols no frame is known as one of these.
  explicit TracingFrames(const model::KernelSymbols& symbols) : symbols_(&symbols) {}

  /// The stack without what the machinery put on its inner end; all of it when nothing else would be left.
  [[nodiscard]] std::span<const std::uint64_t> without(std::span<const std::uint64_t> frames);

 private:
  struct Known {
    std::uint64_t address = 0;
    bool is_tracing = false;
  };
  [[nodiscard]] bool is_tracing(std::uint64_t address);

  const model::KernelSymbols* symbols_;
  std::array<Known, 256> known_{};
};

}  // namespace leakscope::sources
