// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
// Writes one record for each process, from its task: 0.2 to 0.3 us where the cheapest /proc file takes 0.6.
// The kernel types below have only the fields used; CO-RE finds them by name in the running kernel's BTF.
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "wire/process_record.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file;
struct bpf_iter_meta {
  struct seq_file* seq;
  __u64 seq_num;
};

typedef struct {
  long counter;
} atomic_long_t;

struct upid {
  int nr;
};
struct pid {
  unsigned int level;
  struct upid numbers[1];
};
struct signal_struct {
  int nr_threads;
};
struct mm_struct {
  unsigned long total_vm;
  unsigned long hiwater_rss;
  atomic_long_t pgtables_bytes;
};
// Up to 6.1.
struct mm_rss_stat {
  atomic_long_t count[4];
};
struct mm_struct___atomic {
  struct mm_rss_stat rss_stat;
};
// From 6.2.
struct percpu_counter {
  __s64 count;
  __s32* counters;
};
struct mm_struct___percpu {
  struct percpu_counter rss_stat[4];
};
struct task_struct {
  unsigned int flags;
  int exit_state;
  int pid;
  int tgid;
  __u64 start_boottime;
  char comm[16];
  struct mm_struct* mm;
  struct task_struct* group_leader;
  struct task_struct* real_parent;
  struct signal_struct* signal;
  struct pid* thread_pid;
};
struct bpf_array {
  void* pptrs[1];
};
struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
};

#pragma clang attribute pop

// The order of the counters (include/linux/mm_types_task.h, an enum without a name, which CO-RE cannot look up): the
// loader checks it against BTF.
enum { kFilePages, kAnonPages, kSwapEntries, kShmemPages, kCounters };

#define PF_KTHREAD 0x00200000  // 2.6.27 to 6.18; a macro, so not in BTF
#define MAX_CPUS 1024

const volatile __u32 possible_cpus = 0;  // 0: leave the per-CPU parts of the counters out
__u32 namespace_level = 0;               // of the reader's pid namespace

// A value per CPU whose template address and real addresses we both know: their difference is where a CPU's own memory
// lies, on every architecture and without the symbol table (kernels without KALLSYMS_ALL do not have its variables).
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} landmark SEC(".maps");
// Written and read back: the verifier lets us count with numbers, not with pointers.
volatile __u64 landmark_map = 0;
volatile __u64 cpu_memory[MAX_CPUS] = {};
__u64 cpu_template = 0;

static __always_inline void find_cpu_memory(void) {
  const __u32 key = 0;
  landmark_map = (__u64)&landmark;
  const struct bpf_array* array = (const struct bpf_array*)landmark_map;
  bpf_probe_read_kernel(&cpu_template, sizeof cpu_template, &array->pptrs[0]);
  for (__u32 cpu = 0; cpu < MAX_CPUS; ++cpu) {
    if (cpu >= possible_cpus) break;
    cpu_memory[cpu] = (__u64)bpf_map_lookup_percpu_elem(&landmark, &key, cpu);
  }
}

static __always_inline __s32 part_of(const __s32* counter, __u64 offset) {
  __s32 part = 0;
  bpf_probe_read_kernel(&part, sizeof part, (const void*)((__u64)counter + offset));
  return part;
}

// Each CPU keeps up to max(32, 2 * CPUs) pages to itself before it adds them to the count.
static __always_inline void add_per_cpu_parts(const struct mm_struct___percpu* mm, __s64* pages) {
  const __s32* file = mm->rss_stat[kFilePages].counters;
  const __s32* anon = mm->rss_stat[kAnonPages].counters;
  const __s32* swap = mm->rss_stat[kSwapEntries].counters;
  const __s32* shmem = mm->rss_stat[kShmemPages].counters;
  // From 6.6 they are allocated in one piece.
  const bool adjacent =
      (__u64)anon == (__u64)file + 4 && (__u64)swap == (__u64)file + 8 && (__u64)shmem == (__u64)file + 12;
  for (__u32 cpu = 0; cpu < MAX_CPUS; ++cpu) {
    if (cpu >= possible_cpus) break;
    const __u64 memory = cpu_memory[cpu];
    if (memory == 0) continue;
    const __u64 offset = memory - cpu_template;
    if (adjacent) {
      __s32 parts[kCounters] = {};
      bpf_probe_read_kernel(parts, sizeof parts, (const void*)((__u64)file + offset));
      pages[kFilePages] += parts[kFilePages];
      pages[kAnonPages] += parts[kAnonPages];
      pages[kSwapEntries] += parts[kSwapEntries];
      pages[kShmemPages] += parts[kShmemPages];
    } else {
      pages[kFilePages] += part_of(file, offset);
      pages[kAnonPages] += part_of(anon, offset);
      pages[kSwapEntries] += part_of(swap, offset);
      pages[kShmemPages] += part_of(shmem, offset);
    }
  }
}

