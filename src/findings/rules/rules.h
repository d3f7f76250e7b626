#pragma once

#include <span>
#include <string_view>

#include "findings/draft.h"

namespace leakscope::findings::rules {

/// A rule looks at the facts and at what the rules before it told, and adds its drafts. It may also explain away or
/// enrich earlier ones, so that one cause is told once.
struct Rule {
  std::string_view name;
  void (*apply)(const Facts& facts, Drafts& drafts);
};

void user_anon(const Facts& facts, Drafts& drafts);
void user_group(const Facts& facts, Drafts& drafts);
void user_descriptors(const Facts& facts, Drafts& drafts);
void user_heap(const Facts& facts, Drafts& drafts);
void user_threads(const Facts& facts, Drafts& drafts);
void user_shmem(const Facts& facts, Drafts& drafts);
void cgroup_limit(const Facts& facts, Drafts& drafts);
void limits(const Facts& facts, Drafts& drafts);
void kernel_messages(const Facts& facts, Drafts& drafts);
void kernel_slab(const Facts& facts, Drafts& drafts);
void kernel_large_kmalloc(const Facts& facts, Drafts& drafts);
void kernel_vmalloc(const Facts& facts, Drafts& drafts);
void kernel_percpu(const Facts& facts, Drafts& drafts);
void kernel_stacks(const Facts& facts, Drafts& drafts);
void kernel_page_tables(const Facts& facts, Drafts& drafts);
void kernel_bpf(const Facts& facts, Drafts& drafts);
void kernel_dying_cgroups(const Facts& facts, Drafts& drafts);
void kernel_holder(const Facts& facts, Drafts& drafts);
void kernel_residual(const Facts& facts, Drafts& drafts);
void kernel_sockets(const Facts& facts, Drafts& drafts);
void machine_page_cache(const Facts& facts, Drafts& drafts);
void machine_decline(const Facts& facts, Drafts& drafts);
void machine_struggle(const Facts& facts, Drafts& drafts);

/// All rules in the order in which they must run: programs first, then what they may explain in the kernel.
[[nodiscard]] std::span<const Rule> all();

}  // namespace leakscope::findings::rules
