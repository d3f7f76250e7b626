#pragma once

/* What the programs that watch kernel allocations (sources/kmem_bpf) and their reader share: elements of BPF arrays
 * that are mapped into the reader's memory. Read by C and C++. */

#include <linux/types.h>

/* What a site's `tag` says beside the size. A slab site whose event names the cache has the address of that struct
 * kmem_cache as its tag: its top bit is set, which no other tag has. */
#define WIRE_KMEM_BYTES ((1ULL << 48) - 1) /* of a tag: the size of each of its objects */
#define WIRE_KMEM_KIND_SHIFT 56
enum WireKmemKind {
  kWireKmemKmalloc = 1,
  kWireKmemCache = 2, /* kmem_cache_alloc of kernels whose event has sizes instead of the cache */
  kWireKmemPages = 3,
  kWireKmemPercpu = 4, /* bytes of one CPU */
  kWireKmemVmalloc = 5,
};
/* Which kmalloc caches it was: from the gfp flags. */
#define WIRE_KMEM_ACCOUNTED (1ULL << 48)
#define WIRE_KMEM_RECLAIMABLE (1ULL << 49)
#define WIRE_KMEM_DMA (1ULL << 50)

enum WireKmemSiteFlags {
  kWireKmemOutside = 1,  /* not what is asked for: only proves frees that were missed */
  kWireKmemFollowed = 2, /* its allocations are told apart by stack: set by the reader too */
};

struct WireKmemSite {
  __u64 code; /* call site, or hash of the stack (below 2^63, as no call site is); 0: a free slot. Written last. */
  __u64 tag;
  __u64 call_site; /* 0: the event tells none */
  __u64 bytes;     /* of each of its objects */
  __u32 flags;
  __u32 depth;    /* of its stack, as far as it was kept; 0: no stack */
  char cache[40]; /* empty: not known; 31 characters at most */
};

enum { kWireKmemFrames = 48 };
struct WireKmemStack {
  __u64 frames[kWireKmemFrames]; /* innermost first */
};

/* Of one site on one CPU. Each number is counted by one program only, which the kernel does not nest in itself on one
 * CPU (6.1 and newer), so that plain addition does; what several programs count is counted atomically. */
enum WireKmemCount {
  kWireKmemAllocs = 0,
  kWireKmemFrees = 1,      /* by kfree, and of pages, per-CPU memory and areas */
  kWireKmemCacheFrees = 2, /* by kmem_cache_free */
  kWireKmemOtherFrees = 3, /* in bulk and after RCU; atomic */
  kWireKmemUnseen = 4,     /* an allocation got an address that counted as live; atomic */
  kWireKmemBulkAllocs = 5, /* atomic */
  kWireKmemCounts = 8,
};
struct WireKmemCounters {
  __u64 n[kWireKmemCounts];
};

/* Live objects by address: a table of buckets. A key is claimed by compare-and-swap from 0, and only who owns the
 * object writes the rest: between its allocation and its free nobody else has an event of that address. */
enum { kWireKmemWays = 16 };
struct WireKmemBucket {
  __u64 key[kWireKmemWays];   /* 0: free */
  __u64 value[kWireKmemWays]; /* 0: being written */
};
/* A value is site + 1 in the lowest 16 bits, the thread in 22, and the time in 26: jiffies / 8, modulo. */
#define WIRE_KMEM_THREAD_SHIFT 16
#define WIRE_KMEM_THREADS ((1ULL << 22) - 1)
#define WIRE_KMEM_TIME_SHIFT 38
#define WIRE_KMEM_TIMES ((1ULL << 26) - 1)
#define WIRE_KMEM_JIFFIES_SHIFT 3

struct WireKmemTask {
  __u32 tid;
  char comm[16];
  __u32 reserved;
};
enum { kWireKmemTasks = 16384 };

enum WireKmemLost {
  kWireKmemLostFull = 0,   /* no room for the object in the table */
  kWireKmemLostSite = 1,   /* no room for the site */
  kWireKmemLostBusy = 2,   /* the site was being made by another CPU */
  kWireKmemLostStack = 3,  /* no stack: counted for its call site */
  kWireKmemLostBulk = 4,   /* objects beyond the first kWireKmemMostBulk of a bulk call */
  kWireKmemLostPieces = 5, /* no room for a page range that is freed in pieces */
  kWireKmemLosts = 8,
};
enum { kWireKmemMostBulk = 512 };

struct WireKmemControl {
  __u64 sample_mask; /* addresses whose hash has a 1 here are passed over */
  __u32 own_process; /* whose allocations are not counted */
  __u32 all_stacks;  /* every slab site is told apart by stack */
  __u64 apart[6];    /* keeps what is written out of the cache line that every event reads */
  __u64 lost[kWireKmemLosts];
};

#ifdef __cplusplus
static_assert(sizeof(WireKmemSite) == 80);
static_assert(sizeof(WireKmemStack) == 384);
static_assert(sizeof(WireKmemCounters) == 64);
static_assert(sizeof(WireKmemBucket) == 256);
static_assert(sizeof(WireKmemTask) == 24);
static_assert(sizeof(WireKmemControl) == 128);
#else
_Static_assert(sizeof(struct WireKmemSite) == 80, "no padding");
_Static_assert(sizeof(struct WireKmemStack) == 384, "no padding");
_Static_assert(sizeof(struct WireKmemCounters) == 64, "one cache line");
_Static_assert(sizeof(struct WireKmemBucket) == 256, "no padding");
_Static_assert(sizeof(struct WireKmemTask) == 24, "no padding");
_Static_assert(sizeof(struct WireKmemControl) == 128, "no padding");
#endif
