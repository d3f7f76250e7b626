#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "analysis/stats/distributions.h"
#include "analysis/stats/quantile.h"
#include "analysis/trend/envelope.h"
#include "analysis/trend/gates.h"
#include "analysis/trend/grid.h"
#include "analysis/trend/trend.h"

namespace leakscope::analysis::trend {
namespace {

constexpr std::size_t kLeastBehindWarmUp = 8;
constexpr double kStandsStill = 0.25;  // of the steps: such a series is a counter, and no noise about a level
constexpr double kMovesToBeSure = 8;   // 2^-8 < 1 %
constexpr double kLeastRestShare = 0.05;
constexpr double kRestAlpha = 0.05;
constexpr double kLoadAlpha = 0.01;

Blocks blocks_from(const RoundSeries& rounds, std::size_t first) {
  Blocks blocks;
  blocks.length = 1;
  for (std::size_t i = first; i < rounds.ends.size(); ++i) {
    blocks.times.push_back(static_cast<double>(i - first));
    blocks.values.push_back(difference(rounds.ends[i], rounds.ends[first]));
  }
  return blocks;
}

std::vector<double> steps_of(const Blocks& blocks) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < blocks.size(); ++i) steps.push_back(blocks.values[i] - blocks.values[i - 1]);
  return steps;
}

// Mann-Kendall takes the rounds for independent of each other. What wanders, or stands still and then moves for good,
// is not: there the steps must be more than those of a random walk. Of walks of 19 rounds 19 % pass Mann-Kendall at
// 0.1 %, 5 % have neighbours alike by less than 0.3, 2 % by less than 0.1, and of 39 rounds none below 0.2: so that is
// where it is drawn.
double p_of_steps(const Blocks& blocks, bool is_shared) {
  const auto line = fit_line(blocks);
  if (!line) return 1;
  const std::vector<double> steps = steps_of(blocks);
  if (is_shared) return stats::sign_sum_tail(steps);
  const auto still = static_cast<double>(std::ranges::count(steps, 0.0));
  const bool is_counter = still >= kStandsStill * static_cast<double>(steps.size());
  const double most_alike = std::max(0.0, 0.3 - 4 / static_cast<double>(blocks.size()));
  return is_counter || neighbours_alike(blocks, *line) > most_alike ? stats::sign_sum_tail(steps) : 0;
}

// The rise per round that stands out of steps of this size: its sum is three times what their squares allow.
double visible_in_a_walk(const Blocks& blocks) {
  const std::vector<double> steps = steps_of(blocks);
  const double noise = stats::kMadToSigma * stats::mad(steps);
  return 3 * noise / std::sqrt(std::max(1.0, static_cast<double>(steps.size()) - 9));
}

// No share of the level: a round is an experiment, and what it leaves behind counts however much was there before.
Judgement judge_from(const RoundSeries& rounds, std::size_t first, const Options& options, double looks) {
  const Blocks blocks = blocks_from(rounds, first);
  Judgement judgement = judge_envelope(blocks, options.alpha / looks, static_cast<double>(options.absolute_floor),
                                       blocks.size() < 2 ? 1 : p_of_steps(blocks, rounds.is_shared));
  judgement.p_value = std::min(1.0, looks * judgement.p_value);
  judgement.warm_up = static_cast<int>(first);
  return judgement;
}

// Most of the rise came in the first half: a step, an approach, a warm-up.
bool slowed_down(const RoundSeries& rounds, const Judgement& judgement) {
  if (judgement.shape == Shape::kSaturating || judgement.shape == Shape::kStep) return true;
  const auto paces = judgement.shape == Shape::kFlat ? compare_halves(blocks_from(rounds, 0), true) : std::nullopt;
  return paces && paces->slows_down();
}

// The rounds behind a warm-up keep their pace better than an approach to a level would there: half way between 1 and
// the square root of how much the whole slowed down.
bool keeps_its_pace(const Blocks& rest, const Blocks& whole) {
  const auto paces = compare_halves(rest, true);
  const auto before = compare_halves(whole, true);
  if (!paces) return false;
  const double share = before && before->ratio() < 1 ? 0.5 * (1 + std::sqrt(before->ratio())) : 0;
  return paces->keeps(share);
}

// The shortest warm-up of an eighth to a half of the rounds behind which the series grows steadily.
std::optional<Judgement> behind_warm_up(const RoundSeries& rounds, const Options& options) {
  constexpr std::size_t kParts = 8;
  constexpr double kLooks = 5;  // the whole, and four rests
  const std::size_t n = rounds.ends.size();
  for (std::size_t part = 1; part <= kParts / 2; ++part) {
    const std::size_t first = (n * part + kParts - 1) / kParts;
    if (n - first < kLeastBehindWarmUp) break;
    Judgement rest = judge_from(rounds, first, options, kLooks);
    if (rest.shape == Shape::kGrowing && keeps_its_pace(blocks_from(rounds, first), blocks_from(rounds, 0)))
      return rest;
  }
  return std::nullopt;
}

// Whether time alone explains the rise: it rises in the part of the rounds in which nothing runs, as fast as in all of
// it. What rises there only (work that is done late) is more than time explains.
bool follows_time(const RoundSeries& rounds, const Judgement& judgement) {
  if (rounds.rests.size() != rounds.ends.size() || rounds.rest_share < kLeastRestShare) return false;
  const auto first = static_cast<std::size_t>(judgement.warm_up) + 1;
  double in_rests = 0;
  std::vector<double> steps;
  std::vector<double> beyond;  // what a round rose by, less what time made of it
  for (std::size_t i = first; i < rounds.rests.size(); ++i) {
    steps.push_back(static_cast<double>(rounds.rests[i]));
    beyond.push_back(difference(rounds.ends[i], rounds.ends[i - 1]) - steps.back() / rounds.rest_share);
    in_rests += steps.back();
  }
  if (steps.empty() || in_rests <= 0 || stats::sign_sum_tail(steps) > kRestAlpha) return false;
  const double rise = difference(rounds.ends.back(), rounds.ends[first - 1]);
  const double by_time = in_rests / rounds.rest_share;
  // A part of the rise is the load's only where it is sure.
  const bool load_adds = rise > by_time && stats::sign_sum_tail(beyond) < kLoadAlpha;
  return by_time <= 1.5 * rise && (by_time >= 0.5 * rise || !load_adds);
}

}  // namespace

Judgement judge_rounds(const RoundSeries& rounds, const Options& options) {
  Judgement judgement = judge_from(rounds, 0, options, 1);
  if (slowed_down(rounds, judgement)) {
    if (auto rest = behind_warm_up(rounds, options)) judgement = std::move(*rest);
  }
  judgement.basis = Basis::kRounds;
  if (judgement.blocks >= 2) {
    const double least = kMovesToBeSure * rounds.quantum / static_cast<double>(judgement.blocks);
    const double walks = rounds.is_shared ? visible_in_a_walk(blocks_from(rounds, 0)) : 0;
    judgement.detectable_rate = std::max({judgement.detectable_rate.value_or(0), least, walks});
  }
  if (judgement.shape == Shape::kGrowing && follows_time(rounds, judgement)) {
    judgement.shape = Shape::kFollowsLoad;
    judgement.stopped_by = Gate::kLoad;
    judgement.pattern = Pattern::kUnknown;
    judgement.load = "time: it rises as fast while the command does not run";
  }
  return judgement;
}

}  // namespace leakscope::analysis::trend
