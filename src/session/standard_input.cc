#include "session/standard_input.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace leakscope::session {

Result<UniqueFd> standard_input() {
  UniqueFd fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, std::string(kStandardInput), "use"));
  return fd;
}

}  // namespace leakscope::session
