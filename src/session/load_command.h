#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "base/time.h"
#include "session/stop.h"

namespace leakscope::session {

/// A process that a load left running.
struct LeftBehind {
  Pid pid;
  std::string comm;  ///< raw foreign bytes
};

/// A command that is run again and again as a load. It runs in a process group of its own, reads /dev/null, and what
/// it writes to standard output goes to our standard error, since ours belongs to the answer. While this object lives,
/// processes that outlive the command become our children (PR_SET_CHILD_SUBREAPER), so that they can be named; they
/// are never killed.
class LoadCommand {
 public:
  explicit LoadCommand(std::vector<std::string> words);
  LoadCommand(const LoadCommand&) = delete;
  LoadCommand& operator=(const LoadCommand&) = delete;
  ~LoadCommand();

  struct Outcome {
    Nanoseconds elapsed{0};
    std::string failure;       ///< "exit status 1", "killed by signal 11 (Segmentation fault)"; empty: it gave 0
    bool interrupted = false;  ///< stop was raised: its process group got SIGINT
  };
  /// Runs it once and waits for its end. An error: it could not be started.
  [[nodiscard]] Result<Outcome> run(const StopFlag& stop);

  /// What it started and what is still there, smallest pid first.
  [[nodiscard]] std::vector<LeftBehind> left_behind() const;

 private:
  std::vector<std::string> words_;
  int was_subreaper_ = 0;
};

}  // namespace leakscope::session
