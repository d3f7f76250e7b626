#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/profile/filter.h"
#include "base/time.h"
#include "findings/sites.h"
#include "model/coverage.h"
#include "model/host.h"
#include "model/kernel_symbols.h"
#include "model/name_table.h"
#include "model/profile.h"
#include "model/site_tally.h"
#include "model/stack_table.h"
#include "report/document.h"

namespace leakscope::session {

/// How a profile is looked at.
struct ProfileView {
  analysis::profile::Filter filter;
  analysis::profile::Grouping grouping = analysis::profile::Grouping::kSite;
};

/// What a tracer or the matching of a trace counted, with all that gives it names.
struct CountedSites {
  std::vector<model::SiteTally> tallies;
  const model::StackTable* stacks = nullptr;
  const model::NameTable* names = nullptr;
  const model::KernelSymbols* symbols = nullptr;
  double seconds = 0;  ///< length of the window
  std::optional<WallTime> start;
  std::uint32_t sampled_one_in = 1;
  Nanoseconds older{0};  ///< sites that hold nothing older than this are left out, where the window is long enough
  findings::SiteJudgeOptions judge;
};

struct ProfileWithVerdict {
  model::Profile profile;
  findings::Verdict verdict = findings::Verdict::kInsufficient;
  std::optional<double> detectable_rate;
  std::optional<Nanoseconds> needed;
  std::size_t young_sites = 0;  ///< left out, as all that they hold is young
};

/// Judges the sites and puts addresses and ids into words.
[[nodiscard]] ProfileWithVerdict profile_from(CountedSites counted);

/// The profile as the answer of `command`: filtered, with a headline, and a table of groups where one is asked for.
/// Host, window, coverage and losses are the caller's.
void put_into(report::Document& document, ProfileWithVerdict judged, const ProfileView& view);

/// The function that a site is called by: the innermost one that does not hand memory on for others.
[[nodiscard]] std::string name_of(const model::Site& site);

}  // namespace leakscope::session
