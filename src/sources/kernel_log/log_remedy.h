#pragma once

#include "base/error.h"

namespace leakscope::sources::kernel_log {

/// The error of opening /dev/kmsg, with what lets us open it where we are denied it (kernel.dmesg_restrict).
[[nodiscard]] inline Error with_log_remedy(Error error) {
  if (error.kind == Error::Kind::kDenied) {
    error.hint = "Run as root, or: sudo setcap cap_syslog+ep \"$(command -v leakscope)\"";
  }
  return error;
}

}  // namespace leakscope::sources::kernel_log
