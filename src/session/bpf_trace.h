#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "model/site_tally.h"
#include "session/trace_kernel.h"
#include "sources/kmem_bpf/kmem_tracer.h"

namespace leakscope::session {

/// One run of the BPF tracer over the window: counts first, then follows by stack the call sites that keep growing;
/// looks now and then what it costs, and gets coarser above the limit.
class BpfTrace {
 public:
  [[nodiscard]] static Result<std::unique_ptr<BpfTrace>> open(const KernelTraceOptions& options);

  /// Until the window is over, or `stop` was raised.
  [[nodiscard]] Result<> run(const StopFlag& stop, const KernelTraceCallback& progress);
  [[nodiscard]] Result<std::vector<model::SiteTally>> finish(const model::KernelSymbols& symbols);

  [[nodiscard]] const sources::kmem_bpf::KmemTracer& tracer() const { return *tracer_; }
  [[nodiscard]] double seconds() const { return seconds_; }
  [[nodiscard]] std::size_t looks() const { return looks_; }
  /// Of the time of all CPUs, as the kernel measured it, in the mean; nothing: not measured.
  [[nodiscard]] std::optional<double> overhead() const {
    return measurements_ == 0 ? std::optional<double>{} : overheads_ / static_cast<double>(measurements_);
  }

 private:
  BpfTrace(const KernelTraceOptions& options, std::unique_ptr<sources::kmem_bpf::KmemTracer> tracer);
  [[nodiscard]] Result<> look();
  [[nodiscard]] Result<> follow_growing();
  [[nodiscard]] bool is_followed(std::uint64_t call_site) const;
  /// Measures for one look what the programs cost.
  [[nodiscard]] Result<> watch_cost();

  KernelTraceOptions options_;
  std::unique_ptr<sources::kmem_bpf::KmemTracer> tracer_;
  Nanoseconds started_{0};
  double seconds_ = 0;
  std::size_t looks_ = 0;
  double overheads_ = 0;
  std::size_t measurements_ = 0;
  bool measuring_ = false;
  Nanoseconds cost_before_{0};
  double cost_since_ = 0;
  double follow_at_ = 0;
  struct Followed {
    std::uint64_t call_site = 0;
    double since = 0;
  };
  std::vector<Followed> followed_;
};

}  // namespace leakscope::session
