// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
// What no tracepoint tells, from the functions themselves, where the kernel lets programs look at these (fentry,
// fexit): objects allocated and freed in bulk, objects given to RCU to be freed, areas of vmalloc before 6.3. An object
// of its own, so that a kernel that refuses all or some of it still runs the rest. It uses the maps of
// kmem_trace.bpf.c.
#include "sources/kmem_bpf/kmem_live.bpf.h"

const volatile bool cache_event_has_cache = false;
const volatile bool rcu_has_pointer = false;    // kvfree_call_rcu(head, pointer): 6.2; before, (head, offset)
const volatile bool bulk_returns_bool = false;  // kmem_cache_alloc_bulk: 7.x
const volatile bool pages_have_list = false;    // alloc_pages_bulk: a list before the array, up to 6.13
const volatile __u64 gfp_movable = 0x08;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct vmap_area {
  unsigned long va_start;
};
#pragma clang attribute pop

// One of them is there.
extern const void kmem_cache_alloc_bulk __ksym __weak;
extern const void kmem_cache_alloc_bulk_noprof __ksym __weak;

// The arguments (and behind them the result) of the function, one word each. Read, not loaded: verifiers up to at least
// 6.1 refuse to load an argument that is a pointer to pointers.
struct Arguments {
  __u64 at[7];
};
#define READ_ARGUMENTS(ctx, arguments, n) bpf_probe_read_kernel((arguments).at, (n) * sizeof(__u64), ctx)

static __always_inline bool is_our_own(const struct WireKmemControl* c) {
  return (__u32)(bpf_get_current_pid_tgid() >> 32) == c->own_process;
}

static __always_inline int released(__u64 address, bool own) {
  const struct WireKmemControl* c = controls();
  const __u64 hash = hash_of(address);
  if (address && c && !is_passed_over(c, hash)) settle(address, hash, kWireKmemOtherFrees, own);
  return 0;
}

// Not static: the verifier looks at such a function once, and not in every round of a loop.
__noinline int release(__u64 address) { return released(address, true); }
__noinline int release_plain(__u64 address) { return released(address, false); }

static __always_inline int obtained(__u64 address, __u32 site, bool own) {
  const struct WireKmemControl* c = controls();
  const __u64 hash = hash_of(address);
  if (!address || !c || is_passed_over(c, hash)) return 0;
  const __u32 tid = (__u32)bpf_get_current_pid_tgid();
  if (site == NO_SITE) {
    settle(address, hash, kWireKmemUnseen, own);
    return 0;
  }
  note_task(tid);
  keep(address, hash, site, tid, kWireKmemBulkAllocs, own);
  return 0;
}
__noinline int obtain(__u64 address, __u32 site) { return obtained(address, site, true); }
__noinline int obtain_plain(__u64 address, __u32 site) { return obtained(address, site, false); }

// Of those in the array that were there before, most are live already; some pages of a bulk had an event of their own.
static __always_inline int obtained_page(__u64 page, __u32 site, bool own) {
  return page && is_live(page, hash_of(page), own) ? 0 : obtained(page, site, own);
}
__noinline int obtain_page(__u64 page, __u32 site) { return obtained_page(page, site, true); }
__noinline int obtain_page_plain(__u64 page, __u32 site) { return obtained_page(page, site, false); }

#define EACH(array, size, action)                                                         \
  do {                                                                                    \
    for (__u32 i = 0; i < kWireKmemMostBulk; ++i) {                                       \
      __u64 element = 0;                                                                  \
      if (i >= (size)) break;                                                             \
      bpf_probe_read_kernel(&element, sizeof element, (const void*)((array) + 8ULL * i)); \
      action;                                                                             \
    }                                                                                     \
    if ((size) > kWireKmemMostBulk) lose(kWireKmemLostBulk);                              \
  } while (0)

static __always_inline int bulk_freed(void* ctx, bool own) {
  struct Arguments a = {};
  READ_ARGUMENTS(ctx, a, 3);
  EACH(a.at[2], a.at[1], own ? release(element) : release_plain(element));
  return 0;
}

// Freed as far as its owner is concerned; when RCU really frees it, it is found no more.
static __always_inline int freed_after_rcu(void* ctx, bool own) {
  struct Arguments a = {};
  READ_ARGUMENTS(ctx, a, 2);
  const __u64 head = a.at[0];
  const __u64 second = a.at[1];
  const __u64 object = rcu_has_pointer || head == 0 ? second : head - second;
  return released(object, own);
}

