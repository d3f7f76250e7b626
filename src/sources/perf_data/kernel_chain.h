#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "model/kernel_symbols.h"
#include "model/stack_table.h"
#include "sources/event_format.h"

namespace leakscope::sources::perf_data {

/// Takes the kernel's frames out of call chains.
class KernelChain {
 public:
  /// Innermost first, without the markers of contexts; at most StackTable::kMostFrames. `in_kernel`: of what the frames
  /// before the first marker are. Frames of the machinery of tracing at the inner end are left out where `symbols` know
  /// them. The result lives until the next call.
  [[nodiscard]] std::span<const std::uint64_t> frames(std::span<const std::byte> chain, ByteOrder order, bool in_kernel,
                                                      const model::KernelSymbols& symbols);

 private:
  [[nodiscard]] bool is_machinery(std::uint64_t address, const model::KernelSymbols& symbols);

  struct Known {
    std::uint64_t address = 0;
    bool is_machinery = false;
  };
  std::array<std::uint64_t, model::StackTable::kMostFrames> frames_{};
  std::array<Known, 256> known_{};  // by the address's lowest bits: few addresses begin stacks, again and again
};

}  // namespace leakscope::sources::perf_data
