#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "findings/holders.h"
#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;

bool is_one_of(std::string_view caller, std::span<const std::string_view> starts) {
  return std::ranges::any_of(starts, [&](std::string_view start) { return caller.starts_with(start); });
}

/// Kernel stacks and per-CPU memory (pcpu_get_vm_areas) have rules of their own; "unpurged" areas are freed already and
/// wait for a TLB flush.
bool is_told_elsewhere(std::string_view caller) {
  static constexpr auto kElsewhere = std::to_array<std::string_view>(
      {"kernel_clone", "_do_fork", "pcpu_get_vm_areas", "copy_process", "dup_task_struct", "alloc_thread_stack",
       "fork_idle", "unpurged", "kthread", "user_mode_thread"});
  return is_one_of(caller, kElsewhere);
}

bool belongs_to_bpf(std::string_view caller) {
  static constexpr auto kBpf = std::to_array<std::string_view>(
      {"bpf_", "__bpf", "htab_map", "array_map", "bpf_map", "trie_", "queue_stack_map", "ringbuf", "stack_map"});
  return is_one_of(caller, kBpf);
}

/// The lists of a chunk of per-CPU memory, twice as large as its pages where memory cgroups count objects (one CPU).
bool comes_with_percpu(Drafts& drafts, const Test& test, std::string_view caller) {
  Draft* told = alarm_of(drafts, "kernel.percpu");
  if (told == nullptr || !caller.starts_with("pcpu_")) return false;
  told->absorbed += test.rise();
  add_evidence(*told, "/proc/vmallocinfo",
               fmt::format("vmalloc by {} {} along with it", caller, rise_text(model::Unit::kBytes, test.rise())));
  return true;
}

bool is_module_loader(std::string_view caller) {
  static constexpr auto kLoaders = std::to_array<std::string_view>(
      {"move_module", "module_alloc", "load_module", "layout_and_allocate", "execmem_"});
  return is_one_of(caller, kLoaders);
}

void add_figures(Draft& draft, const Facts& facts) {
  const std::string& caller = draft.finding.subject.key.name;
  add_evidence(draft, facts, draft.subject, Metric::kVmallocBytes, "areas hold");
  add_evidence(draft, facts, draft.subject, Metric::kVmallocAreas, "areas");
  add_steadiness(draft);
  if (belongs_to_bpf(caller)) name_holders(draft, facts, {.bpf = true}, draft.rise);
  if (is_module_loader(caller)) add_evidence(draft, "/proc/modules", "this caller loads modules");
  const double all = std::max(facts.rise(Metric::kMeminfoVmallocUsed), facts.rise(Metric::kVmallocTotalPages));
  draft.confirmed = all >= kHalfOfIt * draft.rise;
}

/// VmallocUsed grows, and no caller passes by itself, or none could be read (/proc/vmallocinfo is for root).
void tell_sum(const Facts& facts, Drafts& drafts) {
  const Test* sum = facts.test(Quantity::kVmalloc);
  if (sum == nullptr || !sum->grows()) return;
  double explained = std::max(facts.rise(Metric::kMeminfoKernelStack), facts.rise(Metric::kVmstatKernelStack));
  for (const Draft& draft : drafts) {
    const bool vmalloc = draft.finding.id == "kernel.vmalloc" || draft.finding.id == "kernel.bpf";
    if (vmalloc && draft.finding.state != State::kInsufficient) explained += draft.rise;
    if (draft.finding.id == "kernel.percpu") explained += draft.absorbed;
  }
  if (share_of(explained, sum->rise()) >= kHalfOfIt) return;
  const auto counts = [&](const Test& caller) {
    return !is_told_elsewhere(facts.observation().info(caller.subject).key.name);
  };
  if (const Test* caller = main_subject(facts, Quantity::kVmallocCaller, *sum, counts)) {
    Draft draft = attributed_draft(facts, drafts, *caller, *sum, "kernel.vmalloc");
    add_figures(draft, facts);
    drafts.push_back(std::move(draft));
    return;
  }
  Draft draft = draft_of(facts, *sum, "kernel.vmalloc");
  add_evidence(draft, facts, sum->subject, Metric::kMeminfoVmallocUsed, "VmallocUsed");
  add_steadiness(draft);
  add_evidence(draft, "/proc/vmallocinfo",
               facts.seen(Quantity::kVmallocCaller) ? "no single caller explains it"
                                                    : "was not read, so the caller is not known");
  drafts.push_back(std::move(draft));
}

}  // namespace

void kernel_vmalloc(const Facts& facts, Drafts& drafts) {
  const bool bpf_told = alarm_of(drafts, "kernel.bpf") != nullptr;
  for (const Test& test : facts.tests(Quantity::kVmallocCaller)) {
    const std::string caller = facts.observation().info(test.subject).key.name;
    if (is_told_elsewhere(caller) || (!test.grows() && !is_notable(test))) continue;
    if ((belongs_to_bpf(caller) && bpf_told) || comes_with_percpu(drafts, test, caller)) continue;
    Draft draft = draft_of(facts, test, "kernel.vmalloc");
    add_figures(draft, facts);
    drafts.push_back(std::move(draft));
  }
  tell_sum(facts, drafts);
}

}  // namespace leakscope::findings::rules
