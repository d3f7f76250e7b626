#pragma once

#include <string_view>

namespace leakscope::findings {

/// The path alone: subjects name v1 cgroups "memory:/x" and v2 "/x", /proc/PID/cgroup says "4:memory:/x" and "0::/x".
[[nodiscard]] std::string_view cgroup_path(std::string_view cgroup);
/// Whether `inner` is `outer` or lies below it; false when either is not known.
[[nodiscard]] bool cgroup_is_inside(std::string_view inner, std::string_view outer);

}  // namespace leakscope::findings
