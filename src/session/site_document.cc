#include "session/site_document.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "findings/text.h"
#include "symbols/kernel_frame.h"

namespace leakscope::session {
namespace {

using model::SiteState;

/// More sites than this are no answer any more; those that hold least are left out, and counted.
constexpr std::size_t kMostSites = 5000;

std::vector<model::Frame> frames_of(const model::SiteTally& tally, const CountedSites& counted) {
  std::vector<model::Frame> frames;
  // The call site that the tracepoint tells is the return address into it as well.
  if (tally.stack == model::kNoStack) {
    if (tally.call_site != 0) frames.push_back(symbols::frame_of(tally.call_site, *counted.symbols));
    return frames;
  }
  const auto stack = counted.stacks->frames(tally.stack);
  // The stack of a slab event begins within the allocator; the call site is where its caller is.
  const auto at = std::ranges::find(stack, tally.call_site);
  const auto first = tally.call_site != 0 && at != stack.end() ? at : stack.begin();
  if (tally.call_site != 0 && at == stack.end()) frames.push_back(symbols::frame_of(tally.call_site, *counted.symbols));
  for (auto frame = first; frame != stack.end(); ++frame) frames.push_back(symbols::frame_of(*frame, *counted.symbols));
  return frames;
}

model::Site site_from(const model::SiteTally& tally, findings::SiteJudgement judgement, const CountedSites& counted) {
  model::Site site;
  site.stack = frames_of(tally, counted);
  site.allocator = tally.allocator;
  site.cache = std::string(counted.names->name(tally.cache));
  site.state = judgement.state;
  site.bytes = tally.bytes;
  site.count = tally.count;
  site.bytes_interval = judgement.bytes_interval;
  site.allocs = tally.allocs;
  site.frees = tally.frees;
  site.unseen_frees = tally.unseen_frees;
  site.bytes_allocated = tally.bytes_allocated;
  site.ages = tally.ages;
  site.blindness = judgement.blindness;
  site.rate = judgement.rate;
  site.p_value = judgement.p_value;
  site.q_value = judgement.q_value;
  site.note = std::move(judgement.note);
  site.history = tally.history;
  for (const model::SiteTally::Task& task : tally.tasks)
    site.processes.push_back({std::string(counted.names->name(task.comm)), task.tid, task.bytes, task.count});
  return site;
}

int rank(SiteState state) {
  if (state == SiteState::kGrowing || state == SiteState::kLost) return 0;
  return state == SiteState::kBlind ? 2 : 1;
}

/// What grows first, then what is only unfreed, then what nothing can be said of; within these by what is held.
void put_in_order(std::vector<model::Site>& sites) {
  std::ranges::stable_sort(sites, [](const model::Site& a, const model::Site& b) {
    if (rank(a.state) != rank(b.state)) return rank(a.state) < rank(b.state);
    if (rank(a.state) == 0 && a.rate && b.rate && a.rate->point != b.rate->point) return a.rate->point > b.rate->point;
    return a.bytes > b.bytes;
  });
}

/// What was taken a moment before the end will be given back as what was taken before it.
bool is_all_young(const model::SiteTally& tally, const CountedSites& counted) {
  const double older = std::chrono::duration<double>(counted.older).count();
  return counted.seconds >= 2 * older && tally.young_count >= tally.count;
}

std::int64_t held_by(const std::vector<model::Site>& sites) {
  std::int64_t held = 0;
  for (const model::Site& site : sites) held = checked_add(held, site.bytes).value_or(held);
  return held;
}

std::string in_cache(const model::Site& site) {
  switch (site.allocator) {
    case model::Allocator::kSlab:
      return site.cache.empty() ? "" : fmt::format(" ({})", site.cache);
    case model::Allocator::kPages:
      return " (pages)";
    case model::Allocator::kPercpu:
      return " (per-CPU memory)";
    case model::Allocator::kVmalloc:
      return " (vmalloc)";
  }
  return "";
}

std::string growing_headline(const model::Profile& profile, std::size_t growing) {
  const model::Site& first = profile.sites.front();
  const std::int64_t held = held_by(profile.sites);
  std::string sentence = fmt::format("the kernel: {}{}", name_of(first), in_cache(first));
  if (first.rate) {
    const findings::Interval rate{first.rate->lower, first.rate->point, first.rate->upper};
    sentence += fmt::format(" grows by {}", findings::rate_text(model::Unit::kBytes, rate));
  }
  if (held > 0) {
    sentence += fmt::format(" and holds {:.0f} % of what was taken and not given back",
                            100 * static_cast<double>(first.bytes) / static_cast<double>(held));
  }
  if (growing > 1) sentence += fmt::format("; {} more call sites grow", growing - 1);
  return sentence + ".";
}

std::string clean_headline(const ProfileWithVerdict& judged) {
  const model::Profile& profile = judged.profile;
  std::string sentence =
      fmt::format("no call site of the kernel grows: {} of them hold {} of what they took in {}", profile.sites.size(),
                  to_human(Bytes(held_by(profile.sites))), to_human(profile.length));
  if (judged.detectable_rate) {
    sentence += fmt::format(", and a steady growth of {}/min of one would have been noticed",
                            to_human(Bytes(static_cast<std::int64_t>(*judged.detectable_rate * 60))));
  }
  return sentence + ".";
}

std::string insufficient_headline(const ProfileWithVerdict& judged) {
  std::string sentence =
      fmt::format("{} are too short to tell growth from what is in use", to_human(judged.profile.length));
  if (judged.needed) sentence += fmt::format(": watch for {}", to_human(*judged.needed));
  return sentence + ".";
}

report::Table groups_of(const model::Profile& profile, analysis::profile::Grouping grouping) {
  report::Table table{.id = "groups", .title = "What is held, put together"};
  table.columns = {{"name", "of"},
                   {"bytes", "held", report::ColumnKind::kBytes},
                   {"count", "objects", report::ColumnKind::kCount},
                   {"rate", "grows", report::ColumnKind::kBytesPerSecond},
                   {"allocs", "allocations", report::ColumnKind::kCount},
                   {"frees", "freed", report::ColumnKind::kCount},
                   {"sites", "sites", report::ColumnKind::kCount},
                   {"growing", "growing", report::ColumnKind::kCount}};
  for (const analysis::profile::Group& group : analysis::profile::grouped(profile, grouping)) {
    table.rows.push_back({group.name, group.bytes, group.count, group.rate, static_cast<std::int64_t>(group.allocs),
                          static_cast<std::int64_t>(group.frees), static_cast<std::int64_t>(group.sites),
                          static_cast<std::int64_t>(group.growing)});
  }
  return table;
}

}  // namespace

std::string name_of(const model::Site& site) {
  const model::Frame* frame = analysis::profile::caller_of(site);
  if (frame == nullptr) return "a call site that is not known";
  if (frame->symbol.empty()) return fmt::format("{:#x}", frame->address);
  return frame->module.empty() ? frame->symbol : fmt::format("{} [{}]", frame->symbol, frame->module);
}

ProfileWithVerdict profile_from(CountedSites counted) {
  std::erase_if(counted.tallies, [](const model::SiteTally& tally) { return tally.count <= 0; });
  std::ranges::stable_sort(counted.tallies, std::ranges::greater{}, &model::SiteTally::bytes);
  counted.judge.seconds = counted.seconds;
  counted.judge.sampled_one_in = counted.sampled_one_in;
  findings::JudgedSites judged = findings::judge_sites(counted.tallies, counted.judge);
  ProfileWithVerdict result;
  result.verdict = judged.verdict;
  result.detectable_rate = judged.detectable_rate;
  result.needed = judged.needed;
  model::Profile& profile = result.profile;
  profile.title = "kernel memory";
  profile.start = counted.start;
  profile.length = std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(counted.seconds));
  profile.sampled_one_in = counted.sampled_one_in;
  for (std::size_t i = 0; i < counted.tallies.size(); ++i) {
    const model::SiteTally& tally = counted.tallies[i];
    if (is_all_young(tally, counted) && judged.sites[i].state != SiteState::kGrowing) {
      ++result.young_sites;
    } else {
      profile.sites.push_back(site_from(tally, std::move(judged.sites[i]), counted));
    }
  }
  put_in_order(profile.sites);
  if (profile.sites.size() > kMostSites) {
    profile.sites_not_kept = profile.sites.size() - kMostSites;
    profile.sites.resize(kMostSites);
  }
  return result;
}

