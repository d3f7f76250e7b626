#include "render/text/findings.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "render/text/layout.h"
#include "render/text/subject.h"
#include "report/quantity.h"

namespace leakscope::render::text {
namespace {

using findings::Evidence;
using findings::Finding;
using findings::Holder;
using findings::State;

constexpr std::size_t kHoldersShown = 3;
constexpr std::size_t kHarmlessShown = 6;
constexpr std::string_view kIndent = "    ";
constexpr std::size_t kGap = 3;

bool is_growth(const Finding& finding) { return finding.state == State::kLeak || finding.state == State::kGrowing; }

std::string words(std::string_view id) {
  std::string out(id);
  std::ranges::replace(out, '_', ' ');
  return out;
}

/// "+39.8 MiB/min (37.1 to 42.3)", "steady", "97 %", "confidence high"
std::vector<std::string> facts_of(const Finding& finding) {
  std::vector<std::string> facts;
  if (finding.rate) {
    facts.push_back(report::to_human_rate(*finding.rate, finding.unit));
  } else if (finding.per_round) {
    facts.push_back(report::to_human_per_round(*finding.per_round, finding.unit));
  } else if (finding.amount) {
    facts.push_back(report::to_human_change(*finding.amount, finding.unit));
  }
  if (finding.pattern) facts.push_back(words(to_string(*finding.pattern)));
  if (finding.share_of_decline) facts.push_back(report::to_human_share(*finding.share_of_decline));
  facts.push_back(
      fmt::format("{}confidence {}", finding.state == State::kLeak ? "leak, " : "", to_string(finding.confidence)));
  return facts;
}

std::string in_one_line(const std::vector<std::string>& facts) { return fmt::format("{}", fmt::join(facts, "   ")); }

/// Subject and facts in one line where they fit, the facts of all findings below each other; else in two lines.
void write_head(Pen& pen, const Finding& finding, std::size_t number, std::size_t column) {
  const std::string lead = fmt::format("{:>2}  ", number);
  const Style style = finding.state == State::kLeak ? Style::kBad : Style::kWarning;
  const std::string facts = in_one_line(facts_of(finding));
  const std::size_t room = pen.width() - kIndent.size();
  const std::string label = subject_label(pen, finding);
  const std::size_t start = std::max(column, columns(label) + kGap);
  if (start + columns(facts) <= room) {
    pen.line(pen.styled(style, lead) + pen.styled(Style::kStrong, label) + std::string(start - columns(label), ' ') +
             facts);
    return;
  }
  pen.line(pen.styled(style, lead) + pen.styled(Style::kStrong, cut_middle(label, room, pen.marks().ellipsis)));
  pen.hanging(kIndent, pen.joined(facts_of(finding)));
}

/// "1 h 49 min to 2 h 4 min"; ends that read the same are one figure: "about 3 h 7 min".
std::string room_of(const findings::Finding::Eta& eta) {
  const std::string soonest = to_human(eta.lower);
  if (!eta.upper) return soonest + " at least";
  const std::string latest = to_human(*eta.upper);
  return soonest == latest ? "about " + soonest : soonest + " to " + latest;
}

/// How things stand and where they go: "now 4.30 GiB, +39.8 MiB in this window; at this pace ..."
std::string outlook_of(const Finding& finding) {
  std::string out;
  if (finding.level) out = "now " + report::to_human(*finding.level, finding.unit);
  if (finding.amount && (finding.rate || finding.per_round)) {
    out += fmt::format("{}{} in this window", out.empty() ? "" : ", ",
                       report::to_human_change(*finding.amount, finding.unit));
  }
  if (finding.eta) {
    out += out.empty() ? "" : "; ";
    out += "at this pace there is room for " + room_of(*finding.eta);
  }
  return out;
}

/// The sources stand below each other behind the longest text that leaves them room; a text that leaves none is
/// wrapped and its source follows in the same paragraph.
void write_evidence(Pen& pen, const std::vector<Evidence>& evidence) {
  const std::size_t room = pen.width() - kIndent.size();
  struct Row {
    std::string text;
    std::string source;
  };
  std::vector<Row> rows;
  std::size_t column = 0;
  for (const Evidence& e : evidence) {
    rows.push_back({pen.safe(e.text), pen.safe(e.source)});
    const std::size_t wanted = columns(rows.back().text) + kGap;
    if (wanted + columns(rows.back().source) <= room) column = std::max(column, wanted);
  }
  for (const Row& row : rows) {
    const std::size_t start = std::max(column, columns(row.text) + kGap);
    if (row.source.empty()) {
      pen.hanging(kIndent, row.text);
    } else if (start + columns(row.source) <= room) {
      pen.line(std::string(kIndent) + pad_right(row.text, start) + pen.styled(Style::kFaint, row.source));
    } else if (columns(row.text) + kGap + columns(row.source) <= room) {
      pen.line(std::string(kIndent) + row.text + std::string(kGap, ' ') + pen.styled(Style::kFaint, row.source));
    } else {
      pen.hanging(kIndent, fmt::format("{} [{}]", row.text, row.source));
    }
  }
}

void write_holders(Pen& pen, const std::vector<Holder>& holders) {
  if (holders.empty()) return;
  std::vector<std::string> items;
  for (const Holder& holder : holders) {
    std::string item = fmt::format("{} (pid {}", pen.safe(holder.comm), holder.process.pid.value);
    if (!holder.cgroup.empty()) item += ", " + cut_middle(pen.safe(holder.cgroup), 40, pen.marks().ellipsis);
    item += ")";
    if (!holder.holds.empty()) item += ": " + pen.safe(holder.holds);
    items.push_back(std::move(item));
  }
  pen.hanging(kIndent, "held by " + pen.joined_up_to(std::move(items), kHoldersShown));
}

void write_finding(Pen& pen, const Finding& finding, std::size_t number, std::size_t column) {
  write_head(pen, finding, number, column);
  if (const std::string outlook = outlook_of(finding); !outlook.empty()) pen.hanging(kIndent, outlook);
  if (finding.subject.key.kind == model::SubjectKind::kSlabCache && !finding.subject.detail.empty()) {
    pen.hanging(kIndent, "the kernel merged it with " +
                             cut_middle(pen.safe(finding.subject.detail), pen.width(), pen.marks().ellipsis));
  }
  write_evidence(pen, finding.evidence);
  write_holders(pen, finding.holders);
  // A command is copied, so it is never broken into lines.
  for (const std::string& command : finding.next)
    pen.line(pen.styled(Style::kStrong, "    next: ") + pen.safe(command));
}

/// "page cache +310 MiB"
std::string short_form(const Pen& pen, const Finding& finding) {
  std::string out = cut_middle(subject_label(pen, finding), 60, pen.marks().ellipsis);
  if (finding.amount && *finding.amount != 0) out += " " + report::to_human_change(*finding.amount, finding.unit);
  if (finding.state == State::kInsufficient && finding.needed) out += " (watch " + to_human(*finding.needed) + ")";
  return out;
}

std::vector<std::string> in_state(const Pen& pen, const report::Document& document, State state) {
  std::vector<std::string> items;
  for (const Finding& finding : document.findings) {
    // How the machine struggles stands below the headline.
    if (finding.state == state && finding.id != "machine.struggle") items.push_back(short_form(pen, finding));
  }
  return items;
}

}  // namespace

void write_growing(Pen& pen, const report::Document& document) {
  std::size_t column = 0;
  for (const Finding& finding : document.findings) {
    if (!is_growth(finding)) continue;
    const std::size_t wanted = columns(subject_label(pen, finding)) + kGap;
    if (kIndent.size() + wanted + columns(in_one_line(facts_of(finding))) <= pen.width())
      column = std::max(column, wanted);
  }
  std::size_t number = 0;
  for (const Finding& finding : document.findings) {
    if (!is_growth(finding)) continue;
    pen.blank();
    write_finding(pen, finding, ++number, column);
  }
}

void write_harmless(Pen& pen, const report::Document& document) {
  static constexpr auto kStates = std::to_array({State::kCache, State::kFollowsLoad, State::kSaturating, State::kStep,
                                                 State::kFragmented, State::kRetained, State::kClean});
  std::string_view lead = "Not leaks:  ";
  pen.blank();
  for (const State state : kStates) {
    std::vector<std::string> items = in_state(pen, document, state);
    if (items.empty()) continue;
    pen.hanging(lead,
                fmt::format("{}: {}", words(to_string(state)), pen.joined_up_to(std::move(items), kHarmlessShown)));
    lead = "            ";
  }
  if (std::vector<std::string> items = in_state(pen, document, State::kInsufficient); !items.empty()) {
    pen.hanging("Cannot tell yet: ", pen.joined_up_to(std::move(items), kHarmlessShown));
  }
}

}  // namespace leakscope::render::text
