#include "findings/catalog.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace leakscope::findings {
namespace {

constexpr Domain kKernel = Domain::kKernel;
constexpr Domain kUser = Domain::kUser;

// clang-format off
constexpr auto kCatalog = std::to_array<CatalogEntry>({
    {"kernel.slab.growth", kKernel, "slab cache {name}", "objects of this cache are allocated and not freed", "leakscope trace kernel --cache {name} --for 60s"},
    {"kernel.slab.fragmentation", kKernel, "slab cache {name}", "the cache's pages grow while the objects in use do not: half-empty pages, not lost objects", "leakscope status"},
    {"kernel.slab.cache", kKernel, "slab cache {name}", "a cache of the kernel that it gives back when memory is needed", "leakscope status"},
    {"kernel.large_kmalloc", kKernel, "large kmalloc", "kernel allocations above two pages, which belong to no cache, are not freed", "leakscope trace kernel --for 60s"},
    {"kernel.vmalloc", kKernel, "vmalloc by {name}", "vmalloc areas of this caller are not freed", "leakscope trace kernel --vmalloc --for 60s"},
    {"kernel.percpu", kKernel, "per-CPU memory", "per-CPU allocations are not freed; each costs its size times the number of CPUs", "leakscope trace kernel --percpu --for 60s"},
    {"kernel.stacks", kKernel, "kernel stacks", "kernel threads or tasks are made and do not end", "leakscope status"},
    {"kernel.page_tables", kKernel, "page tables of {name}", "page tables grow faster than the memory they map", "leakscope status --pid {pid}"},
    {"kernel.sockets", kKernel, "socket buffers", "data waits in socket queues and nobody takes it", "leakscope status"},
    {"kernel.messages", kKernel, "System V messages", "messages are sent to System V queues, and nobody takes them", "ipcs -q -p"},
    {"kernel.bpf", kKernel, "BPF {name}", "BPF maps or programs are loaded and not released", "leakscope status"},
    {"kernel.dying_cgroups", kKernel, "removed cgroups", "cgroups were removed, but pages or objects charged to them keep them in memory", "leakscope status"},
    {"kernel.residual", kKernel, "pages that no counter shows", "pages are taken straight from the page allocator and not given back", "leakscope trace kernel --pages --for 60s\nleakscope show page_owner"},
    {"kernel.holder", kKernel, "pages of {name}", "a known holder of pages without a counter takes more and more", "leakscope status"},
    {"user.anon", kUser, "process {pid} ({name})", "the process allocates memory and does not free it", "leakscope trace {pid} --for 60s\nleakscope scan {pid}"},
    {"user.heap", kUser, "process {pid} ({name})", "each round of the load leaves blocks in its malloc heap that are not given back", "leakscope trace {pid} --for 60s\nleakscope scan {pid}"},
    {"user.group", kUser, "{name}", "the processes of this group together need more and more memory, although each may be short-lived", "leakscope status"},
    {"user.descriptors", kUser, "process {pid} ({name})", "descriptors are opened and not closed", "leakscope status --pid {pid}"},
    {"user.threads", kUser, "process {pid} ({name})", "threads are started and do not end", "leakscope status --pid {pid}"},
    {"user.shmem", kUser, "shared memory {name}", "files in memory, or shared memory, are made and not removed", "leakscope status"},
    {"cgroup.limit", kUser, "cgroup {name}", "the memory of the cgroup that cannot be reclaimed grows towards its limit", "leakscope status --cgroup {name}"},
    {"limit.files", kKernel, "open files", "the number of open files grows towards the limit of the machine", "leakscope status"},
    {"limit.pids", kKernel, "threads of {name}", "the number of threads grows towards the limit", "leakscope status"},
    {"limit.conntrack", kKernel, "tracked connections", "the connection table fills up", "leakscope status"},
    {"limit.inotify", kUser, "inotify watches of {name}", "inotify watches are added and not removed", "leakscope status"},
    {"limit.ipc", kUser, "SysV objects", "SysV queues, segments or semaphore sets are made and not removed; they outlive their programs", "ipcs -a"},
    {"machine.page_cache", kKernel, "page cache", "files that were read stay in memory until it is needed for something else", ""},
    {"machine.decline", kKernel, "available memory", "available memory falls and no single subject explains it", "leakscope record -o leak.rec --for 10m\nleakscope diagnose --from leak.rec"},
    {"machine.struggle", kKernel, "the machine", "the machine is short of memory now: it swaps, scans for pages or waits", "leakscope status"},
});
// clang-format on

std::string in_place(std::string_view text, const model::SubjectInfo& subject, bool for_shell) {
  const auto name_for = [&](const std::string& name) {
    const bool plain = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
             c == '/' || c == '.' || c == ':' || c == '@' || c == ',' || c == '+';
    });
    if (!for_shell || plain) return name;
    std::string quoted = "'";
    for (const char c : name) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
  };
  std::string result;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return result.append(text);
    result.append(text.substr(0, open));
    const std::string_view place = text.substr(open + 1, close - open - 1);
    if (place == "name") result += name_for(subject.key.name);
    if (place == "cgroup") result += name_for(subject.cgroup);
    if (place == "pid") result += subject.key.process ? fmt::format("{}", subject.key.process->pid.value) : "PID";
    text.remove_prefix(close + 1);
  }
  return result;
}

}  // namespace

std::span<const CatalogEntry> catalog() { return kCatalog; }

const CatalogEntry& catalog_entry(std::string_view id) {
  const auto* const found = std::ranges::find(kCatalog, id, &CatalogEntry::id);
  return found == kCatalog.end() ? kCatalog.back() : *found;
}

std::string title_of(const Finding& finding) {
  const model::SubjectInfo& subject = finding.subject;
  using enum model::SubjectKind;
  if (subject.key.kind == kGroup) return "group " + subject.key.name;
  if (subject.key.kind == kProcess && subject.key.process) {
    std::string process = fmt::format("process {} ({})", subject.key.process->pid.value, subject.key.name);
    if (finding.id == "kernel.page_tables") return "page tables of " + process;
    if (finding.id == "user.shmem") return "shared memory of " + process;
    return process;
  }
  if (subject.key.kind == kMachine && subject.key.name.empty()) {
    if (finding.id == "kernel.slab.growth") return "unreclaimable slab, cache not known,";
    if (finding.id == "kernel.page_tables") return "page tables";
    if (finding.id == "kernel.vmalloc") return "vmalloc, caller not known,";
    if (finding.id == "kernel.bpf") return "BPF maps and programs";
    if (finding.id == "user.anon") return "anonymous memory of all programs together";
    if (finding.id == "user.shmem") return "shared memory that no tmpfs or segment explains";
    if (finding.id == "limit.pids") return "threads of the machine";
  }
  return in_place(catalog_entry(finding.id).title, subject, false);
}

std::vector<std::string> next_steps(const CatalogEntry& entry, const model::SubjectInfo& subject) {
  std::vector<std::string> steps;
  std::string_view rest = entry.next;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool wants_pid = line.find("{pid}") != std::string_view::npos;
    const bool wants_name = line.find("{name}") != std::string_view::npos;
    if (wants_pid && !subject.key.process) continue;
    if (wants_name && subject.key.name.empty()) continue;
    steps.push_back(in_place(line, subject, true));
  }
  if (steps.empty() && !entry.next.empty()) steps.emplace_back("leakscope status");
  return steps;
}

}  // namespace leakscope::findings
