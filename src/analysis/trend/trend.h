#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/series.h"

namespace leakscope::analysis::trend {

/// What a series did in the window. The words of a finding's "state" that one series can show by itself; whether a
/// growth is a leak, a cache or fragmentation is for the rules.
enum class Shape : std::uint8_t {
  kGrowing,       ///< passes every gate
  kSaturating,    ///< rose, and slows down or has stopped
  kStep,          ///< one lasting step explains the rise
  kFollowsLoad,   ///< rises, but not beyond what a load covariate explains
  kFlat,          ///< no rise (sawteeth and noise are flat)
  kInsufficient,  ///< too few blocks to say; `needed` says how long to watch
};

enum class Pattern : std::uint8_t { kUnknown, kSteady, kSporadic, kOneShot };

/// What p_value rests on.
enum class Basis : std::uint8_t {
  kNone,
  kBlocks,       ///< exact Mann-Kendall over the lower envelope of blocks that are longer than the noise remembers
  kDifferences,  ///< noise remembers too long for 8 such blocks: are the steps of the series more than a random walk's?
  kDays,         ///< daily cycle: exact Mann-Kendall over one value per day
  kRounds,       ///< exact Mann-Kendall over rounds of a load
};

/// The gate that kept a series from being called growing.
enum class Gate : std::uint8_t {
  kNone,
  kLength,        ///< too few points, or too few independent ones
  kSignificance,  ///< p_value above alpha
  kSize,          ///< the rise is below the noise, the share of the level or the absolute floor that count
  kSawtooth,      ///< it gave back what it took
  kStep,
  kSaturation,
  kLoad,
};

/// An interval around a rate, in units per second.
struct Rate {
  double lower = 0;
  double point = 0;
  double upper = 0;
};

struct Options {
  /// One-sided level of the test of this series.
  double alpha = 0.01;
  /// Rises below this are noise of the counter, in the metric's unit.
  std::int64_t absolute_floor = 0;
  /// The subject's own start (process): points before warm-up are skipped in windows of an hour and more.
  std::optional<BootTime> subject_start;
  /// The window that was watched, for Judgement::covers_window; without it the series is its own window.
  std::optional<BootTime> window_start;
  std::optional<BootTime> window_end;
  /// Load covariates sampled over the same window (context switches, forks, bytes, the subject's CPU time...).
  /// Counters are given as counters.
  struct Covariate {
    std::string name;
    const model::Series* series = nullptr;
    bool is_counter = false;
  };
  std::vector<Covariate> covariates;
};

/// The judgement of one series, with every figure it rests on.
struct Judgement {
  Shape shape = Shape::kInsufficient;
  Pattern pattern = Pattern::kUnknown;
  Basis basis = Basis::kNone;
  Gate stopped_by = Gate::kNone;
  int blocks = 0;  ///< blocks (or days, or rounds) that the rate and the pattern rest on
  Nanoseconds block_length{0};
  double p_value = 1;                     ///< one-sided, of `basis`, whether or not the gates were passed
  std::optional<Rate> rate;               ///< Theil-Sen slope per second with its interval; nothing when insufficient
  double rise = 0;                        ///< rise of the envelope over the window, in the metric's unit
  double rising_share = 0;                ///< share of steps between blocks that rise
  double falling_share = 0;               ///< share of steps between blocks that fall
  std::optional<double> detectable_rate;  ///< the smallest steady rate that this series would have shown (90 % power)
  std::optional<Nanoseconds> needed;      ///< insufficient: how long a window would do
  std::string load;                       ///< kFollowsLoad: the covariate's name
  std::optional<BootTime> step_at;        ///< kStep: when
  bool daily_cycle = false;               ///< judged by one value per day
  bool covers_window = true;              ///< the series was there from the start to the end of the window
  int warm_up = 0;                        ///< rounds: how many of the first ones do not count
  std::optional<int> needed_rounds;       ///< rounds, insufficient: how many would tell the load from time
};

/// Judges one series over its window; system.md's recipe: resample, block by the autocorrelation, lower envelope,
/// exact Mann-Kendall, gates for effect size, saturation, step and sawtooth, Theil-Sen with interval.
/// Short live windows get finer blocks under the same rules. Real timestamps; gaps and jitter are fine.
/// A counter of events is no level: give it as a covariate, or its rate. docs/verdicts.md has every number and why.
[[nodiscard]] Judgement judge(std::span<const model::Point> series, const Options& options);

/// What a load left behind of one series, round by round.
struct RoundSeries {
  std::span<const std::int64_t> ends;  ///< the level after each round, when the machine had settled
  /// By how much it rose in the part of each round in which the load did not run any more; as many as ends, or none.
  std::span<const std::int64_t> rests;
  double rest_share = 0;  ///< that part's share of the time of a round
  /// Others than the load move it (a counter of the whole machine): it must move more than a random walk would,
  /// whatever it looks like.
  bool is_shared = false;
  double quantum = 1;  ///< the least it can move by: 1, a page, the objects of a slab
};

/// The same for rounds of a load, which are the blocks: all figures are per round. At least 5 rounds. A series that
/// rises and slows down is looked at again without its first rounds (warm-up). With `rests`, one that rises is
/// kGrowing only where time alone is excluded: it rises too little while the load does not run, or only there (work
/// that is done late). One that rises there as fast follows time (kFollowsLoad); what is neither is kInsufficient.
[[nodiscard]] Judgement judge_rounds(const RoundSeries& rounds, const Options& options);

}  // namespace leakscope::analysis::trend
