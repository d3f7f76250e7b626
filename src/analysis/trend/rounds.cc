#include <algorithm>
#include <cmath>
#include <cstdint>
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
constexpr double kTimeAlpha = 0.001;   // a machine has many that grow with time, and each is asked
constexpr double kRestAlpha = 0.1;
constexpr double kSignAlpha = 0.005;  // of a bound that is three times the truth
constexpr double kDeviations = 2.96;  // of a sum of signs that have this bound
constexpr double kMostRounds = 1e6;

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

// Where in its rounds a series rises: in the rests, in which nothing runs, or before them. By time alone they get their
// share of the rise.
class InRests {
 public:
  InRests(const RoundSeries& rounds, const Judgement& judgement) : share_(rounds.rest_share) {
    for (auto i = static_cast<std::size_t>(judgement.warm_up) + 1; i < rounds.ends.size(); ++i) {
      const double rise = difference(rounds.ends[i], rounds.ends[i - 1]);
      const auto in_rest = static_cast<double>(rounds.rests[i]);
      rise_ += rise;
      in_rests_ += in_rest;
      rests_.push_back(in_rest);
      less_.push_back(share_ * rise - in_rest);
      more_.push_back(-less_.back());
      if (rise <= 0) continue;
      ++rose_;
      rose_in_rest_ += in_rest > rise - in_rest ? 1 : 0;
    }
  }

  /// The rests got too little of it, or (work that is done late) too much.
  [[nodiscard]] bool belie_time() const {
    const bool half_as_much = in_rests_ <= 0.5 * share_ * rise_;
    const bool half_of_what_is_missing = in_rests_ >= 0.5 * (1 + share_) * rise_;
    return (half_as_much && is_less()) || (half_of_what_is_missing && is_more());
  }

  /// It rises there, and by what time alone would give.
  [[nodiscard]] bool bear_time_out() const {
    return in_rests_ >= 0.5 * share_ * rise_ && stats::sign_sum_tail(rests_) <= kRestAlpha;
  }

  /// How many rounds would belie time if they go on like these; nothing: these do not point that way.
  [[nodiscard]] std::optional<int> needed_rounds() const {
    double sum = 0;
    double squares = 0;
    for (const double less : less_) {
      sum += less;
      squares += less * less;
    }
    const double found = rose_ > 0 ? static_cast<double>(rose_in_rest_) / static_cast<double>(rose_) : 1;
    if (!(sum > 0) || found >= share_) return std::nullopt;
    // Chernoff's bound of the binomial tail, and the deviations of the sum of signs: both go with the number of rounds.
    const double entropy =
        (found > 0 ? found * std::log(found / share_) : 0) + (1 - found) * std::log((1 - found) / (1 - share_));
    const double by_count = -std::log(kTimeAlpha) / (static_cast<double>(rose_) * entropy);
    const double by_signs = kDeviations * kDeviations * squares / (sum * sum);
    const auto rounds = static_cast<double>(less_.size() + 1);
    const double needed = std::ceil(rounds * std::max(by_count, by_signs));
    if (!(needed < kMostRounds)) return std::nullopt;
    return static_cast<int>(std::max(needed, rounds + 1));
  }

 private:
  // Two tests, and both must tell. One takes each round for a single lump that time puts into the rest by its share:
  // exact for few lumps, deaf to sizes. The other takes what the rest lacks for as likely up as down: true to sizes and
  // noise, too sure of few lumps where the share is not a half.
  [[nodiscard]] bool is_less() const {
    return stats::binomial_lower_tail(rose_in_rest_, rose_, share_) <= kTimeAlpha &&
           stats::sign_sum_tail(less_) <= kSignAlpha;
  }
  [[nodiscard]] bool is_more() const {
    return stats::binomial_upper_tail(rose_in_rest_, rose_, share_) <= kTimeAlpha &&
           stats::sign_sum_tail(more_) <= kSignAlpha;
  }

  double share_;
  double rise_ = 0;
  double in_rests_ = 0;
  std::int64_t rose_ = 0;
  std::int64_t rose_in_rest_ = 0;
  std::vector<double> rests_;
  std::vector<double> less_;  // what each rest lacks of its share
  std::vector<double> more_;
};

// A growth is the load's only where time alone cannot be what it follows.
void ask_of_time(const RoundSeries& rounds, Judgement& judgement) {
  if (rounds.rests.size() != rounds.ends.size()) return;
  const InRests rests(rounds, judgement);
  if (rests.belie_time()) return;
  judgement.stopped_by = Gate::kLoad;
  judgement.pattern = Pattern::kUnknown;
  if (rests.bear_time_out()) {
    judgement.shape = Shape::kFollowsLoad;
    judgement.load = "time: it rises as fast while the command does not run";
  } else {
    judgement.shape = Shape::kInsufficient;
    judgement.needed_rounds = rests.needed_rounds();
  }
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
  if (judgement.shape == Shape::kGrowing) ask_of_time(rounds, judgement);
  return judgement;
}

}  // namespace leakscope::analysis::trend
