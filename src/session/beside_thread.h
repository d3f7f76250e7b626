#pragma once

#include <concepts>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/time.h"

namespace leakscope::session {

/// What a thread beside the sampler shares with its owner. The thread may hang in a system call (a dead mount, a disk
/// that does not answer), so it is detached and keeps the state alive: the owner ends without it when it must.
struct BesideState {
  std::mutex mutex;
  std::condition_variable changed;
  bool closing = false;  ///< the thread is to end as soon as it can
  bool exited = false;   ///< it has
};

/// Runs `state->loop()` on a thread of its own. The loop locks the mutex itself, and returns once `closing` is set.
template <std::derived_from<BesideState> State>
void start_beside(std::shared_ptr<State> state) {
  std::thread([state = std::move(state)] {
    state->loop();
    const std::scoped_lock lock(state->mutex);
    state->exited = true;
    state->changed.notify_all();
  }).detach();
}

/// Asks the thread to end and gives it that long; then it is left to itself.
inline void end_beside(BesideState& state, Nanoseconds patience = std::chrono::milliseconds(250)) {
  std::unique_lock lock(state.mutex);
  state.closing = true;
  state.changed.notify_all();
  state.changed.wait_for(lock, patience, [&] { return state.exited; });
}

}  // namespace leakscope::session
