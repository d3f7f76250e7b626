#include "sources/process/fd_scan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::process {

Result<FdScan> scan_fds(const RootedDir& proc, Pid pid, std::vector<std::string>* targets) {
  auto folder = proc.open_dir(fmt::format("{}/fd", pid.value));
  if (!folder) return std::unexpected(std::move(folder.error()));
  const auto names = folder->list("");
  if (!names) return std::unexpected(names.error());
  FdScan scan;
  FileBuffer buffer;
  for (const std::string& name : *names) {
    auto target = folder->read_link(name);
    if (!target) {
      if (target.error().kind == Error::Kind::kDenied) return std::unexpected(std::move(target.error()));
      continue;  // closed since it was listed
    }
    ++scan.count;
    ++scan.kinds[static_cast<std::size_t>(fd_kind(*target))];
    if (is_inotify(*target)) {
      const auto text = proc.read(fmt::format("{}/fdinfo/{}", pid.value, name), buffer);
      const auto info = text ? parse_fdinfo(*text) : Result<FdInfo>(std::unexpected(text.error()));
      if (info) scan.inotify_watches += info->inotify_watches;
    }
    if (targets != nullptr) targets->push_back(*std::move(target));
  }
  return scan;
}

Result<std::int64_t> count_fds(const RootedDir& proc, Pid pid, bool is_live) {
  std::array<char, 32> path{};
  *fmt::format_to_n(path.data(), path.size() - 1, "{}/fd", pid.value).out = '\0';
  struct stat status{};
  if (::fstatat(proc.fd(), path.data(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return std::unexpected(error_from_errno(errno, proc.display(path.data()), "look at"));
  }
  // Other file systems (a recorded tree) tell the size of the directory itself: there and before 6.2, count.
  if (is_live && status.st_size > 0) return status.st_size;
  const auto names = proc.list(path.data());
  if (!names) return std::unexpected(names.error());
  return static_cast<std::int64_t>(names->size());
}

}  // namespace leakscope::sources::process
