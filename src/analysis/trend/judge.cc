#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "analysis/stats/autocorrelation.h"
#include "analysis/stats/distributions.h"
#include "analysis/stats/mann_kendall.h"
#include "analysis/stats/quantile.h"
#include "analysis/stats/theil_sen.h"
#include "analysis/stats/unit_root.h"
#include "analysis/trend/envelope.h"
#include "analysis/trend/gates.h"
#include "analysis/trend/grid.h"
#include "analysis/trend/load.h"
#include "analysis/trend/trend.h"

namespace leakscope::analysis::trend {
namespace {

constexpr std::size_t kLeastBlocks = 8;
constexpr double kDay = 86400;
constexpr double kHour = 3600;
constexpr double kWarmUp = 1800;
constexpr int kDeepest = 2;
constexpr double kStraight = 10;      // times what it strays
constexpr double kSuspicious = 0.05;  // finest blocks without a rise above this p are not looked at further

Nanoseconds to_nanoseconds(double seconds) {
  return Nanoseconds{static_cast<std::int64_t>(std::clamp(seconds, 0.0, 9e9) * 1e9)};
}

// Each gap with the value before it.
std::vector<double> filled(std::vector<double> values) {
  const auto first = std::find_if(values.begin(), values.end(), [](double v) { return !std::isnan(v); });
  double last = first == values.end() ? 0 : *first;
  for (double& value : values) {
    if (std::isnan(value)) value = last;
    last = value;
  }
  return values;
}

/// One series on its grid with what every gate asks for.
class Case {
 public:
  /// What a case that is the rest of another one inherits.
  struct Descent {
    int depth = 0;
    int looks = 1;           ///< every look at a rest costs its share of alpha (Bonferroni)
    double least_ratio = 0;  ///< the second half must keep this share of the pace of the first
    double least_rise = 0;
  };

  Case(Grid grid, const Options& options, Descent descent)
      : grid_(std::move(grid)), options_(options), descent_(descent), filled_(filled(grid_.values)) {
    const auto [least, most] = std::minmax_element(filled_.begin(), filled_.end());
    least_ = *least + grid_.base;
    most_ = *most + grid_.base;
    const double level = std::max(std::abs(least_), std::abs(most_));
    least_rise_ = std::max(
        {static_cast<double>(options.absolute_floor), level_share(grid_.length()) * level, descent.least_rise});
  }

  [[nodiscard]] Judgement judge();

 private:
  struct Tested {
    double p_value = 1;
    Basis basis = Basis::kNone;
  };
  [[nodiscard]] bool looks_deeper() const { return descent_.depth < kDeepest && grid_.size() >= 4 * kLeastBlocks; }
  [[nodiscard]] double over_looks(double p) const { return std::min(1.0, descent_.looks * p); }
  [[nodiscard]] Judgement judge_rest(Grid rest, double least_ratio, double least_rise) const;
  void measure_memory(std::span<const double> residuals);
  [[nodiscard]] bool follows_its_line(std::span<const double> residuals) const;
  [[nodiscard]] bool returns_to_its_line(std::span<const double> residuals) const;
  void use(Blocks blocks);
  [[nodiscard]] std::optional<Judgement> judge_days(std::span<const double> residuals) const;
  [[nodiscard]] bool rises_visibly() const;
  [[nodiscard]] bool rose_early() const;
  [[nodiscard]] double differences_p_value() const;
  [[nodiscard]] double few_moves_p_value() const;
  void leave_out_outliers();
  [[nodiscard]] std::size_t fine_block() const;
  [[nodiscard]] Judgement described(Shape shape, Gate gate) const;
  [[nodiscard]] Judgement insufficient(double needed_seconds) const;
  [[nodiscard]] Judgement judge_step(const StepUp& step) const;
  [[nodiscard]] std::optional<Judgement> judge_slowing() const;
  [[nodiscard]] bool stands_still_later() const;
  [[nodiscard]] Judgement judge_rise() const;
  [[nodiscard]] Tested run_test() const;
  [[nodiscard]] Judgement gated() const;
  [[nodiscard]] Judgement unless_load(Judgement judgement) const;

