#include "render/text/sites.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "render/text/layout.h"
#include "report/frame_text.h"
#include "report/profile_text.h"
#include "report/quantity.h"

namespace leakscope::render::text {
namespace {

using model::Profile;
using model::Site;
using model::SiteState;
using model::Unit;

constexpr std::string_view kIndent = "    ";
constexpr std::string_view kStackIndent = "       ";
constexpr std::size_t kGap = 3;
constexpr std::size_t kProcessesShown = 3;
constexpr std::size_t kNarrowestFile = 12;

/// Sites that are told together.
struct Group {
  std::span<const SiteState> states;
  std::string_view heading;  ///< empty: their state says it
  std::size_t sites_shown;
  std::size_t frames_shown;
  Style style;
};

std::span<const Group> groups() {
  static constexpr auto kChief = std::to_array({SiteState::kLost, SiteState::kGrowing});
  static constexpr auto kIndirect = std::to_array({SiteState::kIndirect});
  static constexpr auto kUnfreed = std::to_array({SiteState::kUnfreed});
  static constexpr auto kDoubtful = std::to_array({SiteState::kDoubtful});
  static constexpr auto kReachable = std::to_array({SiteState::kReachable});
  static constexpr auto kBlind = std::to_array({SiteState::kBlind});
  static constexpr auto kGroups = std::to_array<Group>({
      {kChief, "", 10, 12, Style::kWarning},
      {kIndirect, "Only lost memory points to these:", 5, 5, Style::kPlain},
      {kDoubtful, "Only something doubtful points to these:", 5, 5, Style::kPlain},
      {kUnfreed, "Held at the end, which is no leak by itself:", 5, 5, Style::kPlain},
      {kReachable, "Something points to these:", 5, 5, Style::kPlain},
      {kBlind, "Cannot tell, since too many of their frees are unseen:", 5, 3, Style::kFaint},
  });
  return kGroups;
}

std::string count_text(std::uint64_t count) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return report::to_human_count(static_cast<std::int64_t>(std::min(count, kMost)));
}

/// Durations beyond this are no durations, and do not fit into nanoseconds.
constexpr double kLongestSeconds = 9e9;

std::string seconds_text(double seconds) {
  if (!std::isfinite(seconds) || std::abs(seconds) > kLongestSeconds) return "?";
  return to_human(std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds)));
}

/// "92 to 95 %", "about 94 %".
std::string range_text(const model::ShareInterval& share) {
  const std::string upper = report::to_human_share(share.upper);
  const std::string lower = report::to_human_share(share.lower);
  if (lower == upper) return "about " + upper;
  return fmt::format("{} to {}", lower.ends_with(" %") ? lower.substr(0, lower.size() - 2) : lower, upper);
}

std::string share_of(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? report::to_human_share(static_cast<double>(part) / static_cast<double>(whole)) : "?";
}

std::string held_text(const Site& site) {
  std::string out = to_human(Bytes(site.bytes)) + " held";
  if (site.bytes_interval) {
    out += fmt::format(" ({} to {})", to_human(Bytes(site.bytes_interval->lower)),
                       to_human(Bytes(site.bytes_interval->upper)));
  }
  return out;
}

bool is_chief(const Site& site) { return site.state == SiteState::kLost || site.state == SiteState::kGrowing; }

std::vector<std::string> facts_of(const Pen& pen, const Site& site, std::int64_t total) {
  std::vector<std::string> facts;
  if (site.rate && (is_chief(site) || pen.options().verbose)) {
    facts.push_back(report::to_human_rate({site.rate->lower, site.rate->point, site.rate->upper}, Unit::kBytes));
  }
  facts.push_back(held_text(site));
  facts.push_back(share_of(site.bytes, total));
  facts.emplace_back(to_string(site.state));
  return facts;
}

std::string in_one_line(const std::vector<std::string>& facts) { return fmt::format("{}", fmt::join(facts, "   ")); }

