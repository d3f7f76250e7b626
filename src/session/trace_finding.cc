#include "session/trace_finding.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace leakscope::session {
namespace {

/// Which allocator a finding is about.
struct Traced {
  std::string_view finding;
  bool by_cache = false;
  bool pages = false;
  bool percpu = false;
  bool vmalloc = false;
};

constexpr auto kTraced = std::to_array<Traced>({
    {.finding = "kernel.slab.growth", .by_cache = true},
    {.finding = "kernel.large_kmalloc"},
    {.finding = "kernel.residual", .pages = true},
    {.finding = "kernel.percpu", .percpu = true},
    {.finding = "kernel.vmalloc", .vmalloc = true},
});

bool grows(const findings::Finding& finding) {
  return finding.state == findings::State::kLeak || finding.state == findings::State::kGrowing;
}

}  // namespace

std::optional<KernelTraceOptions> trace_for(const report::Document& diagnosis) {
  for (const findings::Finding& finding : diagnosis.findings) {
    const auto traced = std::ranges::find(kTraced, std::string_view(finding.id), &Traced::finding);
    if (traced == kTraced.end() || !grows(finding)) continue;
    KernelTraceOptions options;
    if (traced->by_cache) options.cache = finding.subject.key.name;
    options.trace.pages = traced->pages;
    options.trace.percpu = traced->percpu;
    options.trace.vmalloc = traced->vmalloc;
    return options;
  }
  return std::nullopt;
}

void add_trace(report::Document& diagnosis, const KernelTraceOptions& options, const StopFlag& stop,
               const KernelTraceCallback& progress) {
  auto traced = trace_kernel(options, stop, progress);
  if (!traced) {
    diagnosis.coverage.push_back(model::coverage_from_error("trace kernel", traced.error()));
    return;
  }
  diagnosis.details.push_back(fmt::format("Traced for {}: {}", to_human(options.length), traced->headline));
  diagnosis.profile = std::move(traced->profile);
  std::ranges::move(traced->coverage, std::back_inserter(diagnosis.coverage));
  std::ranges::move(traced->losses, std::back_inserter(diagnosis.losses));
}

}  // namespace leakscope::session