  Grid grid_;
  const Options& options_;
  Descent descent_;
  std::vector<double> filled_;
  Steps usual_;
  double least_ = 0;
  double most_ = 0;
  double least_rise_ = 0;
  std::size_t finest_ = 1;  // cells
  std::size_t memory_ = 1;  // cells: correlation length
  std::size_t period_ = 0;  // cells: 0 when there is none
  std::size_t block_ = 1;   // cells: what the memory asks for
  bool returns_ = false;    // to its line: it can be told from a random walk
  // It returns, there are 8 blocks of block_ cells, and blocks_ are these; else they are the finest.
  bool independent_ = false;
  Blocks blocks_;
  Line line_;
  double finest_p_ = 1;
  Tested tested_;
};

Judgement Case::judge_rest(Grid rest, double least_ratio, double least_rise) const {
  return Case(std::move(rest), options_, {descent_.depth + 1, 2 * descent_.looks, least_ratio, least_rise}).judge();
}

void Case::use(Blocks blocks) {
  blocks_ = std::move(blocks);
  line_ = fit_line(blocks_).value_or(Line{});
}

// Whether the envelope's last third stands above its first one, or the end above the start.
bool Case::rises_visibly() const {
  const auto& y = blocks_.values;
  const auto third = static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, y.size() / 3));
  const double kept = *std::min_element(y.end() - third, y.end()) - *std::min_element(y.begin(), y.begin() + third);
  const double ends = std::max(y.back() - y.front(), filled_.back() - filled_.front());
  return kept > least_rise_ || ends > least_rise_;
}

// Whether it stands above its first moments for the rest of the window: a rise too short for the test.
bool Case::rose_early() const {
  const std::size_t n = filled_.size();
  const double start = stats::median(std::span(filled_).first(3));
  const double least = *std::min_element(filled_.begin() + static_cast<std::ptrdiff_t>(n / 2), filled_.end());
  return least - start > std::max(least_rise_, 6 * usual_.noise);
}

// A buffer held for a moment is no memory of the noise, and neither its coming nor its going is a step or a tooth:
// cells beyond 8 sigma and a tenth of the rise count as missing, if they are few and the series comes back from them.
void Case::leave_out_outliers() {
  // About the line of the envelope, which a few high cells do not tilt.
  std::vector<double> residuals(grid_.size());
  for (std::size_t i = 0; i < grid_.size(); ++i) residuals[i] = filled_[i] - line_.slope.point * grid_.time(i);
  const double middle = stats::median(residuals);
  for (double& r : residuals) r -= middle;
  const double limit = std::max(8 * stats::kMadToSigma * stats::mad(residuals), 0.1 * line_.rise);
  const auto is_far = [&](double r) { return std::abs(r) > limit; };
  const auto far = std::count_if(residuals.begin(), residuals.end(), is_far);
  if (limit <= 0 || far == 0 || 5 * static_cast<std::size_t>(far) > residuals.size()) return;
  const auto first = std::find_if_not(residuals.begin(), residuals.end(), is_far) - residuals.begin();
  const auto last = residuals.rend() - std::find_if_not(residuals.rbegin(), residuals.rend(), is_far);
  for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
    if (is_far(residuals[i])) grid_.values[i] = std::numeric_limits<double>::quiet_NaN();
  }
  filled_ = filled(grid_.values);
  use(lower_envelope(grid_, finest_));
}

// Whether it rises by so much more than it strays that nothing periodic about the line can be the rise: ticks of a
// program that beat with those of the sampler.
bool Case::follows_its_line(std::span<const double> residuals) const {
  const auto [low, high] = std::minmax_element(residuals.begin(), residuals.end());
  return filled_.back() - filled_.front() > kStraight * (*high - *low);
}

// Whether the noise can be told from a random walk, on which Mann-Kendall finds trends with any p-value. The level is
// that of the test itself, so that a walk is called growing no more often than that. White noise needs no such test.
bool Case::returns_to_its_line(std::span<const double> residuals) const {
  const std::size_t n = residuals.size();
  if (n < 25) return false;
  if (memory_ == 1) return true;
  return stats::dickey_fuller(residuals, stats::dickey_fuller_lags(n)) < stats::dickey_fuller_critical_1(n);
}