std::string label_of(const Pen& pen, const Site& site) {
  return fmt::format("{} ({})", pen.safe(report::caller_of(site)), pen.safe(report::taken_from(site)));
}

/// Who asked and the facts in one line where they fit, the facts of a group below each other; else in two lines.
void write_head(Pen& pen, const Site& site, const std::string& lead, Style style, std::int64_t total,
                std::size_t column) {
  const std::vector<std::string> facts = facts_of(pen, site, total);
  const std::string label = label_of(pen, site);
  const std::size_t room = pen.width() - kIndent.size();
  const std::size_t start = std::max(column, columns(label) + kGap);
  if (start + columns(in_one_line(facts)) <= room) {
    pen.line(pen.styled(style, lead) + pen.styled(Style::kStrong, label) + std::string(start - columns(label), ' ') +
             in_one_line(facts));
    return;
  }
  pen.line(pen.styled(style, lead) + pen.styled(Style::kStrong, cut_middle(label, room, pen.marks().ellipsis)));
  pen.hanging(kIndent, pen.joined(facts));
}

/// "10,204 taken, 15 given back, 10,189 held", and how old they are.
std::vector<std::string> counts_of(const Pen& pen, const Site& site) {
  std::vector<std::string> items{fmt::format("{} taken, {} given back, {} held", count_text(site.allocs),
                                             count_text(site.frees), report::to_human_count(site.count))};
  if (site.unseen_frees > 0) items.push_back(count_text(site.unseen_frees) + " proven to be given back unseen");
  if (site.ages) {
    items.push_back(fmt::format("oldest {}, median {}", seconds_text(site.ages->max), seconds_text(site.ages->median)));
  }
  if (site.indirect_bytes > 0) {
    items.push_back(to_human(Bytes(site.indirect_bytes)) + " more that only these point to");
  }
  if (!site.type.empty()) items.push_back("type " + pen.safe(site.type));
  return items;
}

std::string blindness_text(const Site& site) {
  if (!site.blindness) return "";
  if (site.state == SiteState::kBlind)
    return fmt::format("blind: {} of its frees are unseen", range_text(*site.blindness));
  return fmt::format("at most {} of its frees are unseen", report::to_human_share(site.blindness->upper));
}

void write_processes(Pen& pen, const Site& site) {
  if (site.processes.empty()) return;
  std::vector<std::string> items;
  for (const model::ProcessShare& share : site.processes) {
    std::string item = share.comm.empty() ? "(no name)" : pen.safe(share.comm);
    if (share.pid.value > 0) item += fmt::format(" (pid {})", share.pid.value);
    items.push_back(item + " " + share_of(share.bytes, site.bytes));
  }
  pen.hanging(kIndent, "in " + pen.joined_up_to(std::move(items), kProcessesShown));
}

struct StackLine {
  std::string place;
  std::string source;
};

/// Where the lines of source begin: behind the longest place that leaves its own room.
std::size_t source_column(std::span<const StackLine> lines, std::size_t room) {
  std::size_t column = 0;
  for (const StackLine& line : lines) {
    const std::size_t wanted = columns(line.place) + kGap;
    if (wanted + columns(line.source) <= room) column = std::max(column, wanted);
  }
  return column;
}

/// The places below each other, and behind them the lines of source that are known.
void write_stack(Pen& pen, const Site& site, std::size_t most) {
  const std::size_t shown = pen.options().verbose ? site.stack.size() : std::min(site.stack.size(), most);
  const std::size_t room = pen.width() - kStackIndent.size();
  std::vector<StackLine> lines;
  for (const model::Frame& frame : std::span(site.stack).first(shown)) {
    lines.push_back(
        {cut_middle(pen.safe(report::place_of(frame)), room, pen.marks().ellipsis), pen.safe(report::line_of(frame))});
  }
  const std::size_t column = source_column(lines, room);
  for (const StackLine& line : lines) {
    std::string out = std::string(kStackIndent) + line.place;
    const std::size_t start = std::max(column, columns(line.place) + kGap);
    if (!line.source.empty() && start + kNarrowestFile <= room) {
      out += std::string(start - columns(line.place), ' ') +
             pen.styled(Style::kFaint, cut_middle(line.source, room - start, pen.marks().ellipsis));
    }
    pen.line(out);
  }
  if (shown < site.stack.size()) pen.line(fmt::format("{}({} further out)", kStackIndent, site.stack.size() - shown));
}

