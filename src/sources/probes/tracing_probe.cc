#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/probes/capabilities.h"

namespace leakscope::sources::probes {
namespace {

using model::Coverage;
using State = Coverage::State;

/// What `trace kernel` looks at. The *_node events are part of the others since 6.1.
constexpr auto kEvents = std::to_array<std::string_view>(
    {"kmem/kmalloc", "kmem/kfree", "kmem/kmem_cache_alloc", "kmem/kmem_cache_free", "kmem/mm_page_alloc",
     "kmem/mm_page_free", "percpu/percpu_alloc_percpu", "percpu/percpu_free_percpu"});

Coverage probe_events(const RootedDir& root) {
  constexpr std::string_view kName = "allocation_events";
  for (const char* tracing : {"sys/kernel/tracing", "sys/kernel/debug/tracing"}) {
    if (!root.exists(fmt::format("{}/events", tracing))) continue;
    std::string missing;
    for (const std::string_view event : kEvents) {
      if (root.exists(fmt::format("{}/events/{}", tracing, event))) continue;
      missing += fmt::format("{}{}", missing.empty() ? "" : ", ", event);
    }
    if (missing.empty()) return {std::string(kName), State::kOk, {}, {}};
    return {std::string(kName), State::kPartial, fmt::format("this kernel has no {}", missing), {}};
  }
  return {std::string(kName), State::kAbsent, "tracefs is not mounted, so its list of events cannot be read",
          "mount -t tracefs none /sys/kernel/tracing"};
}

/// "[none] integrity confidentiality": the word in brackets holds (security/lockdown/lockdown.c).
Coverage probe_lockdown(const RootedDir& root) {
  Coverage coverage{"lockdown", State::kOk, {}, {}};
  FileBuffer buffer;
  const auto text = root.read("sys/kernel/security/lockdown", buffer);
  if (!text) {
    if (text.error().kind == Error::Kind::kNotFound) return coverage;  // a kernel without it locks nothing
    return model::coverage_from_error("lockdown", text.error());
  }
  const std::size_t open = text->find('[');
  const std::size_t close = text->find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    coverage.state = State::kPartial;
    coverage.why = "what /sys/kernel/security/lockdown says is not known";
    return coverage;
  }
  const std::string_view level = text->substr(open + 1, close - open - 1);
  if (level == "none") return coverage;
  coverage.state = level == "confidentiality" ? State::kDenied : State::kPartial;
  coverage.why =
      level == "confidentiality"
          ? "the kernel is locked down (confidentiality): BPF may not read kernel memory, and there is no kcore"
          : fmt::format("the kernel is locked down ({}): some of its files are closed", level);
  coverage.remedy = "boot without lockdown= (Secure Boot may switch it on)";
  return coverage;
}

}  // namespace

std::vector<model::Coverage> probe_kernel_tracing(const RootedDir& root) {
  return {probe_events(root), probe_lockdown(root)};
}

}  // namespace leakscope::sources::probes
