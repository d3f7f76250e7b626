#include "sources/perf_data/kernel_chain.h"

#include <algorithm>
#include <string_view>

#include "sources/perf_data/byte_cursor.h"
#include "sources/perf_data/format.h"

namespace leakscope::sources::perf_data {
namespace {

/// What runs between a tracepoint and the record of it. perf_fetch_caller_regs() begins behind it as a rule.
constexpr std::array<std::string_view, 7> kMachinery = {"perf_trace_",   "__traceiter_",  "trace_event_raw_event_",
                                                        "__bpf_trace_",  "bpf_trace_run", "perf_callchain",
                                                        "trace_call_bpf"};

}  // namespace

bool KernelChain::is_machinery(std::uint64_t address, const model::KernelSymbols& symbols) {
  Known& known = known_[address % known_.size()];
  if (known.address != address) {
    const auto found = symbols.find(address);
    known = {address, found && std::ranges::any_of(kMachinery, [&](std::string_view prefix) {
                        return found->name.starts_with(prefix);
                      })};
  }
  return known.is_machinery;
}

std::span<const std::uint64_t> KernelChain::frames(std::span<const std::byte> chain, ByteOrder order, bool in_kernel,
                                                   const model::KernelSymbols& symbols) {
  std::size_t count = 0;
  for (std::size_t at = 0; at + sizeof(std::uint64_t) <= chain.size(); at += sizeof(std::uint64_t)) {
    const auto frame = load<std::uint64_t>(chain.data() + at, order);
    if (frame >= kFirstContext) {
      in_kernel = frame == kContextKernel;
      continue;
    }
    if (!in_kernel) continue;
    if (count == 0 && symbols.size() > 0 && is_machinery(frame, symbols)) continue;
    if (count == frames_.size()) break;
    frames_[count++] = frame;
  }
  return std::span(frames_).first(count);
}

}  // namespace leakscope::sources::perf_data
