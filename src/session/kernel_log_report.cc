#include "session/kernel_log_report.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "report/quantity.h"
#include "session/diagnose.h"
#include "session/oom_ledger.h"
#include "session/oom_story.h"
#include "session/oom_tables.h"
#include "sources/kernel_log/line_filter.h"
#include "sources/kernel_log/log_line.h"
#include "sources/logs/byte_stream.h"
#include "sources/logs/line_reader.h"
#include "sources/oom_report/oom_parser.h"

namespace leakscope::session {
namespace {

using findings::Verdict;
using sources::oom_report::Constraint;
using sources::oom_report::Counter;

/// The report whose account is given: the last one that tells where memory was, else the last one.
const LoggedReport& account_report(const std::vector<LoggedReport>& reports) {
  const auto told = std::find_if(reports.rbegin(), reports.rend(),
                                 [](const LoggedReport& logged) { return ledger_of(logged.report).has_value(); });
  return told == reports.rend() ? reports.back() : *told;
}

std::string victim_words(const LoggedReport& logged, const sources::oom_report::Victim& victim) {
  std::string words =
      fmt::format("{} ({}) was killed, {} was short", victim.comm, victim.pid.value, short_of(logged.report));
  if (victim.anon_rss) words += fmt::format("; it had {} of anonymous memory", to_human(*victim.anon_rss));
  return words;
}

/// Boot time of a report: its own, or the time since the first report of the log.
std::optional<BootTime> axis_of(const LoggedReport& logged, const LoggedReport& first) {
  if (logged.since_boot && first.since_boot) return BootTime{*logged.since_boot};
  if (logged.wall && first.wall) return BootTime{logged.wall->since_epoch - first.wall->since_epoch};
  return std::nullopt;
}

/// Reports of the host and boot of `about`, of the same kind: a cgroup's reports tell nothing of the machine.
std::vector<const LoggedReport*> series_of(const std::vector<LoggedReport>& reports, const LoggedReport& about) {
  std::vector<const LoggedReport*> series;
  const bool cgroup = about.report.constraint == Constraint::kMemcg;
  for (const LoggedReport& logged : reports) {
    const bool same_kind = (logged.report.constraint == Constraint::kMemcg) == cgroup &&
                           (!cgroup || logged.report.oom_cgroup == about.report.oom_cgroup);
    if (same_kind && logged.host == about.host && logged.boot == about.boot) series.push_back(&logged);
  }
  return series;
}

std::unique_ptr<model::Observation> observe(const std::vector<const LoggedReport*>& series) {
  auto registry = std::make_shared<model::Registry>();
  auto observation = std::make_unique<model::Observation>(registry);
  std::optional<BootTime> last;
  for (const LoggedReport* const logged : series) {
    const auto time = axis_of(*logged, *series.front());
    if (!time || (last && *time <= *last)) continue;
    last = time;
    model::Sample sample;
    sample.time = Moment{*time, logged->wall.value_or(WallTime{time->since_boot}), time->since_boot};
    model::SampleSink sink(*registry, sample);
    put_readings(logged->report, sink);
    if (!sample.readings.empty()) observation->add(sample);
  }
  return observation;
}

void add_events(const OomLog& log, const LoggedReport& about, report::Document& document) {
  for (std::size_t i = 0; i < log.events.size(); ++i) {
    if (log.event_hosts[i] == about.host) document.events.push_back(log.events[i]);
  }
  for (const LoggedReport& logged : log.reports) {
    if (logged.host != about.host || !logged.wall) continue;
    const Nanoseconds boot = logged.since_boot.value_or(Nanoseconds{0});
    for (const auto& victim : logged.report.victims) {
      document.events.push_back(
          {Moment{BootTime{boot}, *logged.wall, boot}, model::EventKind::kOomKill, {}, victim_words(logged, victim)});
    }
  }
  std::ranges::stable_sort(document.events, {}, [](const model::Event& event) { return event.time.wall; });
  document.event_subjects.assign(document.events.size(), {});
}

void note_other_hosts(const OomLog& log, const LoggedReport& about, report::Document& document) {
  std::vector<std::string> others;
  for (const LoggedReport& logged : log.reports) {
    if (logged.host != about.host && std::ranges::find(others, logged.host) == others.end())
      others.push_back(logged.host);
  }
  if (others.empty()) return;
  document.coverage.push_back({"kernel log", model::Coverage::State::kPartial,
                               fmt::format("it mixes hosts: {} is judged, the reports of {} more are listed",
                                           about.host.empty() ? "the one without a name" : about.host, others.size()),
                               "give the log of one host"});
}

void note_what_is_not_in_it(const LoggedReport& about, report::Document& document) {
  const bool cgroup = about.report.constraint == Constraint::kMemcg;
  document.coverage.push_back(
      {"OOM report", model::Coverage::State::kPartial,
       cgroup
           ? "it tells of one cgroup at one moment: nothing of the machine's other memory, and no growth"
           : "it has no count of vmalloc, per-CPU memory and compressed swap, and slab caches only when slab is large",
       "leakscope record -o leak.rec --for 1h"});
}

report::Document without_reports(OomLog log) {
  report::Document document;
  document.command = "diagnose";
  document.verdict = Verdict::kInsufficient;
  document.headline =
      fmt::format("no OOM report in {} {} of kernel log.", log.lines, log.lines == 1 ? "line" : "lines");
  document.events = std::move(log.events);
  document.event_subjects.assign(document.events.size(), {});
  document.coverage = std::move(log.coverage);
  document.losses = std::move(log.losses);
  return document;
}

std::string why_not_judged(std::size_t samples) {
  if (samples <= 1) return "Whether something leaks cannot be told from one report: it shows levels, not growth.";
  return fmt::format(
      "Whether something leaks cannot be told from {} reports: they show nothing but moments when memory was out.",
      samples);
}

/// "From the first of 12 reports to the last (5 h 30 min): unreclaimable slab +172 MiB, free pages -3.10 MiB."
std::optional<std::string> change_between(const std::vector<const LoggedReport*>& series, const LoggedReport& last) {
  constexpr std::size_t kShown = 3;
  const LoggedReport& first = *series.front();
  const auto before = ledger_of(first.report);
  const auto after = ledger_of(last.report);
  const auto from = axis_of(first, first);
  const auto to = axis_of(last, first);
  if (!before || !after || !after->total || !from || !to || *to <= *from) return std::nullopt;
  std::vector<std::pair<std::int64_t, std::string>> changes;
  for (const model::LedgerRow& row : after->rows) {
    const auto old = std::ranges::find(before->rows, row.id, &model::LedgerRow::id);
    if (old != before->rows.end()) changes.emplace_back(row.bytes.count() - old->bytes.count(), row.label);
  }
  if (before->unattributed() && after->unattributed()) {
    changes.emplace_back((*after->unattributed() - *before->unattributed()).count(), "in no counter");
  }
  const std::int64_t little = after->total->count() / 100;
  std::erase_if(changes, [little](const auto& change) { return std::abs(change.first) < little; });
  std::ranges::stable_sort(changes, std::ranges::greater{}, [](const auto& change) { return std::abs(change.first); });
  if (changes.size() > kShown) changes.resize(kShown);
  std::string text =
      fmt::format("From the first of {} reports to the last ({}): ", series.size(), to_human(*to - *from));
  if (changes.empty()) return text + "no row of the ledger changed by a hundredth of the total.";
  for (std::size_t i = 0; i < changes.size(); ++i) {
    text += fmt::format("{}{} {}", i > 0 ? ", " : "", changes[i].second,
                        report::to_human_change(changes[i].first, model::Unit::kBytes));
  }
  return text + ".";
}

/// The usual rules name the files of /proc that their figures come from on a live machine.
void name_the_source(report::Document& document) {
  for (findings::Finding& finding : document.findings) {
    for (findings::Evidence& evidence : finding.evidence) {
      if (evidence.source == "/proc/meminfo" || evidence.source == "/proc/vmstat") evidence.source = "OOM reports";
    }
  }
}

/// A line that names the kernel as its writer, or printk's clock.
bool is_of_the_kernel(const sources::kernel_log::LogLine& line) {
  return !line.bare && line.from_kernel && (line.since_boot || !line.host.empty());
}

/// What two logs of one machine have of one report: figures that no other report has.
bool is_same_report(const LoggedReport& one, const LoggedReport& other) {
  const auto& a = one.report;
  const auto& b = other.report;
  if (a.victims.empty() || a.victims.size() != b.victims.size() || a.trigger.comm != b.trigger.comm) return false;
  const bool times_differ = one.wall && other.wall && !one.since_boot && !other.since_boot && *one.wall != *other.wall;
  return !times_differ && a.victims.front().pid == b.victims.front().pid &&
         a.victims.front().comm == b.victims.front().comm && a.victims.front().anon_rss == b.victims.front().anon_rss &&
         a.machine.get(Counter::kFree) == b.machine.get(Counter::kFree) && a.tasks.size() == b.tasks.size();
}

/// A pipe cannot be read twice: nothing then.
std::optional<WallTime> first_date_of(const UniqueFd& fd, const std::string& name, WallTime written) {
  constexpr std::uint64_t kLinesSeen = 20'000;
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  UniqueFd again(::open(fmt::format("/proc/self/fd/{}", fd.get()).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!again.is_open()) return std::nullopt;
  auto bytes = sources::logs::open_bytes(std::move(again), name);
  if (!bytes) return std::nullopt;
  sources::logs::LineReader lines(std::move(*bytes));
  sources::kernel_log::LogLineReader reader(written);
  while (const auto line = lines.next()) {
    if (lines.lines() > kLinesSeen) break;
    if (const auto wall = reader.read(line->text).wall) return wall;
  }
  return std::nullopt;
}

}  // namespace

void list_reports(OomLog log, Observed& seen) {
  model::Observation& observation = *seen.observation;
  for (LoggedReport& logged : log.reports) {
    const auto known =
        std::ranges::find_if(seen.reports, [&](const LoggedReport& other) { return is_same_report(logged, other); });
    if (known == seen.reports.end()) {
      seen.reports.push_back(std::move(logged));
    } else if (!known->wall && logged.wall) {
      *known = std::move(logged);
    }
  }
  std::ranges::move(log.losses, std::back_inserter(observation.losses));
}

void add_kills(Observed& seen) {
  constexpr std::size_t kMostKills = 1000;
  model::Observation& observation = *seen.observation;
  const auto end = observation.end();
  if (!end || observation.times_assumed) return;
  std::vector<model::Event> kills;
  for (const LoggedReport& logged : seen.reports) {
    if (!logged.wall) continue;
    const Nanoseconds before_end = end->wall.since_epoch - logged.wall->since_epoch;
    const Moment moment{BootTime{end->boot.since_boot - before_end}, *logged.wall, end->monotonic - before_end};
    for (const auto& victim : logged.report.victims) {
      kills.push_back({moment, model::EventKind::kOomKill, {}, victim_words(logged, victim)});
    }
  }
  const auto by_date = [](const model::Event& event) { return event.time.wall; };
  std::ranges::stable_sort(kills, {}, by_date);
  const std::size_t left_out = kills.size() - std::min(kills.size(), kMostKills);
  if (left_out > 0) {
    observation.losses.push_back({"kernel log", "earlier OOM kills that are not listed", left_out, kills.size()});
  }
  std::ranges::move(kills | std::views::drop(left_out), std::back_inserter(observation.events));
  std::ranges::stable_sort(observation.events, {}, by_date);
}

std::optional<model::Coverage> coverage_of_reports(const std::vector<LoggedReport>& reports, const std::string& name,
                                                   const std::string& command) {
  std::size_t count = 0;
  const LoggedReport* last = nullptr;
  for (const LoggedReport& logged : reports) {
    if (logged.file != name) continue;
    ++count;
    last = &logged;
  }
  if (last == nullptr) return std::nullopt;
  std::string why = fmt::format("{} OOM {} in it, the last in line {}", count, count == 1 ? "report" : "reports",
                                last->report.first_line);
  if (!last->report.victims.empty()) why += ": " + victim_words(*last, last->report.victims.front());
  return model::Coverage{name, model::Coverage::State::kPartial, std::move(why), command};
}

void add_oom_account(const std::vector<LoggedReport>& reports, report::Document& document) {
  if (reports.empty()) return;
  const LoggedReport& about = account_report(reports);
  const auto ledger = ledger_of(about.report);
  const std::vector<TaskGroup> groups = task_groups(about.report);
  document.details.push_back(story_of(about, ledger, groups).headline);
  document.tables.push_back(reports_table(reports));
  std::ranges::move(report_tables(about.report, ledger, groups), std::back_inserter(document.tables));
}

Result<report::Document> diagnose_kernel_log(const std::vector<KernelLogInput>& inputs,
                                             const findings::JudgeOptions& options) {
  auto log = read_oom_logs(inputs);
  if (!log) return std::unexpected(std::move(log.error()));
  if (log->reports.empty()) return without_reports(std::move(*log));

  const LoggedReport& about = account_report(log->reports);
  const std::vector<const LoggedReport*> series = series_of(log->reports, about);
  const auto observation = observe(series);
  report::Document document;
  if (observation->samples() > 1) {
    document = document_from(*observation, options);
    name_the_source(document);
    if (!about.wall) document.window.reset();
    // What holds still from one OOM to the next may leak all the same: whoever it was has been killed in between.
    if (document.verdict == Verdict::kClean) document.verdict = Verdict::kInsufficient;
  }
  document.command = "diagnose";
  document.host.hostname = about.host;
  document.host.kernel_release = about.kernel_release;
  document.host.page_size = page_size_of(about.report);
  document.ledger = ledger_of(about.report);
  const std::vector<TaskGroup> groups = task_groups(about.report);
  OomStory story = story_of(about, document.ledger, groups);
  if (!document.verdict) document.verdict = Verdict::kInsufficient;
  if (series.size() > 1) {
    if (auto change = change_between(series, about)) story.details.push_back(std::move(*change));
  }
  if (*document.verdict == Verdict::kInsufficient) {
    document.headline = std::move(story.headline);
    story.details.push_back(why_not_judged(observation->samples()));
  } else {
    document.details.push_back(std::move(story.headline));
  }
  document.details.insert(document.details.end(), story.details.begin(), story.details.end());
  add_events(*log, about, document);
  document.tables.push_back(reports_table(log->reports));
  for (report::Table& table : report_tables(about.report, document.ledger, groups)) {
    document.tables.push_back(std::move(table));
  }
  document.coverage.insert(document.coverage.end(), log->coverage.begin(), log->coverage.end());
  document.losses.insert(document.losses.end(), log->losses.begin(), log->losses.end());
  note_other_hosts(*log, about, document);
  note_what_is_not_in_it(about, document);
  return document;
}

Result<KernelLogInput> open_kernel_log(std::string name, UniqueFd fd) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(error_from_errno(errno, name, "look at"));
  const auto changed = std::chrono::seconds(status.st_mtim.tv_sec) + Nanoseconds(status.st_mtim.tv_nsec);
  const auto first = first_date_of(fd, name, WallTime{changed});
  auto bytes = sources::logs::open_bytes(std::move(fd), name);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  const auto reader = std::make_shared<sources::logs::LineReader>(std::move(*bytes));
  auto next = [reader]() -> Result<std::optional<std::string_view>> {
    if (const auto line = reader->next()) return line->text;
    if (reader->failure()) return std::unexpected(*reader->failure());
    return std::nullopt;
  };
  return KernelLogInput{std::move(name), std::move(next), WallTime{changed}, first};
}

KernelLines kernel_lines_of(const KernelLogInput& log) {
  sources::kernel_log::LogLineReader reader(log.written);
  KernelLines found;
  std::uint64_t number = 0;
  for (auto line = log.lines(); line && *line; line = log.lines()) {
    ++number;
    const bool may_tell = !found.any && (*line)->find("kernel") != std::string_view::npos;
    if (!may_tell && !sources::kernel_log::may_speak_of_memory(**line)) continue;
    const auto parsed = reader.read(**line);
    if (!parsed.from_kernel) continue;
    // Words like a report's, and nothing of it, open none.
    sources::oom_report::OomParser parser;
    (void)parser.feed(parsed.message, number);
    if (parser.is_open()) return {true, true};
    found.any = found.any || is_of_the_kernel(parsed);
  }
  return found;
}

bool looks_like_kernel_log(std::string_view head) {
  constexpr std::size_t kLinesSeen = 400;
  sources::kernel_log::LogLineReader reader(WallTime{std::chrono::hours(24 * 365 * 60)});
  LineCursor lines(head);
  while (const auto line = lines.next()) {
    if (lines.number() > kLinesSeen) return false;
    const auto parsed = reader.read(*line);
    if (sources::oom_report::begins_report(parsed.message)) return true;
    if (is_of_the_kernel(parsed)) return true;
  }
  return false;
}

}  // namespace leakscope::session
