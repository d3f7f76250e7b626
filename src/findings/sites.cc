#include "findings/sites.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "analysis/matching/blindness.h"
#include "analysis/stats/multiplicity.h"
#include "analysis/trend/trend.h"

namespace leakscope::findings {
namespace {

using analysis::trend::Judgement;
using analysis::trend::Shape;
using model::SiteState;
using model::SiteTally;

constexpr double kFalseDiscoveries = 0.01;
/// Below these, what a site holds is no series that one could judge: a few objects that came and have not gone.
constexpr std::int64_t kLeastObjects = 12;
constexpr std::int64_t kLeastBytes = 4096;
/// A cache that grew by less than this share of what the site is said to have gained speaks against it.
constexpr double kLeastShareInCache = 0.25;
/// Free objects that a cache may have at hand on its CPUs, so that a gain of so many need not show in it.
constexpr std::int64_t kHiddenInCache = 2000;

BootTime at(double seconds) {
  return {std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds))};
}

/// What the site held over time, from when it was counted on to the end of the window.
model::Series series_of(const SiteTally& tally) {
  model::Series series;
  series.reserve(tally.history.size());
  for (const model::SitePoint& point : tally.history) {
    if (point.seconds >= tally.since) series.push_back({at(point.seconds), point.bytes});
  }
  return series;
}

bool worth_judging(const SiteTally& tally, std::uint32_t sampled_one_in) {
  return tally.count >= kLeastObjects * sampled_one_in && tally.bytes >= kLeastBytes;
}

/// The estimate stands on count / sampled_one_in objects, each of which was followed by chance.
model::AmountInterval sampling_interval(const SiteTally& tally, std::uint32_t one_in) {
  const double objects = std::max(1.0, static_cast<double>(tally.count) / one_in);
  const double share = 1.96 * std::sqrt((1 - 1.0 / one_in) / objects);
  const auto bytes = static_cast<double>(tally.bytes);
  return {static_cast<std::int64_t>(bytes * std::max(0.0, 1 - share)),
          static_cast<std::int64_t>(std::min(9e18, bytes * (1 + share)))};
}

std::string percent(double share) { return fmt::format("{:.{}f} %", 100 * share, share < 0.1 && share > 0 ? 1 : 0); }

std::string note_of(const Judgement& judgement) {
  switch (judgement.shape) {
    case Shape::kSaturating:
      return "rose and levels off";
    case Shape::kStep:
      return "taken in one step, and kept";
    case Shape::kFlat:
      return judgement.stopped_by == analysis::trend::Gate::kSawtooth ? "rises and is given back" : "";
    case Shape::kInsufficient:
      return "too few points in time to say whether it grows";
    case Shape::kGrowing:
    case Shape::kFollowsLoad:
      return "";
  }
  return "";
}

/// Unseen frees may explain all that the site holds. Where none was proven it is only not excluded.
bool may_be_blind(const SiteTally& tally, const SiteJudgeOptions& options, SiteJudgement& judged) {
  const std::int64_t explained = analysis::matching::explained_by_blindness(tally, options.sampled_one_in);
  // Where unseen frees are proven, what their share leaves of the rest may well be in use: half of it must be beyond.
  const std::int64_t least = tally.unseen_frees > 0 ? tally.count / 2 : tally.count;
  if (explained < least) return false;
  if (tally.unseen_frees == 0) {
    judged.note = "too little was freed to say whether all frees are seen";
    return true;
  }
  judged.state = SiteState::kBlind;
  judged.note = fmt::format("{} of its frees were proven to be unseen: that can explain all it seems to hold",
                            tally.unseen_frees);
  return true;
}

/// Nothing the site allocated was seen to be freed, in either way: its cache must have grown with it.
bool cache_speaks_against(const SiteTally& tally, const SiteJudgeOptions& options, SiteJudgement& judged) {
  if (tally.frees + tally.unseen_frees > 0 || !options.cache_growth) return false;
  const auto growth = options.cache_growth(tally);
  if (!growth || tally.count <= kHiddenInCache) return false;
  if (static_cast<double>(*growth) >= kLeastShareInCache * static_cast<double>(tally.count)) return false;
  judged.state = SiteState::kBlind;
  judged.note = fmt::format("seems to hold {} objects, but its slab cache grew by {} only: they are freed unseen",
                            tally.count, std::max<std::int64_t>(0, *growth));
  return true;
}

