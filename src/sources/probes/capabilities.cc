#include "sources/probes/capabilities.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::probes {
namespace {

using model::Coverage;
using State = Coverage::State;

/// A file whose presence is the capability.
struct Witness {
  std::string_view name;
  std::string_view path;
  std::string_view absent;  ///< why it may be absent
  std::string_view remedy;  ///< what brings it
};

constexpr auto kDebugfsWitnesses = std::to_array<Witness>({
    {"page_owner", "sys/kernel/debug/page_owner", "page_owner is off, or the kernel was built without it",
     "add page_owner=on to the boot line (CONFIG_PAGE_OWNER; costs 0.1 to 1.8 % of RAM)"},
    {"page_owner_stacks", "sys/kernel/debug/page_owner_stacks/show_stacks",
     "page_owner is off, or the kernel is older than 6.10", "add page_owner=on to the boot line (CONFIG_PAGE_OWNER)"},
    {"kmemleak", "sys/kernel/debug/kmemleak", "kmemleak is off, or the kernel was built without it",
     "add kmemleak=on to the boot line (CONFIG_DEBUG_KMEMLEAK)"},
    {"slub_traces", "sys/kernel/debug/slab", "no cache keeps its users",
     "add slub_debug=U,CACHE to the boot line (CONFIG_SLUB_DEBUG)"},
});

constexpr auto kPlainWitnesses = std::to_array<Witness>({
    {"allocinfo", "proc/allocinfo", "the kernel was built without allocation profiling",
     "use a kernel 6.10 or newer with CONFIG_MEM_ALLOC_PROFILING, then: sysctl vm.mem_profiling=1"},
    {"page_census", "proc/kpageflags", "the kernel was built without CONFIG_PROC_PAGE_MONITOR", ""},
    {"page_census_cgroups", "proc/kpagecgroup", "the kernel was built without CONFIG_PROC_PAGE_MONITOR or CONFIG_MEMCG",
     ""},
    {"kcore", "proc/kcore", "the kernel was built without CONFIG_PROC_KCORE", ""},
    {"kernel_btf", "sys/kernel/btf/vmlinux", "the kernel was built without CONFIG_DEBUG_INFO_BTF", ""},
    {"kprobes", "sys/bus/event_source/devices/kprobe/type", "the kernel was built without CONFIG_KPROBE_EVENTS", ""},
    {"uprobes", "sys/bus/event_source/devices/uprobe/type", "the kernel was built without CONFIG_UPROBE_EVENTS", ""},
});

Coverage probe_file(const RootedDir& root, const Witness& witness) {
  Coverage coverage{std::string(witness.name), State::kOk, {}, {}};
  const auto fd = root.open_file(witness.path);
  if (fd) return coverage;
  switch (fd.error().kind) {
    case Error::Kind::kNotFound:
      coverage.state = State::kAbsent;
      coverage.why = fmt::format("there is no {}: {}", root.display(witness.path), witness.absent);
      coverage.remedy = witness.remedy;
      break;
    case Error::Kind::kDenied:
      coverage.state = State::kDenied;
      coverage.why = to_string(fd.error());
      coverage.remedy = "run as root";
      break;
    default:
      coverage.state = State::kPartial;
      coverage.why = to_string(fd.error());
      break;
  }
  return coverage;
}

/// Debugfs holds the witnesses: when it is not mounted their absence says nothing of the kernel.
bool debugfs_is_mounted(const RootedDir& root) {
  const auto names = root.list("sys/kernel/debug");
  return names && !names->empty();
}

void probe_debugfs(const RootedDir& root, std::vector<Coverage>& all) {
  const auto names = root.list("sys/kernel/debug");
  if (!names && names.error().kind == Error::Kind::kDenied) {
    for (const Witness& witness : kDebugfsWitnesses) {
      all.push_back({std::string(witness.name), State::kDenied, to_string(names.error()), "run as root"});
    }
    return;
  }
  if (!debugfs_is_mounted(root)) {
    for (const Witness& witness : kDebugfsWitnesses) {
      all.push_back({std::string(witness.name), State::kAbsent,
                     "debugfs is not mounted, so it cannot be told whether the kernel has it",
                     "mount -t debugfs none /sys/kernel/debug"});
    }
    return;
  }
  for (const Witness& witness : kDebugfsWitnesses) all.push_back(probe_file(root, witness));
}

Coverage probe_tracefs(const RootedDir& root) {
  for (const char* path : {"sys/kernel/tracing/instances", "sys/kernel/debug/tracing/instances"}) {
    if (!root.exists(path)) continue;
    if (::faccessat(root.fd(), path, W_OK, AT_EACCESS) == 0) return {"tracefs", State::kOk, {}, {}};
    return {"tracefs", State::kDenied, fmt::format("may not make an instance in {}", root.display(path)),
            "run as root"};
  }
  return {"tracefs", State::kAbsent, "tracefs is not mounted", "mount -t tracefs none /sys/kernel/tracing"};
}

Coverage probe_other_memory(const RootedDir& root) {
  Coverage coverage{"process_memory", State::kOk, {}, {}};
  FileBuffer buffer;
  const auto scope = root.read("proc/sys/kernel/yama/ptrace_scope", buffer);
  const auto level = scope ? parse_number<int>(trim(*scope)) : std::nullopt;
  if (level == 3) {
    coverage.state = State::kDenied;
    coverage.why = "kernel.yama.ptrace_scope is 3: nobody may read another process until the next boot";
    coverage.remedy = "boot with another kernel.yama.ptrace_scope";
  } else if (::geteuid() != 0) {
    coverage.state = State::kPartial;
    coverage.why = level.value_or(0) > 0 ? "not root, and kernel.yama.ptrace_scope limits it to descendants"
                                         : "not root: only processes of the same user";
    coverage.remedy = "run as root, or with CAP_SYS_PTRACE";
  }
  return coverage;
}

Coverage probe_symbols(const RootedDir& root) {
  FileBuffer buffer;
  const auto text = root.read("proc/sys/kernel/kptr_restrict", buffer);
  const auto level = text ? parse_number<int>(trim(*text)) : std::nullopt;
  if (level == 2) {
    return {"kernel_symbols", State::kDenied, "kernel.kptr_restrict is 2: addresses read as zero",
            "sysctl kernel.kptr_restrict=1"};
  }
  if (level == 1 && ::geteuid() != 0) {
    return {"kernel_symbols", State::kDenied, "kernel.kptr_restrict is 1 and this is not root", "run as root"};
  }
  return {"kernel_symbols", State::kOk, {}, {}};
}

}  // namespace

std::vector<model::Coverage> probe_kernel_witnesses(const RootedDir& root) {
  std::vector<Coverage> all;
  probe_debugfs(root, all);
  for (const Witness& witness : kPlainWitnesses) all.push_back(probe_file(root, witness));
  all.push_back(probe_tracefs(root));
  all.push_back(probe_symbols(root));
  all.push_back(probe_other_memory(root));
  return all;
}

}  // namespace leakscope::sources::probes
