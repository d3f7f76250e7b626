#include "analysis/matching/blindness.h"

#include <algorithm>
#include <cmath>

#include "analysis/matching/incomplete_beta.h"

namespace leakscope::analysis::matching {
namespace {

constexpr double kTail = 0.005;  // at each end: 99 %

}  // namespace

std::optional<model::ShareInterval> blindness(std::uint64_t frees_seen, std::uint64_t unseen_frees) {
  if (frees_seen == 0 && unseen_frees == 0) return std::nullopt;
  const auto seen = static_cast<double>(frees_seen);
  const auto unseen = static_cast<double>(unseen_frees);
  model::ShareInterval interval;
  interval.point = unseen / (seen + unseen);
  interval.lower = unseen_frees == 0 ? 0.0 : incomplete_beta_quantile(kTail, unseen, seen + 1);
  interval.upper = frees_seen == 0 ? 1.0 : 1.0 - incomplete_beta_quantile(kTail, seen, unseen + 1);
  return interval;
}

std::int64_t explained_by_blindness(const model::SiteTally& tally, std::uint32_t sampled_one_in) {
  const std::uint64_t weight = std::max(sampled_one_in, 1U);
  if (tally.frees == 0 && tally.unseen_frees == 0) return 0;
  if (tally.frees == 0) return tally.count;
  const std::uint64_t seen = std::max<std::uint64_t>(tally.frees / weight, 1);
  const std::uint64_t unseen = tally.unseen_frees / weight + (tally.unseen_frees % weight != 0 ? 1 : 0);
  const double upper = blindness(seen, unseen)->upper;
  // Of the events that were matched: what a tally says of its allocations need not be their sum when it was sampled.
  const double known = static_cast<double>(tally.frees) + static_cast<double>(tally.unseen_frees);
  const double held = static_cast<double>(std::max<std::int64_t>(tally.count, 0));
  const double explained = upper * (known + held) - static_cast<double>(tally.unseen_frees);
  return static_cast<std::int64_t>(std::ceil(std::clamp(explained, 0.0, held)));
}

}  // namespace leakscope::analysis::matching