void conclude(const SiteTally& tally, const Judgement& judgement, const SiteJudgeOptions& options,
              SiteJudgement& judged) {
  judged.note = note_of(judgement);
  if (judgement.rate) judged.rate = {judgement.rate->lower, judgement.rate->point, judgement.rate->upper};
  if (may_be_blind(tally, options, judged)) return;
  if (judgement.shape != Shape::kGrowing || judged.q_value.value_or(1) > kFalseDiscoveries) return;
  if (cache_speaks_against(tally, options, judged)) return;
  if (options.is_reclaimable && options.is_reclaimable(tally)) {
    judged.note = "grows, but the kernel gives it back when memory is needed";
    return;
  }
  judged.state = SiteState::kGrowing;
  const std::int64_t explained = analysis::matching::explained_by_blindness(tally, options.sampled_one_in);
  if (explained > 0) {
    judged.note = fmt::format("unseen frees explain {} of it at most",
                              percent(static_cast<double>(explained) / static_cast<double>(tally.count)));
  }
}

std::vector<double> q_values_of(const std::vector<std::optional<Judgement>>& judgements) {
  std::vector<double> p_values;
  for (const auto& judgement : judgements) {
    if (judgement) p_values.push_back(judgement->p_value);
  }
  return analysis::stats::benjamini_hochberg(p_values);
}

Verdict verdict_of(const JudgedSites& judged, const std::vector<std::optional<Judgement>>& judgements) {
  if (std::ranges::any_of(judged.sites, [](const SiteJudgement& site) { return site.state == SiteState::kGrowing; }))
    return Verdict::kSuspect;
  bool any = false;
  for (const auto& judgement : judgements) {
    if (!judgement) continue;
    if (judgement->shape != Shape::kInsufficient) return Verdict::kClean;
    any = true;
  }
  return any ? Verdict::kInsufficient : Verdict::kClean;
}

}  // namespace

JudgedSites judge_sites(std::span<const SiteTally> tallies, const SiteJudgeOptions& options) {
  JudgedSites judged;
  judged.sites.resize(tallies.size());
  std::vector<std::optional<Judgement>> judgements(tallies.size());
  analysis::trend::Options trend;
  trend.alpha = kFalseDiscoveries;
  trend.absolute_floor = kLeastBytes;
  trend.window_end = at(options.seconds);
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    if (!worth_judging(tallies[i], options.sampled_one_in)) continue;
    trend.window_start = at(tallies[i].since);
    judgements[i] = analysis::trend::judge(series_of(tallies[i]), trend);
  }
  const std::vector<double> q_values = q_values_of(judgements);
  std::size_t next_q = 0;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    SiteJudgement& site = judged.sites[i];
    site.blindness = analysis::matching::blindness(tallies[i].frees, tallies[i].unseen_frees);
    if (options.sampled_one_in > 1) site.bytes_interval = sampling_interval(tallies[i], options.sampled_one_in);
    if (tallies[i].since >= options.seconds && options.seconds > 0) {
      site.note = "taken before its stacks were looked at";
      if (judgements[i]) ++next_q;
      continue;
    }
    if (!judgements[i]) {
      (void)may_be_blind(tallies[i], options, site);
      continue;
    }
    site.p_value = judgements[i]->p_value;
    site.q_value = q_values[next_q++];
    conclude(tallies[i], *judgements[i], options, site);
    if (judgements[i]->needed && (!judged.needed || *judgements[i]->needed < *judged.needed))
      judged.needed = judgements[i]->needed;
  }
  judged.verdict = verdict_of(judged, judgements);
  if (judged.verdict != Verdict::kInsufficient) judged.needed.reset();
  if (judged.verdict == Verdict::kClean && options.seconds > 0)
    judged.detectable_rate = static_cast<double>(kLeastBytes) * options.sampled_one_in / options.seconds;
  return judged;
}

}  // namespace leakscope::findings
