#include "analysis/profile/difference.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/time.h"

namespace leakscope::analysis::profile {
namespace {

// So that a difference of two fits; no machine has more.
constexpr std::int64_t kMost = (std::int64_t{1} << 62U) - 1;

using Key = std::tuple<std::string, model::Allocator, std::string>;
using Changes = std::map<Key, SiteChange>;

std::int64_t bounded(std::int64_t figure) { return std::clamp(figure, -kMost, kMost); }
void add(std::int64_t& sum, std::int64_t figure) {
  std::int64_t fresh = 0;
  if (__builtin_add_overflow(sum, figure, &fresh)) fresh = figure > 0 ? kMost : -kMost;
  sum = bounded(fresh);
}

SiteChange& change_of(Changes& changes, const model::Site& site) {
  return changes[{model::site_id(site), site.allocator, site.cache}];
}

void take_before(Changes& changes, const model::Profile& profile) {
  for (const model::Site& site : profile.sites) {
    SiteChange& change = change_of(changes, site);
    if (!change.in_before) change.site = site;
    change.in_before = true;
    add(change.bytes_before, site.bytes);
    add(change.count_before, site.count);
  }
}

void take_after(Changes& changes, const model::Profile& profile) {
  for (const model::Site& site : profile.sites) {
    SiteChange& change = change_of(changes, site);
    if (!change.in_after) change.site = site;
    change.in_after = true;
    add(change.bytes_after, site.bytes);
    add(change.count_after, site.count);
  }
}

std::string_view meaning_of(model::Population population) {
  switch (population) {
    case model::Population::kOutstanding:
      return "what was taken in its window and not given back";
    case model::Population::kLive:
      return "all that is allocated";
    case model::Population::kUnreferenced:
      return "what nothing points to";
  }
  return "something else";
}

// Windows of one command are never equal to the nanosecond; a tenth is no other window.
bool differ(Nanoseconds a, Nanoseconds b) {
  const auto [shorter, longer] = std::minmax(a, b);
  return shorter.count() < longer.count() - longer.count() / 10;
}

std::vector<std::string> cautions_of(const model::Profile& before, const model::Profile& after) {
  std::vector<std::string> cautions;
  if (before.population == model::Population::kOutstanding && differ(before.length, after.length)) {
    cautions.push_back(
        fmt::format("The windows are {} and {} long: in a longer one more is taken and not yet given back.",
                    to_human(before.length), to_human(after.length)));
  }
  if (before.sites_not_kept > 0) {
    cautions.push_back(
        fmt::format("{} sites of the earlier profile were cut by its limit: what seems new may have been "
                    "among them.",
                    before.sites_not_kept));
  }
  if (after.sites_not_kept > 0) {
    cautions.push_back(
        fmt::format("{} sites of the later profile were cut by its limit: what seems gone may be among "
                    "them.",
                    after.sites_not_kept));
  }
  return cautions;
}

}  // namespace

Result<ProfileDifference> difference(const model::Profile& before, const model::Profile& after) {
  if (before.population != after.population) {
    return fail(Error::Kind::kUsage, "diff",
                fmt::format("one profile has {} ({}), the other {} ({}): these cannot be compared",
                            meaning_of(before.population), model::to_string(before.population),
                            meaning_of(after.population), model::to_string(after.population)));
  }
  if (before.unit != after.unit) {
    return fail(Error::Kind::kUsage, "diff",
                fmt::format("one profile counts bytes as {}, the other as {}: these cannot be compared",
                            model::to_string(before.unit), model::to_string(after.unit)));
  }
  Changes changes;
  take_before(changes, before);
  take_after(changes, after);
  ProfileDifference result;
  result.cautions = cautions_of(before, after);
  for (auto& [key, change] : changes) {
    add(result.bytes_change, change.bytes_change());
    result.sites.push_back(std::move(change));
  }
  std::ranges::stable_sort(result.sites, std::ranges::greater{}, &SiteChange::bytes_change);
  return result;
}

}  // namespace leakscope::analysis::profile
