#pragma once

#include "base/error.h"
#include "base/time.h"
#include "base/unique_fd.h"

namespace leakscope::session {

/// Asks a running session to stop: raised by Ctrl-C, by a test, by anything. Waiting for the next tick ends at once
/// when it is raised. raise() may be called from a signal handler.
class StopFlag {
 public:
  [[nodiscard]] static Result<StopFlag> make();

  void raise() const noexcept;
  [[nodiscard]] bool raised() const;
  /// Sleeps for `duration` or until the flag is raised; true when it was raised.
  [[nodiscard]] bool wait_for(Nanoseconds duration) const;

 private:
  explicit StopFlag(UniqueFd fd) : event_fd_(std::move(fd)) {}
  UniqueFd event_fd_;
};

}  // namespace leakscope::session
