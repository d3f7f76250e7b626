#include "findings/rules/rules.h"

#include <array>

namespace leakscope::findings::rules {
namespace {

constexpr auto kRules = std::to_array<Rule>({
    {"user_anon", user_anon},
    {"user_group", user_group},
    {"user_descriptors", user_descriptors},
    {"user_threads", user_threads},
    {"user_heap", user_heap},
    {"user_shmem", user_shmem},
    {"cgroup_limit", cgroup_limit},
    {"limits", limits},
    {"kernel_dying_cgroups", kernel_dying_cgroups},
    {"kernel_bpf", kernel_bpf},
    {"kernel_messages", kernel_messages},
    {"kernel_slab", kernel_slab},
    {"kernel_large_kmalloc", kernel_large_kmalloc},
    {"kernel_stacks", kernel_stacks},
    {"kernel_percpu", kernel_percpu},
    {"kernel_vmalloc", kernel_vmalloc},
    {"kernel_page_tables", kernel_page_tables},
    {"kernel_holder", kernel_holder},
    {"kernel_residual", kernel_residual},
    {"kernel_sockets", kernel_sockets},
    {"machine_page_cache", machine_page_cache},
    {"machine_decline", machine_decline},
    {"machine_struggle", machine_struggle},
});

}  // namespace

std::span<const Rule> all() { return kRules; }

}  // namespace leakscope::findings::rules
