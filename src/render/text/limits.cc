#include "render/text/limits.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "render/text/layout.h"
#include "report/quantity.h"

namespace leakscope::render::text {
namespace {

using model::Coverage;
using model::EventKind;
using report::Document;

constexpr std::size_t kEventsShown = 8;
constexpr std::size_t kGroupsShown = 6;
constexpr std::size_t kSourcesShown = 6;

/// Processes and cgroups come and go all the time; the others are rare and explain something.
bool matters(EventKind kind) {
  return kind != EventKind::kProcessStart && kind != EventKind::kProcessExit && kind != EventKind::kCgroupMade &&
         kind != EventKind::kCgroupRemoved;
}

/// "09:21:32", or with the date where the window is longer than a day or not known.
std::string clock_text(const Document& document, const Moment& time) {
  const std::string full = to_rfc3339(time.wall);
  const auto& window = document.window;
  const bool same_day = window && window->start && window->end &&
                        to_rfc3339(window->start->wall).substr(0, 10) == to_rfc3339(window->end->wall).substr(0, 10);
  return same_day ? full.substr(11, 8) : full.substr(0, 10) + " " + full.substr(11, 8);
}

std::string event_text(const Pen& pen, const Document& document, std::size_t index) {
  const model::Event& event = document.events[index];
  std::string kind(to_string(event.kind));
  std::ranges::replace(kind, '_', ' ');
  std::vector<std::string> about;
  if (index < document.event_subjects.size() && !document.event_subjects[index].empty()) {
    about.push_back(pen.safe(document.event_subjects[index]));
  }
  if (!event.text.empty()) about.push_back(pen.safe(event.text));
  return about.empty() ? kind : fmt::format("{}: {}", kind, fmt::join(about, ", "));
}

/// Sources that share a state and what opens them (or, where nothing does, the reason).
struct Group {
  Coverage::State state;
  std::string why;
  std::string remedy;
  std::vector<std::string> sources;
};

/// What one can do something about comes first, what this kernel simply does not have comes last.
int rank(const Group& group) {
  if (!group.remedy.empty()) return group.state == Coverage::State::kDenied ? 0 : 1;
  return group.state == Coverage::State::kAbsent ? 3 : 2;
}

std::vector<Group> grouped(const Document& document) {
  std::vector<Group> groups;
  for (const Coverage& coverage : document.coverage) {
    if (coverage.state == Coverage::State::kOk) continue;
    const auto same = std::ranges::find_if(groups, [&](const Group& group) {
      if (group.state != coverage.state || group.remedy != coverage.remedy) return false;
      const bool merely_absent = coverage.state == Coverage::State::kAbsent && coverage.remedy.empty();
      return !coverage.remedy.empty() || merely_absent || group.why == coverage.why;
    });
    if (same == groups.end()) {
      groups.push_back({coverage.state, coverage.why, coverage.remedy, {coverage.source}});
      continue;
    }
    same->sources.push_back(coverage.source);
    if (same->why != coverage.why) same->why.clear();
  }
  std::ranges::stable_sort(groups, {}, rank);
  return groups;
}

std::string group_text(const Pen& pen, const Group& group) {
  std::vector<std::string> sources;
  sources.reserve(group.sources.size());
  for (const std::string& source : group.sources) sources.push_back(pen.safe(source));
  std::size_t left_out = 0;
  if (!pen.options().verbose && sources.size() > kSourcesShown) {
    left_out = sources.size() - kSourcesShown;
    sources.resize(kSourcesShown);
  }
  std::string out = fmt::format("{}", fmt::join(sources, ", "));
  if (left_out > 0) out += fmt::format(" and {} more", left_out);
  out += fmt::format(" ({})", to_string(group.state));
  if (!group.why.empty()) out += ": " + pen.safe(group.why);
  if (!group.remedy.empty()) out += (group.why.empty() ? ": " : "; ") + pen.safe(group.remedy);
  return out;
}

void write_full_coverage(Pen& pen, const Document& document) {
  std::size_t column = 0;
  for (const Coverage& c : document.coverage) column = std::max(column, columns(pen.safe(c.source)));
  column = std::min<std::size_t>(column, 32);
  pen.blank();
  for (const Coverage& c : document.coverage) {
    const std::string source = cut_middle(pen.safe(c.source), column, pen.marks().ellipsis);
    const Style style = c.state == Coverage::State::kOk       ? Style::kGood
                        : c.state == Coverage::State::kAbsent ? Style::kFaint
                                                              : Style::kWarning;
    const std::string label = fmt::format("{}  {:<8}  ", pad_right(source, column), to_string(c.state));
    std::string text = pen.safe(c.why);
    if (!c.remedy.empty()) text += (text.empty() ? "" : "; ") + pen.safe(c.remedy);
    pen.hanging(label, text, style);
  }
}

void write_not_seen(Pen& pen, const Document& document) {
  std::vector<Group> groups = grouped(document);
  std::size_t left_out = 0;
  if (!pen.options().verbose && groups.size() > kGroupsShown) {
    for (std::size_t i = kGroupsShown; i < groups.size(); ++i) left_out += groups[i].sources.size();
    groups.resize(kGroupsShown);
  }
  std::string_view lead = "Not seen:   ";
  for (const Group& group : groups) {
    pen.hanging(lead, group_text(pen, group));
    lead = "            ";
  }
  if (left_out > 0) pen.hanging(lead, fmt::format("and {} more sources; -v lists them", left_out));
}

}  // namespace

void write_events(Pen& pen, const Document& document) {
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < document.events.size(); ++i) {
    if (pen.options().verbose || matters(document.events[i].kind)) shown.push_back(i);
  }
  if (shown.empty()) return;
  pen.blank();
  std::string lead = "Events:     ";
  if (!pen.options().verbose && shown.size() > kEventsShown) {
    const std::size_t earlier = shown.size() - kEventsShown;
    shown.erase(shown.begin(), shown.begin() + static_cast<std::ptrdiff_t>(earlier));
    pen.line(fmt::format("{}({} earlier ones; -v lists them)", lead, earlier));
    lead = "            ";
  }
  for (const std::size_t index : shown) {
    const std::string time = clock_text(document, document.events[index].time) + " UTC  ";
    pen.hanging(lead + time, event_text(pen, document, index));
    lead = "            ";
  }
}

void write_limits(Pen& pen, const Document& document) {
  if (pen.options().full_coverage) {
    write_full_coverage(pen, document);
  } else {
    pen.blank();
    write_not_seen(pen, document);
  }
  std::string_view lead = "Lost:       ";
  for (const model::Loss& loss : document.losses) {
    const auto count = report::to_human_count(static_cast<std::int64_t>(loss.count));
    const std::string of = loss.of == 0 ? "" : " of " + report::to_human_count(static_cast<std::int64_t>(loss.of));
    pen.hanging(lead, fmt::format("{}: {}{} {}", pen.safe(loss.source), count, of, pen.safe(loss.what)));
    lead = "            ";
  }
}

}  // namespace leakscope::render::text
