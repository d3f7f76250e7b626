#include "session/record.h"

#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "session/beside_writer.h"
#include "session/redaction.h"
#include "sources/recording/recording_writer.h"

namespace leakscope::session {
namespace {

using sources::recording::RecordingWriter;
using sources::recording::WriterOptions;

constexpr Nanoseconds kBetweenStates = std::chrono::seconds(25);

Result<RecordingWriter> open_writer(const std::string& output, const WriterOptions& options) {
  if (output != "-") return RecordingWriter::create(output, options);
  UniqueFd stream(::dup(STDOUT_FILENO));
  if (!stream.is_open()) return std::unexpected(error_from_errno(errno, "standard output", "use"));
  return RecordingWriter::create(std::move(stream), options);
}

/// Keeps what the live line shows.
class ProgressState {
 public:
  void take(const model::Sample& sample, const model::Registry& registry) {
    if (!start_) start_ = sample.time;
    progress_.elapsed = sample.time.boot - start_->boot;
    ++progress_.samples;
    progress_.subjects = registry.size();
    for (const model::Reading& reading : sample.readings) {
      if (reading.metric != model::Metric::kMeminfoMemAvailable) continue;
      if (!first_available_) first_available_ = reading.value;
      progress_.available = Bytes(reading.value);
      progress_.change = Bytes(reading.value - *first_available_);
    }
  }
  RecordProgress& progress() { return progress_; }

 private:
  std::optional<Moment> start_;
  std::optional<std::int64_t> first_available_;
  RecordProgress progress_;
};

/// A reader that went away ends a stream as quietly as in any filter.
bool reader_has_gone(const RecordOptions& options, const Result<>& written) {
  return options.output == "-" && !written && written.error().kind == Error::Kind::kGone;
}

std::string trouble_of(const WritingStatus& status) {
  // An hour's end or a busy disk may take a moment.
  constexpr Nanoseconds kWorthTelling = std::chrono::seconds(3);
  if (status.hanging > kWorthTelling) {
    return fmt::format("writing hangs for {}; {} samples wait, {} dropped", to_human(status.hanging), status.waiting,
                       status.dropped);
  }
  return status.error ? to_string(*status.error) : std::string{};
}

std::vector<std::string> notes_of(const BesideWriter& writer, const WritingStatus& status) {
  std::vector<std::string> notes = writer.notes();
  const auto& stats = status.stats;
  if (stats.thinned_blocks > 0)
    notes.push_back(fmt::format("{} old parts were thinned to stay below --max-size", stats.thinned_blocks));
  if (stats.dropped_blocks > 0)
    notes.push_back(fmt::format("{} of the oldest parts were dropped to stay below --max-size", stats.dropped_blocks));
  if (stats.not_written > 0) notes.push_back(fmt::format("LOST: {} samples could not be written", stats.not_written));
  if (status.dropped > 0)
    notes.push_back(fmt::format("LOST: {} samples were dropped while writing hung", status.dropped));
  return notes;
}

WriterOptions writer_options(const RecordOptions& options, const model::Host& host, const Moment& start) {
  WriterOptions result;
  result.host = host;
  result.start = start;
  result.interval = options.interval;
  result.tool_version = LEAKSCOPE_VERSION;
  result.max_size = options.max_size;
  if (options.force) result.existing = sources::recording::Existing::kReplace;
  return result;
}

RecordProgress progress_of(RecordProgress progress, const WritingStatus& status) {
  progress.trouble = trouble_of(status);
  progress.dropped = status.dropped;
  progress.written = Bytes(static_cast<std::int64_t>(status.stats.bytes_written));
  return progress;
}

}  // namespace

Result<RecordSummary> record(const RecordOptions& options, const StopFlag& stop, const RecordCallback& progress) {
  auto registry = std::make_shared<model::Registry>();
  const SystemClock clock;
  auto sampler =
      open_live(registry, options.sources, clock, stop, {SamplingMode::kRecording, options.interval, options.duration});
  if (!sampler) return std::unexpected(std::move(sampler.error()));
  auto settings = writer_options(options, (*sampler)->host(), clock.now());
  if (options.redact) {
    const auto names = pseudonyms(options.redact_key);
    if (!names) return std::unexpected(names.error());
    redact_recording(settings, *names);
  }
  BesideWriter writer(
      [output = options.output, settings = std::move(settings)] { return open_writer(output, settings); }, registry,
      {.name = options.output, .interval = options.interval});
  if (auto opened = writer.wait_open(stop); !opened) {
    if (!reader_has_gone(options, opened)) return std::unexpected(std::move(opened.error()));
    return RecordSummary{.samples = 0, .written = {}, .length = {}, .notes = {opened.error().what}};
  }

  ProgressState state;
  model::Sample sample;
  std::optional<Nanoseconds> state_told;
  for (;;) {
    auto more = (*sampler)->next(sample);
    if (!more) return std::unexpected(std::move(more.error()));
    if (!*more) break;
    state.take(sample, *registry);
    // What a flush writes of the sources' state; putting it into words allocates, so not for each sample.
    if (!state_told || sample.time.monotonic - *state_told >= kBetweenStates) {
      state_told = sample.time.monotonic;
      writer.set_state((*sampler)->coverage(), (*sampler)->losses());
    }
    writer.add(sample);
    const WritingStatus status = writer.status();
    if (status.over) break;
    if (progress) progress(progress_of(state.progress(), status));
  }
  writer.set_state((*sampler)->coverage(), (*sampler)->losses());
  const auto finished = writer.finish();
  if (!finished && !reader_has_gone(options, finished)) return std::unexpected(finished.error());
  const WritingStatus status = writer.status();
  std::vector<std::string> notes = notes_of(writer, status);
  if (!finished) notes.push_back(finished.error().what);
  const auto& stats = status.stats;
  return RecordSummary{state.progress().samples,
                       Bytes(static_cast<std::int64_t>(stats.file_size > 0 ? stats.file_size : stats.bytes_written)),
                       state.progress().elapsed, std::move(notes)};
}

}  // namespace leakscope::session