void Case::measure_memory(std::span<const double> residuals) {
  const stats::Autocorrelation acf(residuals);
  memory_ = stats::correlation_length(acf);
  period_ = follows_its_line(residuals) ? 0 : stats::period(acf, memory_).value_or(0);
  block_ = std::max({finest_, memory_ > 1 ? 2 * memory_ : 1, period_});
  returns_ = returns_to_its_line(residuals);
  if (block_ > finest_ && blocks_in(grid_.size(), block_) >= kLeastBlocks) {
    if (auto blocks = lower_envelope(grid_, block_); blocks.size() >= kLeastBlocks) use(std::move(blocks));
  }
  independent_ = returns_ && (block_ == finest_ || blocks_.length > grid_.cell * static_cast<double>(finest_));
}

// Are the steps of the series, taken as far apart as they depend on each other, more than those of a random walk?
double Case::differences_p_value() const {
  std::vector<double> steps(filled_.size() - 1);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = filled_[i + 1] - filled_[i];
  const auto residuals = stats::detrended(steps);
  const std::size_t apart = std::max(stats::correlation_length(stats::Autocorrelation(residuals)), period_);
  steps.clear();
  for (std::size_t i = filled_.size() - 1; i >= apart; i -= apart) steps.push_back(filled_[i] - filled_[i - apart]);
  return stats::sign_sum_tail(steps);
}

// A series that moved k times shows 2^-k at best, whatever its blocks look like: a counter that went up thrice.
double Case::few_moves_p_value() const {
  std::vector<double> moves;
  for (std::size_t i = 1; i < filled_.size(); ++i) {
    if (filled_[i] == filled_[i - 1]) continue;
    if (moves.size() == 12) return 0;
    moves.push_back(filled_[i] - filled_[i - 1]);
  }
  return stats::sign_sum_tail(moves);
}

// Finer than the blocks of the test: as independent as they can be.
std::size_t Case::fine_block() const {
  return std::max({std::size_t{1}, grid_.size() / 24, independent_ ? memory_ : 1, period_});
}

Judgement Case::described(Shape shape, Gate gate) const {
  Judgement judgement;
  describe_envelope(blocks_, line_, judgement);
  judgement.block_length = to_nanoseconds(blocks_.length);
  // Where the noise remembers, fewer blocks than these are independent.
  const double independent = static_cast<double>(grid_.size()) / static_cast<double>(std::max(finest_, 2 * memory_));
  const double visible = detectable_rise(line_.noise, std::min(independent, static_cast<double>(blocks_.size())));
  judgement.detectable_rate = std::max(visible, least_rise_) / grid_.length();
  // What is not called growing may still grow by whatever its interval holds.
  if (shape == Shape::kFlat || shape == Shape::kInsufficient)
    judgement.detectable_rate = std::max(*judgement.detectable_rate, line_.slope.upper);
  judgement.shape = shape;
  judgement.stopped_by = gate;
  judgement.basis = tested_.basis;
  judgement.p_value = tested_.p_value;
  if (shape != Shape::kGrowing) judgement.pattern = Pattern::kUnknown;
  return judgement;
}

Judgement Case::insufficient(double needed_seconds) const {
  Judgement judgement;
  if (blocks_.size() >= 2) judgement = described(Shape::kInsufficient, Gate::kLength);
  judgement.stopped_by = Gate::kLength;
  judgement.rate.reset();
  judgement.needed = to_nanoseconds(std::max(needed_seconds, 1.2 * grid_.length()));
  return judgement;
}

Judgement Case::unless_load(Judgement judgement) const {
  if (options_.covariates.empty()) return judgement;
  if (const auto load = explaining_load(blocks_, grid_.origin, least_rise_, options_)) {
    judgement.shape = Shape::kFollowsLoad;
    judgement.stopped_by = Gate::kLoad;
    judgement.pattern = Pattern::kUnknown;
    judgement.load = *load;
    judgement.needed.reset();
    judgement.rate = Rate{line_.slope.lower, line_.slope.point, line_.slope.upper};
  }
  return judgement;
}

