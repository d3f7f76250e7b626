#include "analysis/profile/filter.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "analysis/profile/glob.h"

namespace leakscope::analysis::profile {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

bool is_of_cache(const std::vector<std::string>& globs, std::string_view cache) {
  if (cache.empty()) return false;
  if (any_glob_matches(globs, cache)) return true;
  for (std::string_view rest = cache; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    if (any_glob_matches(globs, trimmed(rest.substr(0, comma)))) return true;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return false;
}

bool is_in_function(const std::vector<std::string>& globs, const model::Frame& frame) {
  if (frame.symbol.empty()) return false;
  return any_glob_matches(globs, frame.symbol) || any_glob_matches(globs, without_clone_suffix(frame.symbol));
}

bool is_in_module(const std::vector<std::string>& globs, const model::Frame& frame) {
  const std::string_view module = module_name(frame);
  return !module.empty() && any_glob_matches(globs, module);
}

bool has_process(const Filter& filter, const model::Site& site) {
  return std::ranges::any_of(site.processes, [&](const model::ProcessShare& process) {
    if (filter.pid && process.pid != *filter.pid) return false;
    return filter.comms.empty() || (!process.comm.empty() && any_glob_matches(filter.comms, process.comm));
  });
}

// Of what is held; of a site that holds nothing, of what it allocated.
std::optional<double> object_size(const model::Site& site) {
  if (site.count > 0) return static_cast<double>(site.bytes) / static_cast<double>(site.count);
  if (site.allocs > 0) return static_cast<double>(site.bytes_allocated) / static_cast<double>(site.allocs);
  return std::nullopt;
}

bool has_size(const Filter& filter, const model::Site& site) {
  if (!filter.least_size && !filter.most_size) return true;
  const auto size = object_size(site);
  if (!size) return false;
  if (filter.least_size && *size < static_cast<double>(*filter.least_size)) return false;
  return !filter.most_size || *size <= static_cast<double>(*filter.most_size);
}

template <class Matches>
bool any_frame(const model::Site& site, const std::vector<std::string>& globs, Matches matches) {
  return globs.empty() ||
         std::ranges::any_of(site.stack, [&](const model::Frame& frame) { return matches(globs, frame); });
}

}  // namespace

bool passes(const Filter& filter, const model::Site& site) {
  if (!filter.caches.empty() && !is_of_cache(filter.caches, site.cache)) return false;
  if (!any_frame(site, filter.functions, is_in_function)) return false;
  if (!any_frame(site, filter.modules, is_in_module)) return false;
  if ((filter.pid || !filter.comms.empty()) && !has_process(filter, site)) return false;
  if (!has_size(filter, site)) return false;
  if (filter.least_age && (!site.ages || !(site.ages->max >= *filter.least_age))) return false;
  return !filter.least_bytes || site.bytes >= *filter.least_bytes;
}

model::Profile filtered(const Filter& filter, const model::Profile& profile) {
  model::Profile kept;
  kept.population = profile.population;
  kept.unit = profile.unit;
  kept.title = profile.title;
  kept.start = profile.start;
  kept.length = profile.length;
  kept.sampled_one_in = profile.sampled_one_in;
  kept.sites_not_kept = profile.sites_not_kept;
  std::ranges::copy_if(profile.sites, std::back_inserter(kept.sites),
                       [&](const model::Site& site) { return passes(filter, site); });
  return kept;
}

}  // namespace leakscope::analysis::profile
