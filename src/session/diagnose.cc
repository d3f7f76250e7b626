#include "session/diagnose.h"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "findings/headline.h"
#include "session/recordings.h"

namespace leakscope::session {
namespace {

constexpr Nanoseconds kFirstInterimVerdict = std::chrono::seconds(20);
constexpr Nanoseconds kBetweenInterimVerdicts = std::chrono::seconds(10);
/// Long live windows are sampled less often: the judgement rests on blocks, and memory is bounded.
constexpr std::int64_t kMostSamples = 3600;

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

}  // namespace

report::Document document_from(const model::Observation& observation, const findings::JudgeOptions& options) {
  const findings::Judged judged = findings::judge(observation, options);
  report::Document document;
  document.command = "diagnose";
  document.host = observation.host;
  document.window = report::Window{observation.start(), observation.end(), observation.samples()};
  document.verdict = judged.verdict;
  findings::Headline headline = findings::headline_of(judged, observation.length());
  document.headline = std::move(headline.sentence);
  document.details = std::move(headline.details);
  document.ledger = judged.ledger;
  document.decline = judged.decline;
  document.findings = judged.findings;
  copy_events(observation, document);
  document.coverage = observation.coverage;
  document.losses = observation.losses;
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
  findings::JudgeOptions judge_options = options.judge;
  judge_options.own_pid = Pid{::getpid()};
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

Result<report::Document> diagnose_recordings(const std::vector<std::string>& paths,
                                             const findings::JudgeOptions& options) {
  const auto observation = observe_recordings(paths);
  if (!observation) return std::unexpected(observation.error());
  return document_from(**observation, options);
}

}  // namespace leakscope::session
