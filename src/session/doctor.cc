#include "session/doctor.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "session/remedies.h"
#include "sources/probes/capabilities.h"

namespace leakscope::session {
namespace {

using State = model::Coverage::State;

constexpr Nanoseconds kPatience = std::chrono::milliseconds(1500);

/// A source that says nothing bad of itself is ok: the page names it all the same.
std::vector<model::Coverage> with_silent_sources(const std::vector<LiveSampler::Cost>& sources,
                                                 std::vector<model::Coverage> told) {
  for (const LiveSampler::Cost& source : sources) {
    const bool spoke = std::ranges::any_of(told, [&](const model::Coverage& entry) {
      return entry.source == source.source || entry.source.starts_with(source.source + ".");
    });
    if (!spoke) told.push_back({source.source, State::kOk, {}, {}});
  }
  std::ranges::stable_sort(told, {}, &model::Coverage::source);
  return told;
}

std::size_t count(const std::vector<model::Coverage>& entries, State state) {
  return static_cast<std::size_t>(std::ranges::count(entries, state, &model::Coverage::state));
}

}  // namespace

Result<report::Document> examine(const SourceOptions& options, const StopFlag& stop) {
  auto root = RootedDir::open(options.root);
  if (!root) return std::unexpected(std::move(root.error()));
  auto registry = std::make_shared<model::Registry>();
  const SystemClock clock;
  auto sampler = open_live(registry, options, clock, stop, {});
  if (!sampler) return std::unexpected(std::move(sampler.error()));
  model::Sample sample;
  if (auto taken = (*sampler)->next(sample); !taken) return std::unexpected(std::move(taken.error()));
  (*sampler)->settle(sample, kPatience);

  const auto sources = with_silent_sources((*sampler)->costs(), (*sampler)->coverage());
  std::vector<model::Coverage> capabilities = sources::probes::probe_kernel_witnesses(*root);
  std::ranges::copy(sources::probes::probe_kernel_tracing(*root), std::back_inserter(capabilities));
  std::ranges::copy(sources::probes::probe_bpf(*root), std::back_inserter(capabilities));
  correct_remedies(capabilities, viewer_of(*root));

  report::Document document;
  document.command = "doctor";
  document.host = (*sampler)->host();
  document.headline =
      fmt::format("{} of {} sources work here; of {} further witnesses {} can be used, {} are absent, {} are denied.",
                  count(sources, State::kOk), sources.size(), capabilities.size(), count(capabilities, State::kOk),
                  count(capabilities, State::kAbsent), count(capabilities, State::kDenied));
  document.coverage = sources;
  std::ranges::move(capabilities, std::back_inserter(document.coverage));
  return document;
}

}  // namespace leakscope::session
