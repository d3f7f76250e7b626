#include "sources/procfs/boot_parameters.h"

#include <algorithm>
#include <array>

namespace leakscope::sources::procfs {
namespace {

// Names end where '*' stands; the kernel takes '-' and '_' for the same.
constexpr auto kTelling = std::to_array<std::string_view>({
    "cgroup*",
    "cma",
    "crashkernel",
    "debug_guardpage_minorder",
    "debug_pagealloc",
    "default_hugepagesz",
    "hugepages*",
    "hugetlb_*",
    "init_on_alloc",
    "init_on_free",
    "iommu",
    "kasan*",
    "kernelcore",
    "kfence*",
    "kmemleak",
    "kvm.nx_huge_pages",
    "maxcpus",
    "mem",
    "memmap",
    "memory_hotplug*",
    "mem_encrypt",
    "movablecore",
    "movable_node",
    "nr_cpus",
    "numa",
    "numa_balancing",
    "page_owner",
    "page_poison",
    "page_reporting*",
    "panic_on_oom",
    "percpu_alloc",
    "possible_cpus",
    "psi",
    "shuffle*",
    "slab_*",
    "slub_*",
    "swapaccount",
    "swiotlb",
    "sysctl.vm.*",
    "systemd.unified_cgroup_hierarchy",
    "transparent_hugepage*",
    "vmalloc",
    "zswap.*",
});

bool same_name_character(char a, char b) { return a == b || (a == '-' && b == '_'); }

bool is_telling(std::string_view name) {
  return std::ranges::any_of(kTelling, [&](std::string_view pattern) {
    const bool prefix = pattern.ends_with('*');
    if (prefix) pattern.remove_suffix(1);
    if (prefix ? name.size() < pattern.size() : name.size() != pattern.size()) return false;
    return std::ranges::equal(name.substr(0, pattern.size()), pattern, same_name_character);
  });
}

/// Takes the next parameter off the front, as lib/cmdline.c, next_arg() does: blanks within quotes do not end it.
std::string_view take_parameter(std::string_view& rest) {
  constexpr std::string_view kBlanks = " \t\n";
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (!quoted && kBlanks.contains(rest[end])) break;
  }
  const std::string_view parameter = rest.substr(0, end);
  rest.remove_prefix(end);
  return parameter;
}

}  // namespace

std::string without_private_values(std::string_view command_line) {
  std::string kept;
  for (;;) {
    const std::string_view parameter = take_parameter(command_line);
    if (parameter.empty() || parameter == "--") return kept;
    const std::size_t equals = parameter.find('=');
    std::string_view name = parameter.substr(0, equals);
    if (name.starts_with('"')) name.remove_prefix(1);
    if (!kept.empty()) kept += ' ';
    kept += equals != std::string_view::npos && is_telling(name) ? parameter : name;
  }
}

}  // namespace leakscope::sources::procfs
