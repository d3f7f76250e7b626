#include "session/diagnose.h"

#include <algorithm>

#include <fmt/format.h>

#include "findings/headline.h"
#include "findings/standout.h"
#include "session/evidence.h"
#include "session/kernel_log_report.h"
#include "session/log_evidence.h"
#include "session/moment.h"
#include "session/subject_tables.h"

namespace leakscope::session {
namespace {

constexpr Nanoseconds kFirstInterimVerdict = std::chrono::seconds(20);
constexpr Nanoseconds kBetweenInterimVerdicts = std::chrono::seconds(10);
/// Long live windows are sampled less often: the judgement rests on blocks, and memory is bounded.
constexpr std::int64_t kMostSamples = 3600;
constexpr std::size_t kRowsOfOneMoment = 10;

std::string subject_words(const model::SubjectInfo& subject) {
  if (subject.key.kind == model::SubjectKind::kMachine) return {};
  const std::string_view kind = model::to_string(subject.key.kind);
  if (subject.key.process) return fmt::format("{} {} {}", kind, subject.key.process->pid.value, subject.key.name);
  return fmt::format("{} {}", kind, subject.key.name);
}

void copy_events(const model::Observation& observation, report::Document& document) {
  document.events = observation.events;
  document.event_subjects.reserve(document.events.size());
  for (const model::Event& event : document.events) {
    document.event_subjects.push_back(event.subject ? subject_words(observation.info(*event.subject)) : std::string{});
  }
}

Result<report::Document> diagnose_kernel_logs(Evidence evidence, const findings::JudgeOptions& options) {
  std::vector<KernelLogInput> logs;
  for (Evidence::Part& part : evidence.parts) {
    auto log = open_kernel_log(part.name, std::move(part.fd));
    if (!log) return std::unexpected(std::move(log.error()));
    logs.push_back(std::move(*log));
  }
  return diagnose_kernel_log(logs, options);
}

bool has_dates(const model::Observation& observation) {
  const auto end = observation.end();
  return !end || known_wall_time(observation, end->wall).has_value();
}

/// One moment can show no growth, but what holds the memory.
void show_the_only_moment(const model::Observation& observation, report::Document& document) {
  if (document.ledger) {
    if (auto sentence = findings::standout_of(observation, *document.ledger); !sentence.empty())
      document.details.push_back(std::move(sentence));
  }
  document.tables = largest_subjects(observation, kRowsOfOneMoment);
}

}  // namespace

report::Document document_from(const model::Observation& observation, const findings::JudgeOptions& options) {
  const findings::Judged judged = findings::judge(observation, options);
  report::Document document;
  document.command = "diagnose";
  document.host = observation.host;
  document.window = report::Window{observation.start(), observation.end(), observation.samples()};
  document.window->dated = has_dates(observation);
  document.verdict = judged.verdict;
  findings::Headline headline = findings::headline_of(judged, observation.length());
  document.headline = std::move(headline.sentence);
  document.details = std::move(headline.details);
  document.detectable = judged.detectable;
  if (judged.verdict == findings::Verdict::kClean) document.detectable_rate = judged.detectable_rate;
  document.needed = judged.needed;
  document.needed_rounds = judged.rounds_needed;
  document.ledger = judged.ledger;
  document.decline = judged.decline;
  document.findings = judged.findings;
  copy_events(observation, document);
  document.coverage = observation.coverage;
  document.losses = observation.losses;
  if (observation.samples() == 1) show_the_only_moment(observation, document);
  return document;
}

Result<report::Document> diagnose_live(const DiagnoseOptions& options, const StopFlag& stop,
                                       const ProgressCallback& progress) {
  auto registry = std::make_shared<model::Registry>();
  const SystemClock clock;
  SamplingOptions sampling;
  sampling.interval = std::max(options.interval, options.duration / kMostSamples);
  sampling.duration = options.duration;
  auto sampler = open_live(registry, options.sources, clock, stop, sampling);
  if (!sampler) return std::unexpected(std::move(sampler.error()));

  model::Observation observation(registry);
  observation.host = (*sampler)->host();
  observation.observers = (*sampler)->observers();
  const findings::JudgeOptions& judge_options = options.judge;
  model::Sample sample;
  Nanoseconds next_interim = kFirstInterimVerdict;
  for (;;) {
    auto more = (*sampler)->next(sample);
    if (!more) return std::unexpected(std::move(more.error()));
    if (!*more) break;
    observation.add(sample);
    if (!progress) continue;
    Progress state{observation.length(), options.duration, observation.samples(), nullptr};
    if (state.elapsed >= next_interim && state.elapsed < options.duration) {
      next_interim = state.elapsed + std::max(kBetweenInterimVerdicts, options.duration / 20);
      const findings::Judged interim = findings::judge(observation, judge_options);
      state.interim = &interim;
      progress(state);
    } else {
      progress(state);
    }
  }
  observation.coverage = (*sampler)->coverage();
  const std::vector<model::Loss> losses = (*sampler)->losses();
  observation.losses.insert(observation.losses.end(), losses.begin(), losses.end());
  return document_from(observation, judge_options);
}

Result<report::Document> diagnose_evidence(const std::vector<std::string>& paths, const EvidenceOptions& evidence,
                                           const findings::JudgeOptions& options) {
  auto opened = open_evidence(paths);
  if (!opened) return std::unexpected(std::move(opened.error()));
  if (opened->kind == EvidenceKind::kKernelLog && !evidence.until)
    return diagnose_kernel_logs(std::move(*opened), options);
  const bool is_text = opened->kind == EvidenceKind::kText;
  const auto seen = observe_with_reports(std::move(*opened), evidence);
  if (!seen) return std::unexpected(seen.error());
  report::Document document = document_from(*seen->observation, options);
  add_oom_account(seen->reports, document);
  if (is_text) name_the_tools(document);
  return document;
}

}  // namespace leakscope::session
