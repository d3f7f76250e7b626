#pragma once

#include <array>
#include <csignal>
#include <cstddef>

#include "base/error.h"
#include "session/stop.h"

namespace leakscope::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a raised StopFlag while it lives; a second Ctrl-C ends the program as usual.
/// A SIGHUP that is ignored (nohup) stays ignored.
class InterruptGuard {
 public:
  explicit InterruptGuard(const session::StopFlag& flag);
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();

  static constexpr std::size_t kSignalCount = 3;

 private:
  std::array<struct sigaction, kSignalCount> before_{};
};

}  // namespace leakscope::cli
