#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "findings/holders.h"
#include "findings/rules/rules.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

bool is_one_of(std::string_view caller, std::span<const std::string_view> starts) {
  return std::ranges::any_of(starts, [&](std::string_view start) { return caller.starts_with(start); });
}

/// Kernel stacks have a rule of their own; "unpurged" areas are freed already and wait for a TLB flush.
bool is_told_elsewhere(std::string_view caller) {
  static constexpr auto kElsewhere =
      std::to_array<std::string_view>({"kernel_clone", "_do_fork", "copy_process", "dup_task_struct",
                                       "alloc_thread_stack", "fork_idle", "unpurged", "kthread", "user_mode_thread"});
  return is_one_of(caller, kElsewhere);
}

bool belongs_to_bpf(std::string_view caller) {
  static constexpr auto kBpf = std::to_array<std::string_view>(
      {"bpf_", "__bpf", "htab_map", "array_map", "bpf_map", "trie_", "queue_stack_map", "ringbuf", "stack_map"});
  return is_one_of(caller, kBpf);
}

bool is_module_loader(std::string_view caller) {
  static constexpr auto kLoaders = std::to_array<std::string_view>(
      {"move_module", "module_alloc", "load_module", "layout_and_allocate", "execmem_"});
  return is_one_of(caller, kLoaders);
}

}  // namespace

void kernel_vmalloc(const Facts& facts, Drafts& drafts) {
  for (const Test& test : facts.tests(Quantity::kVmallocCaller)) {
    const std::string caller = facts.observation().info(test.subject).key.name;
    if (is_told_elsewhere(caller) || (!test.grows() && !is_notable(test))) continue;
    const bool bpf_told = std::ranges::any_of(
        drafts, [](const Draft& draft) { return draft.finding.id == "kernel.bpf" && draft.alarms(); });
    if (belongs_to_bpf(caller) && bpf_told) continue;
    Draft draft = draft_of(facts, test, "kernel.vmalloc");
    add_evidence(draft, facts, test.subject, Metric::kVmallocBytes, "areas hold");
    add_evidence(draft, facts, test.subject, Metric::kVmallocAreas, "areas");
    add_steadiness(draft);
    if (belongs_to_bpf(caller)) name_holders(draft, facts, {.bpf = true}, draft.rise);
    if (is_module_loader(caller)) add_evidence(draft, "/proc/modules", "this caller loads modules");
    const double all = std::max(facts.rise(Metric::kMeminfoVmallocUsed), facts.rise(Metric::kVmallocTotalPages));
    draft.confirmed = all >= kHalfOfIt * draft.rise;
    drafts.push_back(std::move(draft));
  }
  // vmallocinfo is for root: without callers, the sum is all that can be told, unless stacks explain it.
  const Test* sum = facts.test(Quantity::kVmalloc);
  if (sum == nullptr || facts.seen(Quantity::kVmallocCaller) || !sum->grows()) return;
  const double stacks = std::max(facts.rise(Metric::kMeminfoKernelStack), facts.rise(Metric::kVmstatKernelStack));
  if (share_of(stacks, sum->rise()) >= kHalfOfIt) return;
  Draft draft = draft_of(facts, *sum, "kernel.vmalloc");
  add_evidence(draft, facts, sum->subject, Metric::kMeminfoVmallocUsed, "VmallocUsed");
  add_steadiness(draft);
  add_evidence(draft, "/proc/vmallocinfo", "was not read, so the caller is not known");
  drafts.push_back(std::move(draft));
}

}  // namespace leakscope::findings::rules
