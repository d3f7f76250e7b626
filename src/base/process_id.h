#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace leakscope {

/// A process or thread number. Reused by the kernel, so never an identity by itself.
struct Pid {
  std::int32_t value = 0;
  friend constexpr auto operator<=>(Pid, Pid) = default;
};

/// When a process started, in clock ticks (100 Hz) since boot: field 22 of /proc/PID/stat, and
/// task_struct.start_boottime / 10 ms.
/// What most tools print of a process has no start time: the upper half of the range stands for starts that nobody
/// knows, one number for each process that must be told apart.
struct StartTime {
  std::uint64_t ticks = 0;

  static constexpr std::uint64_t kFirstUnknown = std::uint64_t{1} << 63U;
  [[nodiscard]] static constexpr StartTime unknown(std::uint64_t which) { return {kFirstUnknown | which}; }
  [[nodiscard]] constexpr bool known() const { return ticks < kFirstUnknown; }
  friend constexpr auto operator<=>(StartTime, StartTime) = default;
};

/// The identity of a process: a pid together with its start time.
struct ProcessId {
  Pid pid;
  StartTime start;
  friend constexpr auto operator<=>(const ProcessId&, const ProcessId&) = default;
};

}  // namespace leakscope

template <>
struct std::hash<leakscope::ProcessId> {
  std::size_t operator()(const leakscope::ProcessId& id) const noexcept {
    return std::hash<std::uint64_t>{}((id.start.ticks << 22U) ^ static_cast<std::uint64_t>(id.pid.value));
  }
};