void write_site(Pen& pen, const Site& site, std::size_t frames_shown) {
  if (const std::string blindness = blindness_text(site); !blindness.empty()) pen.hanging(kIndent, blindness);
  if (!site.note.empty()) pen.hanging(kIndent, pen.safe(site.note));
  pen.hanging(kIndent, pen.joined(counts_of(pen, site)));
  write_processes(pen, site);
  write_stack(pen, site, frames_shown);
}

std::vector<const Site*> in_group(const Pen& pen, const Profile& profile, const Group& group) {
  std::vector<const Site*> sites;
  for (const Site& site : profile.sites) {
    // What holds nothing has nothing to say, unless it was judged.
    if (site.bytes <= 0 && !is_chief(site) && !pen.options().verbose) continue;
    if (std::ranges::find(group.states, site.state) != group.states.end()) sites.push_back(&site);
  }
  return sites;
}

/// Where the facts of a group begin: behind its longest label that leaves them room.
std::size_t facts_column(const Pen& pen, std::span<const Site* const> sites, std::int64_t total) {
  std::size_t column = 0;
  for (const Site* site : sites) {
    const std::size_t wanted = columns(label_of(pen, *site)) + kGap;
    if (kIndent.size() + wanted + columns(in_one_line(facts_of(pen, *site, total))) <= pen.width()) {
      column = std::max(column, wanted);
    }
  }
  return column;
}

void write_group(Pen& pen, const Profile& profile, const Group& group, std::int64_t total, std::size_t& number) {
  const std::vector<const Site*> sites = in_group(pen, profile, group);
  if (sites.empty()) return;
  pen.blank();
  if (!group.heading.empty()) pen.hanging("", group.heading);
  const std::size_t shown = pen.options().verbose ? sites.size() : std::min(sites.size(), group.sites_shown);
  const std::span<const Site* const> listed(sites.data(), shown);
  const std::size_t column = facts_column(pen, listed, total);
  for (const Site* site : listed) {
    // Those that matter stand apart from each other; the others are a list.
    if (group.heading.empty()) pen.blank();
    write_head(pen, *site, fmt::format("{:>2}  ", ++number), group.style, total, column);
    write_site(pen, *site, group.frames_shown);
  }
  if (shown == sites.size()) return;
  std::int64_t rest = 0;
  for (std::size_t i = shown; i < sites.size(); ++i) rest = report::saturating_add(rest, sites[i]->bytes);
  pen.hanging(kIndent, fmt::format("and {} more, which hold {}; -v lists them", count_text(sites.size() - shown),
                                   to_human(Bytes(rest))));
}

}  // namespace

std::string profile_heading(const Pen& pen, const Profile& profile) {
  const auto holding = std::ranges::count_if(profile.sites, [](const Site& site) { return site.bytes > 0; });
  std::vector<std::string> items;
  const std::string title = pen.safe(report::title_of(profile));
  if (holding == 0) {
    items.push_back("no site holds any: " + title);
  } else {
    items.push_back(fmt::format("{} by {} {}: {}", to_human(Bytes(report::bytes_held(profile))),
                                report::to_human_count(holding), holding == 1 ? "site" : "sites", title));
  }
  for (const std::string& term : report::terms_of(profile)) items.push_back(term);
  return pen.joined(items);
}

void write_sites(Pen& pen, const report::Document& document) {
  if (!document.profile) return;
  pen.blank();
  pen.hanging("", profile_heading(pen, *document.profile));
  const std::int64_t total = report::bytes_held(*document.profile);
  std::size_t number = 0;
  for (const Group& group : groups()) write_group(pen, *document.profile, group, total, number);
}

}  // namespace leakscope::render::text