void put_into(report::Document& document, ProfileWithVerdict judged, const ProfileView& view) {
  judged.profile = analysis::profile::filtered(view.filter, judged.profile);
  const auto growing =
      static_cast<std::size_t>(std::ranges::count(judged.profile.sites, SiteState::kGrowing, &model::Site::state));
  // A filter may have taken away what the verdict rests on.
  if (judged.verdict == findings::Verdict::kSuspect && growing == 0) judged.verdict = findings::Verdict::kClean;
  document.verdict = judged.verdict;
  document.needed = judged.needed;
  if (judged.verdict == findings::Verdict::kClean) document.detectable_rate = judged.detectable_rate;
  switch (judged.verdict) {
    case findings::Verdict::kLeak:
    case findings::Verdict::kSuspect:
      document.headline = growing_headline(judged.profile, growing);
      break;
    case findings::Verdict::kClean:
      document.headline = clean_headline(judged);
      break;
    case findings::Verdict::kInsufficient:
      document.headline = insufficient_headline(judged);
      break;
  }
  if (judged.young_sites > 0) {
    document.details.push_back(
        fmt::format("{} further sites hold young objects only (--older) and are left out.", judged.young_sites));
  }
  if (view.grouping != analysis::profile::Grouping::kSite)
    document.tables.push_back(groups_of(judged.profile, view.grouping));
  document.profile = std::move(judged.profile);
}

}  // namespace leakscope::session
