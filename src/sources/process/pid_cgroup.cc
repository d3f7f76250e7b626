#include "sources/process/pid_cgroup.h"

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/process/cgroup_name.h"

namespace leakscope::sources::process {
namespace {

bool lists(std::string_view controllers, std::string_view wanted) {
  while (!controllers.empty()) {
    const std::size_t comma = controllers.find(',');
    if (controllers.substr(0, comma) == wanted) return true;
    if (comma == std::string_view::npos) break;
    controllers.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

std::string_view PidCgroup::memory_path() const {
  if (memory_v1) return *memory_v1;
  if (unified) return *unified;
  return {};
}

std::string PidCgroup::unit_or_container() const {
  for (const auto* path : {&memory_v1, &unified, &systemd_v1}) {
    if (!*path) continue;
    if (CgroupName found = cgroup_name(**path); found.kind != CgroupName::Kind::kNone) return found.name;
  }
  return {};
}

Result<PidCgroup> parse_pid_cgroup(std::string_view text) {
  constexpr const char* kWhere = "/proc/PID/cgroup";
  constexpr std::string_view kDeleted = " (deleted)";
  PidCgroup cgroup;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      return std::unexpected(Error{Error::Kind::kTruncated, kWhere, lines.number(), "ends within a line", {}});
    }
    const std::size_t first = line->find(':');
    const std::size_t second = first == std::string_view::npos ? first : line->find(':', first + 1);
    if (second == std::string_view::npos) {
      return malformed(kWhere, lines.number(), fmt::format("want '<number>:<controllers>:<path>', got '{}'", *line));
    }
    const std::string_view number = line->substr(0, first);
    const std::string_view controllers = line->substr(first + 1, second - first - 1);
    std::string_view path = line->substr(second + 1);
    if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
    if (lists(controllers, "memory")) cgroup.memory_v1 = path;
    if (controllers == "name=systemd") cgroup.systemd_v1 = path;
    if (number == "0" && controllers.empty()) cgroup.unified = path;
  }
  return cgroup;
}

}  // namespace leakscope::sources::process
