#include "sources/kernel_log/memory_message.h"

#include <optional>

#include <gtest/gtest.h>

namespace leakscope::sources::kernel_log {
namespace {

using model::EventKind;

struct Case {
  std::string_view text;
  std::optional<EventKind> kind;
};

// Wordings by kernel; the 6.18 ones were captured, the others are as their sources print them.
constexpr Case kCases[] = {
    // mm/oom_kill.c: 3.10, 4.14, 4.19, 5.15, 6.18
    {"Killed process 6576 (mysqld) total-vm:33914892kB, anon-rss:20629004kB, file-rss:0kB, shmem-rss:0kB",
     EventKind::kOomKill},
    {"Out of memory: Kill process 6576 (mysqld) score 651 or sacrifice child", EventKind::kKernelMessage},
    {"Memory cgroup out of memory: Kill process 77 (java) score 1001 or sacrifice child", EventKind::kKernelMessage},
    {"Out of memory: Killed process 5 (a) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0",
     EventKind::kOomKill},
    {"Out of memory (oom_kill_allocating_task): Killed process 5 (a) total-vm:1kB, anon-rss:1kB", EventKind::kOomKill},
    {"Memory cgroup out of memory: Killed process 13825 (leaky) total-vm:33012kB, anon-rss:23152kB, "
     "file-rss:3652kB, shmem-rss:0kB, UID:0 pgtables:104kB oom_score_adj:500",
     EventKind::kOomKill},
    {"leaky invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=500", EventKind::kKernelMessage},
    {"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/x,task=a,"
     "pid=5,uid=0",
     EventKind::kKernelMessage},
    {"Out of memory and no killable processes...", EventKind::kKernelMessage},
    {"Tasks in /a are going to be killed due to memory.oom.group set", EventKind::kKernelMessage},
    // mm/page_alloc.c warn_alloc(), mm/slub.c, mm/vmalloc.c, mm/percpu.c, mm/hugetlb.c
    {"swapper/0: page allocation failure: order:0, mode:0x40a20(GFP_ATOMIC|__GFP_COMP), nodemask=(null)",
     EventKind::kKernelMessage},
    {"SLUB: Unable to allocate memory on node -1, gfp=0x20(GFP_ATOMIC)", EventKind::kKernelMessage},
    {"vmap allocation for size 2498560 failed: use vmalloc=<size> to increase size", EventKind::kKernelMessage},
    {"insmod: vmalloc error: size 1048576, page order 0, failed to allocate pages, mode:0xdc2",
     EventKind::kKernelMessage},
    {"percpu: allocation failed, size=2048 align=8 atomic=0, alloc from reserved chunk failed",
     EventKind::kKernelMessage},
    {"HugeTLB: allocating 512 of page size 2.00 MiB failed.  Only allocated 37 hugepages.", EventKind::kKernelMessage},
    {"BUG foo_cache (Tainted: G    B      OE     ): Objects remaining in foo_cache on __kmem_cache_shutdown()",
     EventKind::kKernelMessage},
    {"kmem_cache_destroy foo_cache: Slab cache still has objects when called from foo_exit+0x10/0x20 [foo]",
     EventKind::kKernelMessage},
    // tables and limits
    {"neighbour: arp_cache: neighbor table overflow!", EventKind::kKernelMessage},
    {"Neighbour table overflow.", EventKind::kKernelMessage},
    {"nf_conntrack: nf_conntrack: table full, dropping packet", EventKind::kKernelMessage},
    {"TCP: out of memory -- consider tuning tcp_mem", EventKind::kKernelMessage},
    {"TCP: too many orphaned sockets", EventKind::kKernelMessage},
    {"VFS: file-max limit 2401234 reached", EventKind::kKernelMessage},
    {"cgroup: fork rejected by pids controller in /user.slice/user-0.slice", EventKind::kKernelMessage},
    // the kernel's own witnesses
    {"kmemleak: 5 new suspected memory leaks (see /sys/kernel/debug/kmemleak)", EventKind::kKernelMessage},
    {"refcount_t: saturated; leaking memory.", EventKind::kKernelMessage},
    {"page_pool_release_retry() stalled pool shutdown: id 12, 199 inflight 60 sec", EventKind::kKernelMessage},
    {"unregister_netdevice: waiting for lo to become free. Usage count = 1", EventKind::kKernelMessage},
    {"BUG: Bad rss-counter state mm:00000000a1b2c3d4 type:MM_ANONPAGES val:3", EventKind::kKernelMessage},
    // not about memory, or only by the look of it
    {"EXT4-fs (vda): mounted filesystem r/w without journal. Quota mode: none.", std::nullopt},
    {"Memory: 24012345K/25165824K available (18432K kernel code, 2837K rwdata)", std::nullopt},
    {"watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [a:1]", std::nullopt},
    {"oom_reaper: reaped process 5 (a), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB", std::nullopt},
    {"HugeTLB: registered 2.00 MiB page size, pre-allocated 0 pages", std::nullopt},
    {"Killed process by user", std::nullopt},
    {"", std::nullopt},
};

TEST(MemoryMessage, TellsMessagesAboutMemoryFromOthers) {
  for (const Case& c : kCases) {
    const auto message = classify_memory_message(c.text);
    EXPECT_EQ(message.has_value(), c.kind.has_value()) << c.text;
    if (message && c.kind) {
      EXPECT_EQ(message->kind, *c.kind) << c.text;
    }
  }
}

TEST(MemoryMessage, NamesTheVictim) {
  EXPECT_EQ(killed_pid("Memory cgroup out of memory: Killed process 812 (x) total-vm:1kB"), Pid{812});
  EXPECT_EQ(killed_pid("Killed process 812, UID 0, (x) total-vm:1kB"), Pid{812});
  EXPECT_EQ(killed_pid("Killed process -812 (x)"), std::nullopt);
  EXPECT_EQ(killed_pid("Killed process 99999999999 (x)"), std::nullopt);
  EXPECT_EQ(killed_pid("Killed process "), std::nullopt);
}

TEST(MemoryMessage, NamesTheCgroupWhoseLimitWasHit) {
  EXPECT_EQ(oom_cgroup("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
                       "oom_memcg=/lxc/a,b,task_memcg=/lxc/a,b/ns,task=x,pid=1,uid=0"),
            "/lxc/a,b");
  EXPECT_EQ(oom_cgroup("oom-kill:constraint=CONSTRAINT_NONE,global_oom,task_memcg=/x,task=a"), std::nullopt);
  EXPECT_EQ(oom_cgroup("oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/lxc/a"), std::nullopt);
}

}  // namespace
}  // namespace leakscope::sources::kernel_log
