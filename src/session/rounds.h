#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "base/time.h"
#include "report/document.h"
#include "session/source_set.h"
#include "session/stop.h"

namespace leakscope::session {

struct RoundsOptions {
  SourceOptions sources;
  std::vector<std::string> command;  ///< the load, and its arguments
  std::size_t rounds = 20;
  Nanoseconds settle = std::chrono::seconds(2);  ///< the least between the end of the command and the second look
  bool drop_caches = false;                      ///< drop caches and shrink slabs of the machine between rounds
  std::optional<Pid> pid{};                      ///< the server that the load is for
};

struct RoundsProgress {
  std::size_t round = 0;  ///< under way, from 1
  std::size_t rounds = 0;
  bool settling = false;
};
using RoundsCallback = std::function<void(const RoundsProgress&)>;

/// Runs a command again and again, looks at the machine after each round when it has settled, and once before that,
/// half of `settle` after the command, to tell what grows with time from what the command leaves behind: what lies
/// between the two looks is a rest, of half of `settle` or a third of the round so far, or longer. Judges what was lost
/// per round. Stopped early, it judges the rounds that were finished. An error: the command or the process is not
/// there.
[[nodiscard]] Result<report::Document> diagnose_rounds(const RoundsOptions& options, const StopFlag& stop,
                                                       const RoundsCallback& progress);

}  // namespace leakscope::session
