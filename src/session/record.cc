#include "session/record.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>

#include <fmt/format.h>

#include "sources/recording/recording_writer.h"

namespace leakscope::session {
namespace {

using sources::recording::RecordingWriter;
using sources::recording::WriterOptions;

Result<RecordingWriter> open_writer(const RecordOptions& options, WriterOptions writer_options) {
  if (options.output != "-") return RecordingWriter::create(options.output, std::move(writer_options));
  UniqueFd stream(::dup(STDOUT_FILENO));
  if (!stream.is_open()) return std::unexpected(error_from_errno(errno, "standard output", "use"));
  return RecordingWriter::create(std::move(stream), std::move(writer_options));
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

/// Lets the registry forget subjects that ended: the writer has asked for what is known of them by its second flush
/// after their end, and sources that run beside have given up their readings by then.
class Forgetting {
 public:
  explicit Forgetting(Nanoseconds interval) : delay_(std::max<Nanoseconds>(std::chrono::minutes(5), 4 * interval)) {}

  void take(const model::Sample& sample, model::Registry& registry) {
    for (const model::SubjectId subject : sample.retired) ended_.push_back({sample.time.boot, subject});
    while (!ended_.empty() && sample.time.boot - ended_.front().time > delay_) {
      registry.forget(ended_.front().subject);
      ended_.pop_front();
    }
  }

 private:
  struct Ended {
    BootTime time;
    model::SubjectId subject;
  };
  Nanoseconds delay_;
  std::deque<Ended> ended_;
};

/// A reader that went away ends a stream as quietly as in any filter; a full disk does not end a recording.
bool stream_has_ended(const RecordOptions& options, const Result<>& written) {
  return options.output == "-" && !written;
}

bool reader_has_gone(const RecordOptions& options, const Result<>& written) {
  return stream_has_ended(options, written) && written.error().kind == Error::Kind::kGone;
}

std::vector<std::string> notes_of(const RecordingWriter& writer) {
  std::vector<std::string> notes = writer.notes();
  const auto stats = writer.stats();
  if (stats.thinned_blocks > 0)
    notes.push_back(fmt::format("{} old parts were thinned to stay below --max-size", stats.thinned_blocks));
  if (stats.dropped_blocks > 0)
    notes.push_back(fmt::format("{} of the oldest parts were dropped to stay below --max-size", stats.dropped_blocks));
  if (stats.not_written > 0) notes.push_back(fmt::format("LOST: {} samples could not be written", stats.not_written));
  return notes;
}

}  // namespace

Result<RecordSummary> record(const RecordOptions& options, const StopFlag& stop, const RecordCallback& progress) {
  auto registry = std::make_shared<model::Registry>();
  const SystemClock clock;
  auto sampler =
      open_live(registry, options.sources, clock, stop, {SamplingMode::kRecording, options.interval, options.duration});
  if (!sampler) return std::unexpected(std::move(sampler.error()));
  WriterOptions writer_options;
  writer_options.host = (*sampler)->host();
  writer_options.start = clock.now();
  writer_options.interval = options.interval;
  writer_options.tool_version = LEAKSCOPE_VERSION;
  writer_options.max_size = options.max_size;
  if (options.force) writer_options.existing = sources::recording::Existing::kReplace;
  auto writer = open_writer(options, std::move(writer_options));
  if (!writer && options.output == "-" && writer.error().kind == Error::Kind::kGone) {
    return RecordSummary{.samples = 0, .written = {}, .length = {}, .notes = {writer.error().what}};
  }
  if (!writer) return std::unexpected(std::move(writer.error()));

  ProgressState state;
  Forgetting forgetting(options.interval);
  model::Sample sample;
  for (;;) {
    auto more = (*sampler)->next(sample);
    if (!more) return std::unexpected(std::move(more.error()));
    if (!*more) break;
    state.take(sample, *registry);
    writer->set_state((*sampler)->coverage(), (*sampler)->losses());
    const Result<> written = writer->add(sample, *registry);
    if (stream_has_ended(options, written)) {
      if (!reader_has_gone(options, written)) return std::unexpected(written.error());
      break;
    }
    forgetting.take(sample, *registry);
    state.progress().trouble = written ? std::string{} : to_string(written.error());
    state.progress().written = Bytes(static_cast<std::int64_t>(writer->stats().bytes_written));
    if (progress) progress(state.progress());
  }
  writer->set_state((*sampler)->coverage(), (*sampler)->losses());
  const auto finished = writer->finish(*registry);
  if (!finished && !reader_has_gone(options, finished)) return std::unexpected(finished.error());
  std::vector<std::string> notes = notes_of(*writer);
  if (!finished) notes.push_back(finished.error().what);
  const auto stats = writer->stats();
  return RecordSummary{state.progress().samples,
                       Bytes(static_cast<std::int64_t>(stats.file_size > 0 ? stats.file_size : stats.bytes_written)),
                       state.progress().elapsed, std::move(notes)};
}

}  // namespace leakscope::session
