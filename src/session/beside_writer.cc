#include "session/beside_writer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "session/beside_thread.h"
#include "session/forgetting.h"
#include "session/sample_queue.h"

namespace leakscope::session {
namespace {

using sources::recording::RecordingWriter;

/// However many writes are left and however slow each is, the program ends. One that hangs already gets some time more.
constexpr int kMostPatience = 3;

Nanoseconds monotonic_now() { return SystemClock().now().monotonic; }

}  // namespace

struct BesideWriter::State : BesideState {
  State(Open open_file, std::shared_ptr<model::Registry> subjects, const BesideWriterOptions& options)
      : open(std::move(open_file)),
        registry(std::move(subjects)),
        written_ones(options.interval),
        unheard_ones(options.interval),
        queue(options.most_waiting_bytes) {}

  // The thread's own.
  Open open;
  std::shared_ptr<model::Registry> registry;
  Forgetting written_ones;

  // The sampler's own.
  Forgetting unheard_ones;

  // Under the mutex.
  SampleQueue queue;
  std::optional<Result<>> opened;
  std::vector<model::Coverage> coverage;
  std::vector<model::Loss> losses;
  bool state_is_new = false;
  std::uint64_t dropped_told = 0;
  bool finish_asked = false;
  std::optional<Result<>> finished;
  std::optional<Nanoseconds> busy_since = monotonic_now();
  bool holds_one = false;  // a sample is being added
  WritingStatus now;
  std::vector<std::string> notes;

  void loop();
  void tell_state(RecordingWriter& writer);
  void publish(const RecordingWriter& writer, const Result<>& result);
  [[nodiscard]] std::uint64_t not_written() const {
    return now.stats.in_memory + now.stats.not_written + queue.size() + queue.dropped() + (holds_one ? 1U : 0U);
  }
};

void BesideWriter::State::publish(const RecordingWriter& writer, const Result<>& result) {
  now.stats = writer.stats();
  now.error = result ? std::nullopt : std::optional(result.error());
  notes = writer.notes();
}

void BesideWriter::State::tell_state(RecordingWriter& writer) {
  if (!state_is_new && dropped_told == queue.dropped()) return;
  state_is_new = false;
  dropped_told = queue.dropped();
  std::vector<model::Loss> all = losses;
  const auto say = [&](const char* what, std::uint64_t count, std::uint64_t of) {
    if (count > 0) all.push_back({"recorder", what, count, of});
  };
  say("samples dropped because they could not be written in time", queue.dropped(), queue.pushed());
  say("events of these samples", queue.dropped_events(), 0);
  writer.set_state(coverage, std::move(all));
}

void BesideWriter::State::loop() {
  auto writer = open();
  std::unique_lock lock(mutex);
  busy_since.reset();
  opened = writer ? Result<>{} : std::unexpected(writer.error());
  if (writer) publish(*writer, {});
  changed.notify_all();
  model::Sample sample;
  while (writer) {
    changed.wait(lock, [&] { return closing || finish_asked || !queue.empty(); });
    if (closing) return;
    holds_one = queue.pop(sample);
    const bool last = !holds_one;
    tell_state(*writer);
    busy_since = monotonic_now();
    lock.unlock();
    const Result<> result = last ? writer->finish(*registry) : writer->add(sample, *registry);
    if (!last) written_ones.take(sample.time.boot, sample.retired, *registry);
    lock.lock();
    busy_since.reset();
    holds_one = false;
    publish(*writer, result);
    // A stream whose reader went away or broke has no later; a disk may have space again.
    now.over = !result && writer->is_stream();
    if (last || now.over) finished = result;
    changed.notify_all();
    if (finished) return;
  }
}

BesideWriter::BesideWriter(Open open, std::shared_ptr<model::Registry> registry, BesideWriterOptions options)
    : state_(std::make_shared<State>(std::move(open), std::move(registry), options)), options_(std::move(options)) {
  start_beside(state_);
}

BesideWriter::~BesideWriter() { end_beside(*state_); }

Result<> BesideWriter::wait_open(const StopFlag& stop) const {
  constexpr Nanoseconds kBetweenLooks = std::chrono::milliseconds(50);
  std::unique_lock lock(state_->mutex);
  while (!state_->changed.wait_for(lock, kBetweenLooks, [&] { return state_->opened.has_value(); })) {
    if (stop.raised()) return fail(Error::Kind::kTimeout, options_.name, "opening it hangs: nothing was recorded");
  }
  return *state_->opened;
}

void BesideWriter::add(model::Sample& sample) {
  const BootTime time = sample.time.boot;
  const std::size_t subjects = state_->registry->size();
  std::vector<model::SubjectId> unheard_of;
  {
    const std::scoped_lock lock(state_->mutex);
    if (!state_->queue.push(sample, subjects)) unheard_of = state_->queue.take_unheard_of();
    state_->changed.notify_all();
  }
  state_->unheard_ones.take(time, unheard_of, *state_->registry);
}

void BesideWriter::set_state(std::vector<model::Coverage> coverage, std::vector<model::Loss> losses) {
  const std::scoped_lock lock(state_->mutex);
  state_->coverage = std::move(coverage);
  state_->losses = std::move(losses);
  state_->state_is_new = true;
}

WritingStatus BesideWriter::status() const {
  const std::scoped_lock lock(state_->mutex);
  WritingStatus status = state_->now;
  if (state_->busy_since) status.hanging = monotonic_now() - *state_->busy_since;
  status.waiting = state_->queue.size();
  status.dropped = state_->queue.dropped();
  return status;
}

Result<> BesideWriter::finish() {
  std::unique_lock lock(state_->mutex);
  state_->finish_asked = true;
  state_->changed.notify_all();
  const Nanoseconds asked = monotonic_now();
  const auto until = [&] {
    const Nanoseconds of_this_write = state_->busy_since.value_or(monotonic_now()) + options_.patience;
    return std::min(std::max(of_this_write, asked + options_.patience / kMostPatience),
                    asked + kMostPatience * options_.patience);
  };
  while (!state_->finished) {
    const Nanoseconds left = until() - monotonic_now();
    if (left <= Nanoseconds{0}) {
      return fail(Error::Kind::kTimeout, options_.name,
                  fmt::format("writing hangs, for {} by now: {} samples, at most, are not in the recording",
                              to_human(monotonic_now() - state_->busy_since.value_or(asked)), state_->not_written()),
                  "What was written before can be read");
    }
    state_->changed.wait_for(lock, left);
  }
  if (*state_->finished) return {};
  Error error = state_->finished->error();
  if (const std::uint64_t lost = state_->not_written(); lost > 0) {
    error.what += fmt::format("; {} samples are not in the recording", lost);
  }
  return std::unexpected(std::move(error));
}

std::vector<std::string> BesideWriter::notes() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->notes;
}

}  // namespace leakscope::session