bool still_rises(const Judgement& rest) { return rest.shape == Shape::kGrowing || rest.shape == Shape::kFollowsLoad; }

// What is left without the step is judged by itself: a program that took its share at once may leak on from there.
Judgement Case::judge_step(const StepUp& step) const {
  Judgement judgement = described(Shape::kStep, Gate::kStep);
  if (descent_.depth < kDeepest) {
    Grid rest = grid_;
    for (std::size_t i = step.first_after; i < rest.size(); ++i) rest.values[i] -= step.height;
    // The height is known to about two sigma of the steps' noise only.
    const Judgement remaining = judge_rest(std::move(rest), descent_.least_ratio, 3 * usual_.noise);
    if (still_rises(remaining)) return remaining;
    judgement.detectable_rate = remaining.detectable_rate;
  }
  judgement.pattern = Pattern::kOneShot;
  judgement.rise = step.height;
  judgement.step_at = grid_.origin + to_nanoseconds(grid_.time(step.first_after));
  return judgement;
}

// In the later half an exponential approach slows down by the square root of its ratio over the whole: what lies half
// way from there to 1 tells it from a steady growth.
double ratio_of_a_steady_rest(const std::optional<Halves>& paces) {
  return paces && paces->ratio() < 1 ? 0.5 * (1 + std::sqrt(paces->ratio())) : 0;
}

// The end of a growth, or its beginning (start-up, warm-up) before a steady one: the later half is judged by itself,
// and must slow down less than an exponential approach would there.
std::optional<Judgement> Case::judge_slowing() const {
  if (has_stopped(filled_, usual_.noise)) return described(Shape::kSaturating, Gate::kSaturation);
  // The middle of blocks shows a pace most precisely, their lower envelope shows that of what stays.
  const auto paces = compare_halves(middles(grid_, fine_block()), independent_);
  const auto stays = compare_halves(lower_envelope(grid_, fine_block()), independent_);
  if (!paces || !stays) return std::nullopt;
  const bool too_slow = descent_.least_ratio > 0 && !paces->keeps(descent_.least_ratio);
  if (!paces->slows_down() && !stays->slows_down() && !too_slow) return std::nullopt;
  if (!too_slow && looks_deeper()) {
    auto later = judge_rest(grid_.tail(grid_.size() / 2), ratio_of_a_steady_rest(paces), 0);
    if (still_rises(later)) return later;
  }
  return described(Shape::kSaturating, Gate::kSaturation);
}

// Blocks that are too few for a test may still show that their later half stands where the earlier one brought it.
bool Case::stands_still_later() const {
  constexpr double kStill = 0.4;
  const Blocks blocks = lower_envelope(grid_, block_);
  const std::size_t n = blocks.size();
  if (n < 5) return false;
  const std::size_t from = n / 2 - 1 + n % 2;
  const auto later = std::span(blocks.values).subspan(from);
  const double rise = blocks.values.back() - blocks.values.front();
  const double steady = rise * static_cast<double>(later.size() - 1) / static_cast<double>(n - 1);
  double most = 0;
  double least = later.front();
  for (const double value : later) {
    least = std::min(least, value);
    most = std::max(most, value - least);
  }
  return most <= kStill * steady;
}

Judgement Case::gated() const {
  const bool large = line_.rise > std::max(least_rise_, 3 * line_.noise);
  return large ? unless_load(described(Shape::kGrowing, Gate::kNone)) : described(Shape::kFlat, Gate::kSize);
}

