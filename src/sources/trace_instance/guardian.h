#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope::sources::trace_instance {

/// A child process that outlives us and removes one trace instance when we are gone, however we went: it waits for the
/// end of a pipe of which we hold the other end, and which the kernel closes when we are killed. It is in a session of
/// its own and no signal but SIGKILL ends it. It holds no file but the pipe and the folder of instances.
///
/// What it does after fork() is system calls only, so that it may be made while other threads run.
class Guardian {
 public:
  /// For the instance `name` in the folder `instances`. The instance need not exist yet, and should not: so there is
  /// no moment in which it is there and nobody looks after it.
  [[nodiscard]] static Result<Guardian> start(int instances, const std::string& name);

  Guardian(Guardian&& other) noexcept;
  Guardian& operator=(Guardian&& other) = delete;
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;
  /// Lets it remove the instance, if it is still there, and waits for its end.
  ~Guardian();

 private:
  Guardian(UniqueFd pipe, pid_t child) : pipe_(std::move(pipe)), child_(child) {}

  UniqueFd pipe_;
  pid_t child_ = -1;
};

/// Switches the events of the instance off and removes it; tries again for some seconds while its files are open.
/// System calls only. 0, or the errno of the last try; an instance that is not there is 0.
[[nodiscard]] int remove_instance(int instances, const char* name, const char* switch_path);

}  // namespace leakscope::sources::trace_instance
