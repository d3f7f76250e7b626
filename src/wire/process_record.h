#pragma once

/* What the task iterator (sources/ebpf/task_iterator.bpf.c) writes for each process. Read by C and C++. */

#include <linux/types.h>

enum WireProcessFlags {
  kWireKernelThread = 1,
  kWireZombie = 2,
  kWireSharesParentMemory = 4,
  kWireHasMemory = 8, /* the sizes below are told */
  /* The first thread has ended: the sizes are those that another thread sees, and an earlier record of the same
   * process told none. */
  kWireFromOtherThread = 16,
};

struct WireProcessRecord {
  __u64 start_ns; /* of the first thread, since boot, suspend included */
  __s64 rss_file; /* pages */
  __s64 rss_anon;
  __s64 rss_shmem;
  __s64 swap;
  __u64 page_tables; /* bytes */
  __u64 vm_size;     /* pages */
  __u64 hwm;         /* pages */
  __s32 pid;         /* as the reader's pid namespace numbers it */
  __s32 threads;
  __u32 flags;
  __u32 reserved;
  char comm[16];
};

#ifdef __cplusplus
static_assert(sizeof(WireProcessRecord) == 96);
#else
_Static_assert(sizeof(struct WireProcessRecord) == 96, "no padding");
#endif
