#include "sources/recording/file_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/rooted_dir.h"
#include "base/text_cursor.h"

namespace leakscope::sources::recording {
namespace {

// Field 22 of /proc/PID/stat. The name in field 2 may hold spaces and parentheses, so the last ")" ends it.
std::optional<StartTime> start_time(std::string_view directory) {
  const auto root = RootedDir::open("/proc");
  if (!root) return std::nullopt;
  FileBuffer buffer;
  const auto text = root->read(std::string(directory) + "/stat", buffer);
  if (!text) return std::nullopt;
  const std::size_t end = text->rfind(')');
  if (end == std::string_view::npos) return std::nullopt;
  FieldCursor fields(text->substr(end + 1));
  for (int field = 3; field < 22; ++field) {
    if (!fields.next()) return std::nullopt;
  }
  const auto ticks = fields.next_number<std::uint64_t>();
  if (!ticks) return std::nullopt;
  return StartTime{*ticks};
}

}  // namespace

Result<> lock_for_writing(int fd, std::string_view name) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd, F_OFD_SETLK, &lock) == 0) return {};
  switch (errno) {
    case EINVAL:
    case ENOSYS:
    case ENOLCK:
    case EOPNOTSUPP:
      return {};
    case EACCES:
    case EAGAIN:
      return fail(Error::Kind::kBusy, std::string(name), "another leakscope is writing this file",
                  "Give another file with -o, or end the other one first");
    default:
      return std::unexpected(error_from_errno(errno, std::string(name), "lock"));
  }
}

std::optional<ProcessId> this_process() {
  const auto pid = ::getpid();
  const auto start = start_time(std::to_string(pid));
  if (!start) return std::nullopt;
  return ProcessId{Pid{pid}, *start};
}

bool is_running(const ProcessId& process) {
  const auto start = start_time(std::to_string(process.pid.value));
  return start && *start == process.start;
}

}  // namespace leakscope::sources::recording
