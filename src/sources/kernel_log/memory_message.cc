#include "sources/kernel_log/memory_message.h"

#include <algorithm>
#include <array>

#include "base/text_cursor.h"

namespace leakscope::sources::kernel_log {
namespace {

using namespace std::literals;

// Phrases that may stand anywhere in a message: drivers put their name before them.
constexpr auto kPhrases = std::to_array<std::string_view>({
    "Out of memory"sv,                   // oom_kill.c: also "Out of memory and no killable processes"
    "out of memory: "sv,                 // "Memory cgroup out of memory: Kill process 5 (x) score 9 or sacrifice child"
    "oom-kill:"sv,                       // 4.19+: one line with constraint, cpuset, cgroups, task
    "invoked oom-killer"sv,              // first line of each report
    "memory.oom.group"sv,                // "Tasks in /x are going to be killed due to memory.oom.group set"
    "System is deadlocked on memory"sv,  // panic
    "page allocation failure"sv,         // "x: page allocation failure: order:0, mode:0x..."
    "page allocation stalls for"sv,      // 4.10 to 4.14
    "Unable to allocate memory on node"sv,
    "vmap allocation for size"sv,
    "vmalloc: allocation failure"sv,
    "vmalloc error: size"sv,
    "out of vmalloc space"sv,
    "percpu: allocation failed"sv,
    "PERCPU: allocation failed"sv,
    "cma_alloc: alloc failed"sv,
    "swiotlb buffer is full"sv,
    "Objects remaining"sv,  // "BUG x (Tainted: ...): Objects remaining in x on __kmem_cache_shutdown()"
    "Slab cache still has objects"sv,
    "still has objects when called from"sv,
    "new suspected memory leaks"sv,
    "leaking memory."sv,  // "refcount_t: saturated; leaking memory."
    "stalled pool shutdown"sv,
    "Bad rss-counter state"sv,
    "non-zero pgtables_bytes on freeing mm"sv,
    "Bad page state in process"sv,
    "unregister_netdevice: waiting for"sv,
    "neighbor table overflow"sv,
    "eighbour table overflow"sv,
    "table full, dropping packet"sv,  // nf_conntrack, ip_conntrack
    "consider tuning tcp_mem"sv,
    "orphaned sockets"sv,
    "TCP: out of memory"sv,
    "file-max limit"sv,
    "fork rejected by pids controller"sv,
});

constexpr std::string_view kKilled = "Killed process ";

bool is_hugetlb_failure(std::string_view text) {
  const bool names_it = text.find("HugeTLB") != text.npos || text.find("hugetlb") != text.npos;
  return names_it && (text.find("failed") != text.npos || text.find("only allocated") != text.npos);
}

}  // namespace

std::optional<MemoryMessage> classify_memory_message(std::string_view text) {
  // 3.10 to 4.x write two lines for a kill, "Kill process ... or sacrifice child" and this one; newer ones this alone.
  if (text.find(kKilled) != text.npos && text.find("total-vm:") != text.npos && killed_pid(text)) {
    return MemoryMessage{model::EventKind::kOomKill, text};
  }
  const auto stands_in = [text](std::string_view phrase) { return text.find(phrase) != text.npos; };
  if (std::ranges::any_of(kPhrases, stands_in) || is_hugetlb_failure(text)) {
    return MemoryMessage{model::EventKind::kKernelMessage, text};
  }
  return std::nullopt;
}

std::span<const std::string_view> memory_phrases() { return kPhrases; }

std::optional<Pid> killed_pid(std::string_view text) {
  const std::size_t at = text.find(kKilled);
  if (at == text.npos) return std::nullopt;
  const std::string_view rest = text.substr(at + kKilled.size());
  const auto pid = parse_number<std::int32_t>(rest.substr(0, rest.find_first_of(" ,")));
  if (!pid || *pid <= 0) return std::nullopt;
  return Pid{*pid};
}

std::optional<std::string_view> oom_cgroup(std::string_view text) {
  constexpr std::string_view kKey = ",oom_memcg=";
  constexpr std::string_view kNext = ",task_memcg=";
  if (text.find("oom-kill:") == text.npos) return std::nullopt;
  const std::size_t at = text.find(kKey);
  if (at == text.npos) return std::nullopt;
  const std::string_view rest = text.substr(at + kKey.size());
  // A cgroup's name may hold commas: the next key ends it.
  const std::size_t end = rest.find(kNext);
  if (end == rest.npos || end == 0) return std::nullopt;
  return rest.substr(0, end);
}

}  // namespace leakscope::sources::kernel_log