// One value per day when the series has a daily cycle and lasts 5 days.
std::optional<Judgement> Case::judge_days(std::span<const double> residuals) const {
  const auto day = static_cast<std::size_t>(std::llround(kDay / grid_.cell));
  if (day < 12 || grid_.size() < 5 * day) return std::nullopt;
  const stats::Autocorrelation acf(residuals);
  double best = 0;
  for (std::size_t lag = day - day / 12; lag <= day + day / 12; ++lag) best = std::max(best, acf.at(lag));
  if (best <= 0.3 || best - acf.at(day / 2) < 0.2) return std::nullopt;
  const Blocks days = lower_envelope(grid_, day);
  if (days.size() < 5) return std::nullopt;
  Judgement judgement = judge_envelope(days, options_.alpha / descent_.looks, least_rise_);
  judgement.p_value = over_looks(judgement.p_value);
  judgement.basis = Basis::kDays;
  judgement.daily_cycle = true;
  judgement.block_length = to_nanoseconds(days.length);
  return judgement.shape == Shape::kGrowing ? unless_load(std::move(judgement)) : judgement;
}

Case::Tested Case::run_test() const {
  if (!independent_) {
    // The later half will be looked at as well: both looks pay.
    const double looks = looks_deeper() ? 2 : 1;
    return {std::min(1.0, looks * over_looks(differences_p_value())), Basis::kDifferences};
  }
  const double blocks = stats::mann_kendall_rise(blocks_.values).p_value;
  return {over_looks(std::max(blocks, few_moves_p_value())), Basis::kBlocks};
}

// A series that rises beyond the noise of its finest blocks.
Judgement Case::judge_rise() const {
  if (const auto slowing = judge_slowing()) {
    return slowing->shape == Shape::kSaturating ? unless_load(*slowing) : *slowing;
  }
  const bool found = tested_.p_value < options_.alpha;
  if (independent_) return found ? gated() : described(Shape::kFlat, Gate::kSignificance);
  // Not one steady growth: it may have begun within the window, or have had a start-up. The later half may show more.
  if (looks_deeper()) {
    const Judgement later = judge_rest(grid_.tail(grid_.size() / 2),
                                       ratio_of_a_steady_rest(compare_halves(middles(grid_, fine_block()), false)), 0);
    if (still_rises(later) && (!found || later.p_value < tested_.p_value)) return later;
  }
  if (found) return gated();
  if (stands_still_later()) return unless_load(described(Shape::kSaturating, Gate::kSaturation));
  const double block = grid_.cell * static_cast<double>(block_);
  const double needed = static_cast<double>(kLeastBlocks) * block;
  return unless_load(insufficient(block > 20 * kHour ? std::min(5 * kDay, needed) : needed));
}

Judgement Case::judge() {
  if (grid_.present() < kLeastBlocks) return insufficient(kLeastBlocks * grid_.cell);
  if (descent_.depth < kDeepest && least_ < 0.5 * most_) {
    usual_ = usual_steps(filled_);
    if (const auto reset = after_reset(grid_, filled_, usual_.noise);
        reset && grid_.size() - *reset >= 2 * kLeastBlocks) {
      return Case(grid_.tail(*reset), options_, {descent_.depth + 1, descent_.looks, 0, 0}).judge();
    }
  }
  finest_ = finest_block(grid_);
  use(lower_envelope(grid_, finest_));
  if (blocks_.size() < kLeastBlocks) return insufficient(kLeastBlocks * grid_.cell);
  finest_p_ = over_looks(stats::mann_kendall_rise(blocks_.values).p_value);
  const auto residuals = stats::detrended(grid_.values);
  if (const auto days = judge_days(residuals)) return *days;
  const bool rises = rises_visibly();
  if (!rises && finest_p_ >= kSuspicious) {
    memory_ = stats::correlation_length(stats::Autocorrelation(residuals));
    tested_ = {finest_p_, Basis::kBlocks};
    return described(Shape::kFlat, Gate::kSignificance);
  }
  leave_out_outliers();
  usual_ = usual_steps(filled_);
  measure_memory(stats::detrended(grid_.values));
  tested_ = run_test();
  if (!rises) return described(Shape::kFlat, Gate::kSize);
  if (const auto step = find_step(filled_, usual_, least_rise_)) return judge_step(*step);
  const double rise = std::max(line_.rise, least_rise_);
  const bool significant = finest_p_ < options_.alpha || (independent_ && block_ > finest_);
  if (has_equal_teeth(filled_, usual_.noise, rise)) return described(Shape::kFlat, Gate::kSawtooth);
  if (gave_back(blocks_, rise)) return described(Shape::kFlat, significant ? Gate::kSawtooth : Gate::kSignificance);
  if (significant && line_.rise > least_rise_) return judge_rise();
  if (rose_early()) return described(Shape::kSaturating, Gate::kSaturation);
  return described(Shape::kFlat, Gate::kSignificance);
}

