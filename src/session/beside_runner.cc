#include "session/beside_runner.h"

#include <utility>

#include "session/beside_thread.h"

namespace leakscope::session {

struct BesideRunner::State : BesideState {
  std::unique_ptr<sources::Source> source;
  std::shared_ptr<model::Registry> registry;

  bool running = false;
  Moment started{};
  model::Sample sample;
  std::optional<Outcome> outcome;

  void loop() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return closing || running; });
      if (closing) return;
      sample.clear();
      sample.time = started;
      lock.unlock();
      const Nanoseconds cpu_before = thread_cpu_time();
      const Nanoseconds before = SystemClock().now().monotonic;
      model::SampleSink sink(*registry, sample);
      Result<> result = source->sample(sink);
      const Nanoseconds cpu = thread_cpu_time() - cpu_before;
      const Nanoseconds elapsed = SystemClock().now().monotonic - before;
      lock.lock();
      outcome = Outcome{std::move(sample), std::move(result), cpu, elapsed};
      sample = {};
      running = false;
      changed.notify_all();
    }
  }
};

BesideRunner::BesideRunner(std::unique_ptr<sources::Source> source, std::shared_ptr<model::Registry> registry)
    : state_(std::make_shared<State>()) {
  state_->source = std::move(source);
  state_->registry = std::move(registry);
  start_beside(state_);
}

BesideRunner::~BesideRunner() {
  if (state_) end_beside(*state_);
}

bool BesideRunner::is_running() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->running;
}

Nanoseconds BesideRunner::running_for(Nanoseconds monotonic_now) const {
  const std::scoped_lock lock(state_->mutex);
  return state_->running ? monotonic_now - state_->started.monotonic : Nanoseconds{0};
}

void BesideRunner::start(const Moment& now) {
  const std::scoped_lock lock(state_->mutex);
  if (state_->running) return;
  state_->running = true;
  state_->started = now;
  state_->outcome.reset();
  state_->changed.notify_all();
}

std::optional<BesideRunner::Outcome> BesideRunner::take() {
  const std::scoped_lock lock(state_->mutex);
  return std::exchange(state_->outcome, std::nullopt);
}

bool BesideRunner::wait_idle(Nanoseconds deadline) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, deadline, [&] { return !state_->running; });
}

const sources::Source& BesideRunner::source() const { return *state_->source; }

}  // namespace leakscope::session