// Who called the function that we are at the end of: the frame after that function's own.
static __noinline __u64 caller_of_bulk(void* ctx) {
  const __u64 function = &kmem_cache_alloc_bulk ? (__u64)&kmem_cache_alloc_bulk : (__u64)&kmem_cache_alloc_bulk_noprof;
  __u64 frames[8] = {};
  if (bpf_get_stack(ctx, frames, sizeof frames, 0) <= 0) return 0;
#pragma unroll
  for (int i = 0; i < 7; ++i) {
    if (function && frames[i] - function < 64) return frames[i + 1];
  }
  return 0;
}

static __always_inline int bulk_allocated(void* ctx, bool own) {
  struct Arguments a = {};
  READ_ARGUMENTS(ctx, a, 5);
  const bool good = bulk_returns_bool ? (a.at[4] & 0xFF) != 0 : (__s32)a.at[4] > 0;
  const struct WireKmemControl* c = controls();
  if (!good || !c) return 0;
  __u64 tag = a.at[0];
  if (!cache_event_has_cache) {
    tag = (__u64)kWireKmemCache << WIRE_KMEM_KIND_SHIFT | BPF_CORE_READ((struct kmem_cache*)tag, size);
  }
  __u64 first = 0;
  bpf_probe_read_kernel(&first, sizeof first, (const void*)a.at[3]);
  const __u64 call_site = caller_of_bulk(ctx);
  __u32 site = NO_SITE;
  if (call_site && !is_our_own(c)) {
    site = site_of(call_site, tag, first, call_site, 0, 0);
    if (site != NO_SITE) {
      const __u32 flags = flags_of(site);
      if (flags & kWireKmemOutside) {
        site = NO_SITE;
      } else if ((flags & kWireKmemFollowed) || c->all_stacks) {
        const __u32 of_stack = site_of_stack(ctx, tag, first, call_site, kScratchBulk);
        if (of_stack != NO_SITE) site = of_stack;
      }
    }
  }
  EACH(a.at[3], a.at[2], own ? obtain(element, site) : obtain_plain(element, site));
  return 0;
}

// alloc_pages_bulk(gfp, node, nodes, count, [list,] array): how many of the array are pages now.
static __always_inline int pages_obtained(void* ctx, bool own) {
  struct Arguments a = {};
  READ_ARGUMENTS(ctx, a, pages_have_list ? 7 : 6);
  const __u64 array = pages_have_list ? a.at[5] : a.at[4];
  const __u64 got = pages_have_list ? a.at[6] : a.at[5];
  const struct WireKmemControl* c = controls();
  if (!array || got == 0 || got > (1U << 20) || !c || is_our_own(c)) return 0;
  if (a.at[0] & gfp_movable) return 0;
  __u64 first = 0;
  bpf_probe_read_kernel(&first, sizeof first, (const void*)array);
  const __u64 tag = (__u64)kWireKmemPages << WIRE_KMEM_KIND_SHIFT | page_size;
  const __u32 site = site_of_stack(ctx, tag, first, 0, kScratchBulk);
  if (site == NO_SITE) return 0;
  EACH(array, got, own ? obtain_page(element, site) : obtain_page_plain(element, site));
  return 0;
}

// alloc_vmap_area(size, align, start, end, node, gfp): an area, or an error as a pointer.
static __always_inline int area_obtained(void* ctx, bool own) {
  struct Arguments a = {};
  READ_ARGUMENTS(ctx, a, 7);
  const __u64 area = a.at[6];
  const struct WireKmemControl* c = controls();
  if (!area || area >= (__u64)-4095 || !c) return 0;
  const __u64 bytes = a.at[0] > page_size ? a.at[0] - page_size : a.at[0];
  const __u64 tag = (__u64)kWireKmemVmalloc << WIRE_KMEM_KIND_SHIFT | (bytes & WIRE_KMEM_BYTES);
  const __u64 address = BPF_CORE_READ((struct vmap_area*)area, va_start);
  const __u32 site = is_our_own(c) ? NO_SITE : site_of_stack(ctx, tag, address, 0, kScratchAreas);
  return own ? obtain(address, site) : obtain_plain(address, site);
}

// remove_vm_area(address)
static __always_inline int area_released(void* ctx, bool own) {
  struct Arguments a = {};
  READ_ARGUMENTS(ctx, a, 1);
  return released(a.at[0], own);
}

#define TWICE(section, name, function)                \
  SEC(section)                                        \
  int name(void* ctx) { return function(ctx, true); } \
  SEC(section)                                        \
  int name##_plain(void* ctx) { return function(ctx, false); }

// The loader says which function each is for, as their names differ from kernel to kernel.
TWICE("fentry", bulk_free, bulk_freed)
TWICE("fentry", rcu_free, freed_after_rcu)
TWICE("fexit", bulk_alloc, bulk_allocated)
TWICE("fexit", bulk_pages, pages_obtained)
TWICE("fexit", area_alloc, area_obtained)
TWICE("fentry", area_free, area_released)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
