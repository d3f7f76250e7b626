#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "base/unique_fd.h"
#include "sources/source.h"

namespace leakscope::sources::kernel_log {

/// Follows /dev/kmsg from its end and turns the kernel's messages about memory into events (kOomKill,
/// kKernelMessage; classify_memory_message says which). Only records of the kernel's own facility count: programs can
/// write into this log too. The subject of an OOM kill in a cgroup is that cgroup when some source made it known.
///
/// Time of an event: the record's own microseconds are local_clock(), which runs beside CLOCK_MONOTONIC but is not
/// corrected by NTP, so it is moved to boot time by the sample's own offset and then held between the last sample
/// that had read everything and this one.
///
/// Messages that the kernel overwrote before we read them are a Loss (EPIPE; counted by the gap in the sequence).
/// Reading takes no lock but the descriptor's own. Live only.
class KernelLog final : public Source {
 public:
  /// `log` is a descriptor that gives one record per read() and EAGAIN when there is none. It is read from where it
  /// stands.
  explicit KernelLog(UniqueFd log) : log_(std::move(log)) {}

  [[nodiscard]] SourceInfo info() const override;
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;
  [[nodiscard]] std::vector<model::Loss> losses() const override;

 private:
  void take(model::SampleSink& sink, std::string_view raw, int& events);
  [[nodiscard]] Moment moment_of(const Moment& now, Nanoseconds kernel_time) const;
  [[nodiscard]] std::optional<model::SubjectId> cgroup_subject(model::SampleSink& sink) const;

  UniqueFd log_;
  std::array<char, 8192> buffer_{};  // CONSOLE_EXT_LOG_MAX, the most that one record can take
  std::optional<std::uint64_t> last_sequence_;
  std::optional<BootTime> all_read_at_;
  std::string oom_cgroup_;  // from the line before a kill; empty: the kill was not for a cgroup
  std::uint64_t overwritten_ = 0;
  std::uint64_t not_kept_ = 0;
  std::uint64_t malformed_ = 0;
  std::optional<Error> trouble_;
};

/// The log of the machine below `root`, read from its end on. kDenied without CAP_SYSLOG where kernel.dmesg_restrict
/// is 1; kNotFound where there is no /dev/kmsg (containers); kUnsupported for a recorded tree.
[[nodiscard]] Result<std::unique_ptr<Source>> open_kernel_log(const RootedDir& root);

}  // namespace leakscope::sources::kernel_log
