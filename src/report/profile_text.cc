#include "report/profile_text.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/time.h"
#include "report/quantity.h"

namespace leakscope::report {
namespace {

using model::Population;
using model::ProfileUnit;

std::string_view unit_words(ProfileUnit unit) {
  switch (unit) {
    case ProfileUnit::kRequested:
      return "bytes as requested";
    case ProfileUnit::kAllocated:
      return "bytes as allocated";
    case ProfileUnit::kPages:
      break;
  }
  return "bytes in whole pages";
}

std::string count_of(std::uint64_t count) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return to_human_count(static_cast<std::int64_t>(std::min(count, kMost)));
}

}  // namespace

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  if (const auto sum = checked_add(a, b)) return *sum;
  return a < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

std::int64_t bytes_held(const model::Profile& profile) {
  std::int64_t sum = 0;
  for (const model::Site& site : profile.sites) sum = saturating_add(sum, std::max<std::int64_t>(site.bytes, 0));
  return sum;
}

std::string title_of(const model::Profile& profile) {
  const std::string what = profile.title.empty() ? "memory" : profile.title;
  switch (profile.population) {
    case Population::kOutstanding:
      return profile.length > Nanoseconds{0}
                 ? fmt::format("{} taken in {} and not given back", what, leakscope::to_human(profile.length))
                 : what + " taken and not given back";
    case Population::kLive:
      return what + " in use";
    case Population::kUnreferenced:
      break;
  }
  return what + " that nothing points to";
}

std::vector<std::string> terms_of(const model::Profile& profile) {
  std::vector<std::string> terms{std::string(unit_words(profile.unit))};
  if (profile.sampled_one_in > 1) {
    terms.push_back(fmt::format("sampled: 1 address in {}, scaled up", count_of(profile.sampled_one_in)));
  }
  if (profile.sites_not_kept > 0) {
    terms.push_back(fmt::format("{} further {} not kept", count_of(profile.sites_not_kept),
                                profile.sites_not_kept == 1 ? "site" : "sites"));
  }
  return terms;
}

}  // namespace leakscope::report
