#pragma once

/* What the task iterator (sources/ebpf/task_iterator.bpf.c) writes for each process. Read by C and C++. */

#include <linux/types.h>

enum leakscope_process_flags {
  LEAKSCOPE_KERNEL_THREAD = 1,
  LEAKSCOPE_ZOMBIE = 2,
  LEAKSCOPE_SHARES_PARENT_MEMORY = 4,
  LEAKSCOPE_HAS_MEMORY = 8, /* the sizes below are told */
  /* The first thread has ended: the sizes are those that another thread sees, and an earlier record of the same
   * process told none. */
  LEAKSCOPE_FROM_OTHER_THREAD = 16,
};

struct leakscope_process_record {
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
static_assert(sizeof(leakscope_process_record) == 96);
#else
_Static_assert(sizeof(struct leakscope_process_record) == 96, "no padding");
#endif
