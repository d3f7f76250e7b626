#pragma once

#include "base/error.h"
#include "session/stop.h"

namespace leakscope::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a raised StopFlag while it lives; a second Ctrl-C ends the program as usual.
class InterruptGuard {
 public:
  explicit InterruptGuard(const session::StopFlag& flag);
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();
};

}  // namespace leakscope::cli
