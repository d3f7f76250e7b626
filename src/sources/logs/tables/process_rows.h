#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "sources/log_format.h"
#include "sources/logs/tables/columns.h"

namespace leakscope::sources::logs {

/// What ps, top and pidstat print alike: one row per process, its columns named by a header.
///
///   USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND              ps aux
///     PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND          top -b
///   12:44:41      UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command       pidstat -r
class ProcessRows {
 public:
  /// False when the header names neither a pid, nor a command, nor any memory: no table of processes.
  [[nodiscard]] bool set_header(std::string_view header);
  [[nodiscard]] bool has_header() const { return pid_.has_value(); }
  /// Puts one process. False when the row cannot be read.
  [[nodiscard]] bool put(std::string_view line, LogSink& sink);

 private:
  void put_memory(model::SubjectId process, LogSink& sink) const;

  Columns columns_;
  Row row_;
  std::optional<std::size_t> pid_;
  std::optional<std::size_t> command_;
  std::optional<std::size_t> resident_;
  std::optional<std::size_t> shared_;
  std::optional<std::size_t> virtual_;
  std::optional<std::size_t> cpu_time_;
  std::optional<std::size_t> threads_;
};

/// "0:51" (minutes), "0:00.52", "00:00:52", "1-02:03:04": CPU time as ps and top print it.
[[nodiscard]] std::optional<Nanoseconds> parse_cpu_time(std::string_view text);

}  // namespace leakscope::sources::logs
