#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "findings/finding.h"
#include "model/profile.h"
#include "model/site_tally.h"

namespace leakscope::findings {

struct SiteJudgeOptions {
  double seconds = 0;                ///< length of the window
  std::uint32_t sampled_one_in = 1;  ///< objects that were followed: one in so many
  /// Bytes that the tally's memory can be given back by when memory is short, so that it is a cache and no leak: by the
  /// name of its slab cache. Nothing: not known.
  std::function<bool(const model::SiteTally&)> is_reclaimable;
  /// By how many objects the slab cache of the tally grew in the window, as the kernel counts them; nothing: not known.
  std::function<std::optional<std::int64_t>(const model::SiteTally&)> cache_growth;
};

/// What is judged of one site; see model::Site for the fields.
struct SiteJudgement {
  model::SiteState state = model::SiteState::kUnfreed;
  std::optional<model::Site::Rate> rate;
  std::optional<double> p_value;
  std::optional<double> q_value;
  std::optional<model::ShareInterval> blindness;
  std::optional<model::AmountInterval> bytes_interval;
  std::string note;
};

struct JudgedSites {
  std::vector<SiteJudgement> sites;  ///< one for each tally, in their order
  Verdict verdict = Verdict::kInsufficient;
  /// clean: the steady rate in bytes per second that one site would have shown
  std::optional<double> detectable_rate;
  std::optional<Nanoseconds> needed;  ///< insufficient: how long to watch
};

/// Judges what sites hold. A site is growing when the series of what it holds passes the gates of every other series
/// (analysis/trend; one false discovery rate over all sites), when more is held than the upper 99 % bound of its
/// blindness can explain, and when the kernel would not give it back by itself. It is blind when blindness alone can
/// explain what it holds. All else is unfreed: taken in the window and not given back, of which no more is claimed.
[[nodiscard]] JudgedSites judge_sites(std::span<const model::SiteTally> tallies, const SiteJudgeOptions& options);

}  // namespace leakscope::findings
