#include "sources/process/read_watch.h"

#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::process {

void ReadWatch::begin(Pid pid, const char* file) {
  const std::scoped_lock lock(mutex_);
  pid_ = pid;
  file_ = file;
  since_ = SystemClock().now().monotonic;
}

Nanoseconds ReadWatch::end() {
  const std::scoped_lock lock(mutex_);
  file_ = nullptr;
  return SystemClock().now().monotonic - since_;
}

std::optional<std::string> ReadWatch::overdue(Nanoseconds deadline) const {
  const std::scoped_lock lock(mutex_);
  if (file_ == nullptr) return std::nullopt;
  const Nanoseconds waited = SystemClock().now().monotonic - since_;
  if (waited <= deadline) return std::nullopt;
  return fmt::format("/proc/{}/{} has not answered for {}", pid_.value, file_, to_human(waited));
}

}  // namespace leakscope::sources::process
