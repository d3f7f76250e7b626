#include "findings/cgroup_path.h"

namespace leakscope::findings {

std::string_view cgroup_path(std::string_view cgroup) {
  if (cgroup.starts_with('/')) return cgroup;
  const std::size_t colon = cgroup.find(":/");
  return colon == std::string_view::npos ? cgroup : cgroup.substr(colon + 1);
}

bool cgroup_is_inside(std::string_view inner, std::string_view outer) {
  inner = cgroup_path(inner);
  outer = cgroup_path(outer);
  if (inner.empty() || outer.empty()) return false;
  if (inner == outer || outer == "/") return true;
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
}

}  // namespace leakscope::findings
