#pragma once

#include <memory>
#include <optional>

#include "base/error.h"
#include "model/sample.h"
#include "sources/source.h"

namespace leakscope::session {

/// Runs a source that may block on a thread of its own, beside the sampler. A run that does not come back in time is
/// left alone: the sampler goes on, its result is thrown away when it ever arrives, and no second run is started
/// meanwhile. A thread that is stuck in the kernel does not keep the program from ending.
class BesideRunner {
 public:
  BesideRunner(std::unique_ptr<sources::Source> source, std::shared_ptr<model::Registry> registry);
  BesideRunner(const BesideRunner&) = delete;
  BesideRunner& operator=(const BesideRunner&) = delete;
  BesideRunner(BesideRunner&&) = default;
  ~BesideRunner();

  /// What a finished run gave. `sample` holds the readings as of `sample.time`, when the run began.
  struct Outcome {
    model::Sample sample;
    Result<> result;
    Nanoseconds cpu{0};
    Nanoseconds elapsed{0};
  };

  [[nodiscard]] bool is_running() const;
  /// How long the present run has been under way.
  [[nodiscard]] Nanoseconds running_for(Nanoseconds monotonic_now) const;
  /// Begins a run; does nothing when one is under way.
  void start(const Moment& now);
  /// The result of the last run, once.
  [[nodiscard]] std::optional<Outcome> take();
  /// Waits until no run is under way, or until the deadline; true when idle.
  [[nodiscard]] bool wait_idle(Nanoseconds deadline) const;

  /// Only while no run is under way.
  [[nodiscard]] const sources::Source& source() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace leakscope::session
