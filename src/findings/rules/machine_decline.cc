#include <algorithm>
#include <limits>
#include <vector>

#include "findings/available.h"
#include "findings/bookkeeping.h"
#include "findings/rules/rules.h"

namespace leakscope::findings::rules {

namespace {

using model::Metric;

/// Of page cache and reclaimable slab MemAvailable counts what is above the low watermarks, and at least half of each
/// (si_mem_available() in mm/show_mem.c): while they grow, it falls by up to twice the watermarks.
double hidden_by_watermarks(const Facts& facts) {
  const model::Observation& observation = facts.observation();
  const std::vector<model::SubjectId> zones = observation.subjects_with(Metric::kZoneLowWatermark);
  double low = zones.empty() ? std::numeric_limits<double>::infinity() : 0;
  for (const model::SubjectId zone : zones) {
    low += static_cast<double>(observation.last(zone, Metric::kZoneLowWatermark).value_or(0));
  }
  const double slab = facts.rise(Metric::kMeminfoSReclaimable);
  const double files = facts.rise(Metric::kMeminfoCached) - facts.rise(Metric::kMeminfoShmem);
  return std::clamp(slab / 2, 0.0, low) + std::clamp(files / 2, 0.0, low);
}

/// What hangs on cached inodes and is given back with them, although the kernel does not count it as reclaimable.
bool is_given_back_with_inodes(const Facts& facts, const Draft& draft) {
  return draft.finding.id == "kernel.slab.cache" &&
         facts.observation().last(draft.subject, Metric::kSlabReclaimable).value_or(1) == 0;
}

/// What processes held that ended within the last readings: the median of these does not show that it was given back.
double given_back_at_the_end(const Facts& facts, const Test& lost) {
  const model::Series& series = *lost.series;
  const BootTime from = series[series.size() - edge_points(series.size())].time;
  double held = 0;
  for (const Test& test : facts.tests(Quantity::kProcessAnon)) {
    if (test.ended && test.series->back().time >= from) held += std::max(0.0, test.rise());
  }
  return held;
}

}  // namespace

/// The last word: available memory falls by every gate, and what the other rules told does not explain it.
void machine_decline(const Facts& facts, Drafts& drafts) {
  const Test* lost = facts.test(Quantity::kAvailableLost);
  constexpr double kFloor = 4.0 * 1024 * 1024;
  if (lost == nullptr || !lost->grows() || lost->rise() < kFloor) return;
  double explained = bookkeeping_rise(facts) + hidden_by_watermarks(facts) + given_back_at_the_end(facts, *lost);
  for (const Draft& draft : drafts) {
    explained += draft.absorbed;
    if (draft.finding.unit != model::Unit::kBytes) continue;
    const bool gives_back = draft.finding.state == State::kCache && !is_given_back_with_inodes(facts, draft);
    if (!gives_back) explained += std::max(0.0, draft.rise);
  }
  if (share_of(explained, lost->rise()) >= kHalfOfIt) return;
  const model::SubjectId machine = model::Registry::machine_id();
  Draft draft = draft_of(facts, *lost, "machine.decline");
  const Metric available = available_metric(facts.observation());
  draft.finding.level = facts.observation().last(machine, available);
  add_evidence(draft, facts, machine, available,
               available == Metric::kMeminfoMemAvailable ? "MemAvailable" : "free memory and all cache");
  add_evidence(draft, facts, machine, Metric::kMeminfoSwapFree, "SwapFree");
  add_steadiness(draft);
  add_evidence(draft, facts, machine, Metric::kMeminfoAnonPages, "AnonPages");
  add_evidence(draft, facts, machine, Metric::kMeminfoShmem, "Shmem");
  add_evidence(draft, facts, machine, Metric::kMeminfoSUnreclaim, "SUnreclaim");
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