// The points that count: after the subject's warm-up, which is half an hour, in windows of an hour and more.
std::span<const model::Point> after_warm_up(std::span<const model::Point> series, const Options& options) {
  if (!options.subject_start || series.empty()) return series;
  const auto seconds = [](BootTime a, BootTime b) {
    return difference(a.since_boot.count(), b.since_boot.count()) * 1e-9;
  };
  if (seconds(series.back().time, series.front().time) < kHour) return series;
  const auto first = std::find_if(series.begin(), series.end(), [&](const model::Point& point) {
    return seconds(point.time, *options.subject_start) >= kWarmUp;
  });
  return series.subspan(static_cast<std::size_t>(first - series.begin()));
}

bool covers(std::span<const model::Point> series, const Options& options) {
  if (series.empty()) return false;
  const auto from = options.window_start.value_or(series.front().time);
  const auto to = options.window_end.value_or(series.back().time);
  const double length = difference(to.since_boot.count(), from.since_boot.count());
  const double span = difference(series.back().time.since_boot.count(), series.front().time.since_boot.count());
  // A source may be two of its periods late, up to a tenth of the window; a slow one always one of its periods.
  const double spacing = series.size() > 1 ? span / static_cast<double>(series.size() - 1) : 0;
  const double slack = std::max({1.1 * spacing, 0.02 * length, std::min(2 * spacing, 0.1 * length)});
  return difference(series.front().time.since_boot.count(), from.since_boot.count()) <= slack &&
         difference(to.since_boot.count(), series.back().time.since_boot.count()) <= slack;
}

// Most series of a machine never move: they are answered without any arithmetic.
std::optional<Judgement> judge_constant(std::span<const model::Point> series, const Options& options) {
  const auto other = std::find_if(series.begin(), series.end(),
                                  [&](const model::Point& point) { return point.value != series.front().value; });
  if (other != series.end() || series.size() < kLeastBlocks) return std::nullopt;
  const double seconds =
      difference(series.back().time.since_boot.count(), series.front().time.since_boot.count()) * 1e-9;
  if (!(seconds > 0)) return std::nullopt;
  Judgement judgement;
  judgement.shape = Shape::kFlat;
  judgement.stopped_by = Gate::kSignificance;
  judgement.basis = Basis::kBlocks;
  judgement.blocks = static_cast<int>(std::min<std::size_t>(series.size(), 12));
  judgement.block_length = to_nanoseconds(seconds / judgement.blocks);
  judgement.rate = Rate{};
  const double share = level_share(seconds) * std::abs(static_cast<double>(series.front().value));
  judgement.detectable_rate = std::max({1.0, share, static_cast<double>(options.absolute_floor)}) / seconds;
  return judgement;
}

// Bursts of samples with long pauses between them leave most blocks empty: in longer cells they stand side by side.
Grid without_pauses(Grid grid) {
  if (grid.present() < kLeastBlocks || 2 * grid.present() > grid.size()) return grid;
  while (grid.size() >= 2 * kLeastBlocks && lower_envelope(grid, finest_block(grid)).size() < kLeastBlocks)
    grid = coarser(grid);
  return grid;
}

}  // namespace

Judgement judge(std::span<const model::Point> series, const Options& options) {
  const bool covered = covers(series, options);
  series = after_warm_up(series, options);
  Judgement judgement;
  if (const auto constant = judge_constant(series, options)) {
    judgement = *constant;
  } else if (auto grid = make_grid(series)) {
    judgement = Case(without_pauses(std::move(*grid)), options, {}).judge();
  } else {
    judgement.stopped_by = Gate::kLength;
  }
  judgement.covers_window = covered;
  return judgement;
}

}  // namespace leakscope::analysis::trend
