#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope::sources::snapshot {

/// A directory of our own below $TMPDIR (else in memory where there is plenty, else in /tmp), mode 0700 and with a name
/// that nobody can guess. It is removed when the object ends; a child process that waits for our end removes it when we
/// are killed, also by SIGKILL.
class ScratchFolder {
 public:
  /// Made before any thread is started: it forks.
  [[nodiscard]] static Result<std::unique_ptr<ScratchFolder>> make();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  ScratchFolder(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  [[nodiscard]] Result<> start_guardian();

  std::string path_;
  UniqueFd fd_;
  UniqueFd lifeline_;  // its end tells the guardian of ours
  pid_t guardian_ = -1;
};

}  // namespace leakscope::sources::snapshot
