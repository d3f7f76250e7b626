#include "analysis/profile/group.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "analysis/profile/allocator_functions.h"
#include "base/bytes.h"

namespace leakscope::analysis::profile {
namespace {

constexpr std::string_view kNotKnown = "(not known)";

constexpr auto kWords = std::to_array<std::pair<Grouping, std::string_view>>({
    {Grouping::kSite, "site"},
    {Grouping::kFunction, "function"},
    {Grouping::kModule, "module"},
    {Grouping::kCache, "cache"},
    {Grouping::kProcess, "process"},
});

using Groups = std::map<std::string, Group>;

// A profile may come from a file: a sum that does not fit stays at what fits.
void add(std::int64_t& sum, std::int64_t value) {
  using Limits = std::numeric_limits<std::int64_t>;
  sum = checked_add(sum, value).value_or(value > 0 ? Limits::max() : Limits::min());
}
void add(std::uint64_t& sum, std::uint64_t value) {
  if (__builtin_add_overflow(sum, value, &sum)) sum = std::numeric_limits<std::uint64_t>::max();
}

/// What of a site goes into one group.
struct Part {
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  std::uint64_t allocs = 0;
  std::uint64_t frees = 0;
  double rate = 0;
};

Part all_of(const model::Site& site) {
  return {site.bytes, site.count, site.allocs, site.frees, site.rate ? site.rate->point : 0};
}

void put(Groups& groups, const std::string& key, std::string_view name, const model::Site& site, const Part& part) {
  Group& group = groups[key];
  group.name = name;
  add(group.bytes, part.bytes);
  add(group.count, part.count);
  add(group.allocs, part.allocs);
  add(group.frees, part.frees);
  group.rate += part.rate;
  ++group.sites;
  if (site.state == model::SiteState::kGrowing || site.state == model::SiteState::kLost) ++group.growing;
}

std::string function_of(const model::Site& site) {
  const model::Frame* frame = caller_of(site);
  if (frame == nullptr) return std::string(kNotKnown);
  if (frame->symbol.empty()) return frame->address != 0 ? fmt::format("{:#x}", frame->address) : std::string(kNotKnown);
  const std::string_view function = without_clone_suffix(frame->symbol);
  return frame->module.empty() ? std::string(function) : fmt::format("{} [{}]", function, frame->module);
}

std::string module_of(const model::Site& site) {
  const model::Frame* frame = caller_of(site);
  const std::string_view module = frame != nullptr ? module_name(*frame) : std::string_view();
  return std::string(module.empty() ? kNotKnown : module);
}

std::string_view allocator_word(model::Allocator allocator) {
  switch (allocator) {
    case model::Allocator::kSlab:
      return "(slab)";
    case model::Allocator::kPages:
      return "(pages)";
    case model::Allocator::kPercpu:
      return "(per-CPU memory)";
    case model::Allocator::kVmalloc:
      return "(vmalloc)";
  }
  return kNotKnown;
}

std::string cache_of(const model::Site& site) {
  return site.cache.empty() ? std::string(allocator_word(site.allocator)) : site.cache;
}

std::string process_name(const model::ProcessShare& process) {
  if (process.pid.value == 0) return process.comm.empty() ? std::string(kNotKnown) : process.comm;
  return fmt::format("{} (pid {})", process.comm.empty() ? "?" : process.comm, process.pid.value);
}

// Rounded down; what that leaves is its caller's to place.
std::uint64_t share_of(std::uint64_t figure, double share) {
  if (share >= 1) return figure;
  return std::min(figure, static_cast<std::uint64_t>(static_cast<double>(figure) * share));
}

std::int64_t left_of(std::int64_t whole, std::int64_t told) {
  return whole > told ? whole - std::max<std::int64_t>(told, 0) : 0;
}

// Divides what nobody counted by process as the bytes are divided.
void divide(const model::Site& site, std::int64_t bytes, std::map<std::string, Part>& parts) {
  const Part whole = all_of(site);
  Part left = whole;
  for (auto part = parts.begin(); part != parts.end(); ++part) {
    const bool last = std::next(part) == parts.end();
    const double share = std::clamp(static_cast<double>(part->second.bytes) / static_cast<double>(bytes), 0.0, 1.0);
    part->second.allocs = last ? left.allocs : std::min(left.allocs, share_of(whole.allocs, share));
    part->second.frees = last ? left.frees : std::min(left.frees, share_of(whole.frees, share));
    part->second.rate = whole.rate * share;
    left.allocs -= part->second.allocs;
    left.frees -= part->second.frees;
  }
}

void put_by_process(Groups& groups, const model::Site& site) {
  std::map<std::string, Part> parts;
  std::int64_t told_bytes = 0;
  std::int64_t told_count = 0;
  for (const model::ProcessShare& process : site.processes) {
    Part& part = parts[process_name(process)];
    add(part.bytes, process.bytes);
    add(part.count, process.count);
    add(told_bytes, process.bytes);
    add(told_count, process.count);
  }
  if (site.bytes > told_bytes || site.count > told_count || parts.empty()) {
    Part& rest = parts[std::string(parts.empty() ? kNotKnown : "(others)")];
    add(rest.bytes, left_of(site.bytes, told_bytes));
    add(rest.count, left_of(site.count, told_count));
  }
  divide(site, std::max({site.bytes, told_bytes, std::int64_t{1}}), parts);
  for (const auto& [name, part] : parts) put(groups, name, name, site, part);
}

void put_by(Grouping grouping, Groups& groups, const model::Site& site) {
  std::string name;
  std::string key;
  switch (grouping) {
    case Grouping::kProcess:
      put_by_process(groups, site);
      return;
    case Grouping::kSite:
      name = function_of(site);
      key = fmt::format("{} {} {}", model::site_id(site), allocator_word(site.allocator), site.cache);
      break;
    case Grouping::kFunction:
      name = function_of(site);
      break;
    case Grouping::kModule:
      name = module_of(site);
      break;
    case Grouping::kCache:
      name = cache_of(site);
      break;
  }
  put(groups, key.empty() ? name : key, name, site, all_of(site));
}

}  // namespace

std::string_view to_string(Grouping grouping) {
  const auto found = std::ranges::find(kWords, grouping, &std::pair<Grouping, std::string_view>::first);
  return found != kWords.end() ? found->second : "site";
}

std::optional<Grouping> grouping_from_string(std::string_view word) {
  const auto found = std::ranges::find(kWords, word, &std::pair<Grouping, std::string_view>::second);
  return found != kWords.end() ? std::optional(found->first) : std::nullopt;
}

std::string_view module_name(const model::Frame& frame) {
  if (!frame.module.empty()) return frame.module;
  return frame.symbol.empty() ? std::string_view() : "kernel";
}

std::vector<Group> grouped(const model::Profile& profile, Grouping grouping) {
  Groups groups;
  for (const model::Site& site : profile.sites) put_by(grouping, groups, site);
  std::vector<Group> rows;
  for (auto& [key, group] : groups) rows.push_back(std::move(group));
  std::ranges::stable_sort(rows, std::ranges::greater{}, &Group::bytes);
  return rows;
}

}  // namespace leakscope::analysis::profile
