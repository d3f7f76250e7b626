#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leakscope::sources::oom_report {

/// The figures of show_mem(), for the machine, a node or a zone: "active_anon:1263", "isolated(anon):0kB".
enum class Counter : std::uint8_t {
  kActiveAnon,
  kInactiveAnon,
  kIsolatedAnon,
  kActiveFile,
  kInactiveFile,
  kIsolatedFile,
  kUnevictable,
  kDirty,
  kWriteback,
  kUnstable,
  kSlabReclaimable,
  kSlabUnreclaimable,
  kMapped,
  kShmem,
  kPagetables,
  kSecPagetables,
  kBounce,
  kKernelMiscReclaimable,
  kFree,
  kFreePcp,
  kFreeCma,
  kLocalPcp,
  kMin,
  kLow,
  kHigh,
  kBoost,
  kReservedHighatomic,
  kFreeHighatomic,
  kPresent,
  kManaged,
  kMlocked,
  kKernelStack,
  kShadowCallStack,
  kWritebackTmp,
  kShmemThp,
  kShmemPmdmapped,
  kAnonThp,
  kBalloon,
  kGpuActive,
  kGpuReclaim,
  kVmalloc,
  kZspages,  ///< zones only (7.x)
};
inline constexpr std::size_t kCounterCount = static_cast<std::size_t>(Counter::kZspages) + 1;

/// "slab_reclaimable": as the kernel writes it. Two names for one: "isolated_anon" and "isolated(anon)".
[[nodiscard]] std::string_view to_string(Counter counter);
[[nodiscard]] std::optional<Counter> counter_from_string(std::string_view name);

/// A set of counters. Those that the report does not have stay unknown.
class Counters {
 public:
  [[nodiscard]] std::optional<std::int64_t> get(Counter counter) const {
    return values_[static_cast<std::size_t>(counter)];
  }
  void set(Counter counter, std::int64_t value) { values_[static_cast<std::size_t>(counter)] = value; }
  [[nodiscard]] bool empty() const {
    for (const auto& value : values_) {
      if (value) return false;
    }
    return true;
  }

 private:
  std::array<std::optional<std::int64_t>, kCounterCount> values_{};
};

}  // namespace leakscope::sources::oom_report
