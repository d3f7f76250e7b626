#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "model/coverage.h"
#include "model/event.h"
#include "sources/oom_report/oom_report.h"

namespace leakscope::session {

/// Gives one line after the other, without its newline; nothing at the end. The view holds until the next call.
using LineStream = std::function<Result<std::optional<std::string_view>>()>;

/// A kernel log that somebody opened.
struct KernelLogInput {
  std::string name;  ///< as the user would type it
  LineStream lines;
  std::optional<WallTime> written;  ///< when it was last written: the year of lines that do not tell theirs
  std::optional<WallTime> first{};  ///< the first date in it
};

/// An OOM report, when and where it was logged.
struct LoggedReport {
  sources::oom_report::OomReport report;
  std::optional<Nanoseconds> since_boot;
  std::optional<WallTime> wall;
  std::string host;  ///< empty: the log does not tell
  std::string file;
  std::uint32_t boot = 0;  ///< counted per host, from 0
  std::string kernel_release;
};

/// What the kernel logs told of memory.
struct OomLog {
  std::vector<LoggedReport> reports;     ///< in the order of the logs
  std::vector<model::Event> events;      ///< of all that was no report; those with a date only
  std::vector<std::string> event_hosts;  ///< parallel to events
  std::vector<model::Coverage> coverage;
  std::vector<model::Loss> losses;
  std::uint64_t lines = 0;
};

/// Reads kernel logs, each once, in the order of their first dates (where not all tell one, in that in which they were
/// last written: seconds from boot would put the end of one boot behind the beginning of the next), and gives the OOM
/// reports in them. Hosts that are mixed in one log are taken apart; a report never reaches over a boot.
[[nodiscard]] Result<OomLog> read_oom_logs(const std::vector<KernelLogInput>& inputs);

}  // namespace leakscope::session
