#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "base/process_id.h"
#include "base/time.h"

namespace leakscope::sources::process {

/// Notes which file of another process is being read and since when, so that a thread that hangs in such a read (a
/// target in D state that holds its mmap lock) can be told about from another thread.
class ReadWatch {
 public:
  /// `file` is a literal: "smaps_rollup".
  void begin(Pid pid, const char* file);
  /// How long the read took.
  Nanoseconds end();
  /// "/proc/812/smaps_rollup has not answered for 3.2 s", when the current read has taken longer than `deadline`.
  [[nodiscard]] std::optional<std::string> overdue(Nanoseconds deadline) const;

 private:
  mutable std::mutex mutex_;
  Pid pid_;
  const char* file_ = nullptr;  // nothing is being read
  Nanoseconds since_{0};
};

}  // namespace leakscope::sources::process