static __always_inline bool has_percpu_counters(void) {
  const struct mm_struct___percpu* mm = 0;
  return bpf_core_field_exists(mm->rss_stat[0].count);
}

static __always_inline void read_counters(struct mm_struct* mm, __s64* pages) {
  if (has_percpu_counters()) {
    const struct mm_struct___percpu* percpu = (void*)mm;
    pages[kFilePages] = percpu->rss_stat[kFilePages].count;
    pages[kAnonPages] = percpu->rss_stat[kAnonPages].count;
    pages[kSwapEntries] = percpu->rss_stat[kSwapEntries].count;
    pages[kShmemPages] = percpu->rss_stat[kShmemPages].count;
    if (possible_cpus > 0) add_per_cpu_parts(percpu, pages);
  } else {
    // In one read: the verifiers of these kernels do not look through a typedef that is an array's element.
    const struct mm_struct___atomic* atomic = (void*)mm;
    bpf_probe_read_kernel(pages, kCounters * sizeof *pages, &atomic->rss_stat.count);
  }
}

static __always_inline __s64 not_negative(__s64 pages) { return pages < 0 ? 0 : pages; }

// Pids are those of the namespace in which the iterator walks: the reader's.
static __always_inline int pid_of(struct task_struct* leader) {
  if (namespace_level == 0) return leader->tgid;
  // Read, not followed: verifiers up to at least 6.1 refuse to add an unbounded number to a pointer they know.
  const struct pid* pid = 0;
  bpf_probe_read_kernel(&pid, sizeof pid, &leader->thread_pid);
  int nr = 0;
  const __u64 at = (__u64)pid->numbers + (__u64)namespace_level * bpf_core_type_size(struct upid);
  bpf_probe_read_kernel(&nr, sizeof nr, (const void*)at);
  return nr;
}

static __always_inline void read_memory(struct WireProcessRecord* record, struct mm_struct* mm) {
  __s64 pages[kCounters] = {};
  read_counters(mm, pages);
  record->flags |= kWireHasMemory;
  record->rss_file = not_negative(pages[kFilePages]);
  record->rss_anon = not_negative(pages[kAnonPages]);
  record->rss_shmem = not_negative(pages[kShmemPages]);
  record->swap = not_negative(pages[kSwapEntries]);
  record->page_tables = mm->pgtables_bytes.counter;
  record->vm_size = mm->total_vm;
  // The mark is only moved when RSS is about to fall (fs/proc/task_mmu.c task_mem does the same).
  const __u64 rss = record->rss_file + record->rss_anon + record->rss_shmem;
  record->hwm = mm->hiwater_rss > rss ? mm->hiwater_rss : rss;
}

SEC("iter/task")
int read_task(struct bpf_iter__task* ctx) {
  struct task_struct* task = ctx->task;
  if (!task) return 0;
  if (ctx->meta->seq_num == 0) {
    const struct task_struct* reader = (const struct task_struct*)bpf_get_current_task();
    namespace_level = BPF_CORE_READ(reader, thread_pid, level);
    if (has_percpu_counters() && possible_cpus > 0 && cpu_template == 0) find_cpu_memory();
  }
  struct task_struct* leader = task->group_leader;
  struct mm_struct* mm = task->mm;
  struct WireProcessRecord record = {};
  if (task->pid != task->tgid) {
    // The process lives on in this thread; if several tell, the reader takes one.
    if (!mm || leader->mm) return 0;
    record.flags = kWireFromOtherThread;
  }
  if (task->flags & PF_KTHREAD) {
    record.flags |= kWireKernelThread;
    mm = 0;  // what it may have is borrowed
  }
  if (leader->exit_state) record.flags |= kWireZombie;
  record.pid = pid_of(leader);
  record.start_ns = leader->start_boottime;
  record.threads = task->signal->nr_threads;
  bpf_probe_read_kernel(record.comm, sizeof record.comm, leader->comm);
  if (mm) {
    struct task_struct* parent = task->real_parent;
    if (parent->mm == mm && parent->tgid != task->tgid) record.flags |= kWireSharesParentMemory;
    read_memory(&record, mm);
  }
  bpf_seq_write(ctx->meta->seq, &record, sizeof record);
  return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
