// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
// Watches allocations and frees of kernel memory by raw tracepoints: as fast as typed ones (tp_btf), and their
// arguments are plain numbers, which is what hashing addresses needs. Every program is there twice: with the table of
// our own, and
// (_plain) with the kernel's hash map for kernels before 5.12; the loader loads one of each.
#include "sources/kmem_bpf/kmem_live.bpf.h"

// How this kernel's events are made; the loader reads it from BTF.
const volatile bool cache_event_has_cache = false;  // kmem_cache_alloc: cache instead of two sizes (6.1)
const volatile __u32 kmalloc_shift = 0;             // 1: kmalloc has the cache before its sizes (5.19, 6.0)
const volatile bool percpu_has_call_site = false;   // 5.19
const volatile __u64 gfp_accounted = 0x400000;
const volatile __u64 gfp_reclaimable = 0x10;
const volatile __u64 gfp_dma = 0x01;
const volatile __u64 gfp_movable = 0x08;
const volatile __u64 gfp_highmem = 0x02;
const volatile __u64 gfp_compound = 0x40000;
const volatile __u32 page_struct_bytes = 0;  // 0: no power of two, or the array of pages is not known to be aligned
const volatile bool user_pages = false;
const volatile bool pair_frees = false;

// Where the objects of a site are freed: call site of the free, and the site.
struct FreeKey {
  __u64 call_site;
  __u64 site;
};
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, struct FreeKey);
  __type(value, __u64);
} free_sites SEC(".maps");

// An argument of the event; out of the compiler's sight, which else reads one of two with a computed offset, and that
// the verifier refuses.
#define ARGUMENT(ctx, n)               \
  ({                                   \
    __u64 argument = (ctx)->args[n];   \
    asm volatile("" : "+r"(argument)); \
    argument;                          \
  })

static __always_inline bool is_own(const struct WireKmemControl* c, __u64 pid_tgid) {
  return (__u32)(pid_tgid >> 32) == c->own_process;
}

static __always_inline void pair(__u64 call_site, __u32 site) {
  const struct FreeKey key = {.call_site = call_site, .site = site};
  __u64* found = bpf_map_lookup_elem(&free_sites, &key);
  if (found) {
    __sync_fetch_and_add(found, 1);
  } else {
    const __u64 one = 1;
    bpf_map_update_elem(&free_sites, &key, &one, BPF_NOEXIST);
  }
}

// An object of slab. What is passed over still proves that the frees of what lay here before were missed.
static __always_inline int slab_allocated(void* ctx, __u64 address, __u64 call_site, __u64 tag, __u32 which, bool own) {
  const struct WireKmemControl* c = controls();
  const __u64 hash = hash_of(address);
  if (!c || is_passed_over(c, hash)) return 0;
  const __u64 pid_tgid = bpf_get_current_pid_tgid();
  __u32 site = is_own(c, pid_tgid) ? NO_SITE : site_of(call_site, tag, address, call_site, 0, 0);
  if (site != NO_SITE) {
    const __u32 flags = flags_of(site);
    if (flags & kWireKmemOutside) {
      site = NO_SITE;
    } else if ((flags & kWireKmemFollowed) || c->all_stacks) {
      const __u32 of_stack = site_of_stack(ctx, tag, address, call_site, which);
      if (of_stack != NO_SITE) site = of_stack;
    }
  }
  if (site == NO_SITE) {
    settle(address, hash, kWireKmemUnseen, own);
    return 0;
  }
  note_task((__u32)pid_tgid);
  keep(address, hash, site, (__u32)pid_tgid, kWireKmemAllocs, own);
  return 0;
}

static __always_inline int slab_freed(__u64 address, __u64 call_site, enum WireKmemCount what, bool own) {
  const struct WireKmemControl* c = controls();
  const __u64 hash = hash_of(address);
  if (!c || is_passed_over(c, hash)) return 0;
  const __u64 value = settle(address, hash, what, own);
  if (pair_frees && value) pair(call_site, site_of_value(value));
  return 0;
}

static __always_inline __u64 sized_tag(enum WireKmemKind kind, __u64 bytes, __u64 gfp) {
  __u64 tag = (__u64)kind << WIRE_KMEM_KIND_SHIFT | (bytes & WIRE_KMEM_BYTES);
  if (gfp & gfp_accounted) tag |= WIRE_KMEM_ACCOUNTED;
  if (gfp & gfp_reclaimable) tag |= WIRE_KMEM_RECLAIMABLE;
  if (gfp & gfp_dma) tag |= WIRE_KMEM_DMA;
  return tag;
}

static __always_inline int kmalloced(struct bpf_raw_tracepoint_args* ctx, bool own) {
  const __u64 address = ARGUMENT(ctx, 1);
  if (!address) return 0;
  __u64 bytes;
  __u64 gfp;
  if (kmalloc_shift) {
    bytes = ARGUMENT(ctx, 4);
    gfp = ARGUMENT(ctx, 5);
  } else {
    bytes = ARGUMENT(ctx, 3);
    gfp = ARGUMENT(ctx, 4);
  }
  return slab_allocated(ctx, address, ARGUMENT(ctx, 0), sized_tag(kWireKmemKmalloc, bytes, gfp), kScratchKmalloc, own);
}

static __always_inline int cache_allocated(struct bpf_raw_tracepoint_args* ctx, bool own) {
  const __u64 address = ARGUMENT(ctx, 1);
  if (!address) return 0;
  const __u64 tag = cache_event_has_cache
                        ? ARGUMENT(ctx, 2)
                        : sized_tag(kWireKmemCache, ARGUMENT(ctx, 3), ARGUMENT(ctx, 4) & ~gfp_accounted);
  return slab_allocated(ctx, address, ARGUMENT(ctx, 0), tag, kScratchCache, own);
}

static __always_inline int kfreed(struct bpf_raw_tracepoint_args* ctx, bool own) {
  const __u64 address = ARGUMENT(ctx, 1);
  return address ? slab_freed(address, ARGUMENT(ctx, 0), kWireKmemFrees, own) : 0;
}

static __always_inline int cache_freed(struct bpf_raw_tracepoint_args* ctx, bool own) {
  const __u64 address = ARGUMENT(ctx, 1);
  return address ? slab_freed(address, ARGUMENT(ctx, 0), kWireKmemCacheFrees, own) : 0;
}

// ---- Pages, by the address of their struct page

// Ranges that may be freed in pieces (split_page(), alloc_pages_exact()): not compound, larger than one page.
struct Range {
  __u32 pages;
  __u32 left;
  __u64 freed;  // a bit for each page, of ranges that have no more than 64
};
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, __u64);
  __type(value, struct Range);
} ranges SEC(".maps");
// How many of them lie in a stretch of the largest order: most frees need no more than a look at this.
#define LARGEST_ORDER 10
#define STRETCHES 4096
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, STRETCHES);
  __type(key, __u32);
  __type(value, __u64);
} stretches SEC(".maps");

static __always_inline __u64* stretch_of(__u64 page) {
  const __u32 key = (page / ((__u64)page_struct_bytes << LARGEST_ORDER)) & (STRETCHES - 1);
  return bpf_map_lookup_elem(&stretches, &key);
}

static __noinline void range_begins(__u64 page, __u64 order) {
  __u64* stretch = page_struct_bytes ? stretch_of(page) : 0;
  const struct Range range = {.pages = 1U << (order & 31), .left = 1U << (order & 31)};
  if (!stretch) return;
  const bool is_new = !bpf_map_lookup_elem(&ranges, &page);
  if (bpf_map_update_elem(&ranges, &page, &range, BPF_ANY) != 0) {
    lose(kWireKmemLostPieces);
  } else if (is_new) {
    __sync_fetch_and_add(stretch, 1);
  }
}

static __noinline void range_ends(__u64 page) {
  __u64* stretch = page_struct_bytes ? stretch_of(page) : 0;
  if (!stretch || *stretch == 0 || bpf_map_delete_elem(&ranges, &page) != 0) return;
  __sync_fetch_and_add(stretch, -1);
}

// The head of the larger range that these pages lie in (the first piece is at the head itself); 0: none.
static __noinline __u64 range_around(__u64 page, __u64 order) {
  const __u64* stretch = page_struct_bytes ? stretch_of(page) : 0;
  if (!stretch || *stretch == 0) return 0;
  for (__u32 o = 1; o <= LARGEST_ORDER; ++o) {
    if (o <= order) continue;
    const __u64 head = page & ~(((__u64)page_struct_bytes << o) - 1);
    const struct Range* range = bpf_map_lookup_elem(&ranges, &head);
    if (range && range->pages == 1U << o) return head;
  }
  return 0;
}

enum Piece { kNoPiece, kPiece, kLastPiece };

// Takes these pages out of the range. What was taken out before has another owner by now: that is no piece.
static __noinline enum Piece take_piece(__u64 head, __u64 page, __u64 order) {
  struct Range* range = bpf_map_lookup_elem(&ranges, &head);
  if (!range || !page_struct_bytes) return kNoPiece;
  if (range->pages <= 64) {
    const __u64 pages = ~0ULL >> (64 - (1U << (order & 7)));
    const __u64 bits = pages << (((page - head) / page_struct_bytes) & 63);
    if (range->freed & bits) return kNoPiece;
    __sync_fetch_and_add(&range->freed, bits);
  }
  __sync_fetch_and_add(&range->left, -(1 << (order & 31)));
  return (__s32)range->left > 0 ? kPiece : kLastPiece;
}

static __always_inline int pages_allocated(struct bpf_raw_tracepoint_args* ctx, bool own) {
  const __u64 page = ARGUMENT(ctx, 0);
  const __u64 order = ARGUMENT(ctx, 1);
  const __u64 gfp = ARGUMENT(ctx, 2);
  const struct WireKmemControl* c = controls();
  const __u64 hash = hash_of(page);
  if (!page || !c || is_passed_over(c, hash)) return 0;
  const __u64 pid_tgid = bpf_get_current_pid_tgid();
  // Pages of pipes are HIGHMEM as well, but charged: kernel memory.
  const bool is_users = (gfp & gfp_movable) || ((gfp & gfp_highmem) && !(gfp & gfp_accounted));
  __u32 site = NO_SITE;
  if ((!is_users || user_pages) && !is_own(c, pid_tgid)) {
    const __u64 tag = sized_tag(kWireKmemPages, (__u64)page_size << (order & 31), 0);
    site = site_of_stack(ctx, tag, page, 0, kScratchPages);
  }
  if (site == NO_SITE) {
    settle(page, hash, kWireKmemUnseen, own);
    range_ends(page);
    return 0;
  }
  note_task((__u32)pid_tgid);
  keep(page, hash, site, (__u32)pid_tgid, kWireKmemAllocs, own);
  if (order > 0 && !(gfp & gfp_compound)) {
    range_begins(page, order);
  } else {
    range_ends(page);
  }
  return 0;
}

static __always_inline int pages_freed(struct bpf_raw_tracepoint_args* ctx, bool own) {
  __u64 page = ARGUMENT(ctx, 0);
  const __u64 order = ARGUMENT(ctx, 1);
  const struct WireKmemControl* c = controls();
  if (!page || !c) return 0;
  const __u64 head = range_around(page, order);
  if (head && (head == page || !is_live(page, hash_of(page), own))) {
    const enum Piece piece = take_piece(head, page, order);
    if (piece != kLastPiece) return 0;
    page = head;
  }
  const __u64 hash = hash_of(page);
  if (is_passed_over(c, hash)) return 0;
  if (settle(page, hash, kWireKmemFrees, own)) range_ends(page);
  return 0;
}

// ---- Per-CPU memory, by its pointer

static __always_inline int percpu_allocated(struct bpf_raw_tracepoint_args* ctx, bool own) {
  __u64 call_site = 0;
  __u64 bytes;
  __u64 address;
  __u64 gfp = 0;
  if (percpu_has_call_site) {
    call_site = ARGUMENT(ctx, 0);
    bytes = ARGUMENT(ctx, 3);
    address = ARGUMENT(ctx, 7);
    gfp = ARGUMENT(ctx, 9);
  } else {
    bytes = ARGUMENT(ctx, 2);
    address = ARGUMENT(ctx, 6);
  }
  const struct WireKmemControl* c = controls();
  const __u64 hash = hash_of(address);
  if (!address || !c || is_passed_over(c, hash)) return 0;
  const __u64 pid_tgid = bpf_get_current_pid_tgid();
  __u32 site = NO_SITE;
  if (!is_own(c, pid_tgid)) {
    site = site_of_stack(ctx, sized_tag(kWireKmemPercpu, bytes, gfp), address, call_site, kScratchPercpu);
  }
  if (site == NO_SITE) {
    settle(address, hash, kWireKmemUnseen, own);
    return 0;
  }
  note_task((__u32)pid_tgid);
  keep(address, hash, site, (__u32)pid_tgid, kWireKmemAllocs, own);
  return 0;
}

static __always_inline int address_freed(__u64 address, bool own) {
  const struct WireKmemControl* c = controls();
  const __u64 hash = hash_of(address);
  if (address && c && !is_passed_over(c, hash)) settle(address, hash, kWireKmemFrees, own);
  return 0;
}

// ---- Areas of vmalloc's address space (events from 6.3), which have a guard page at their end

static __always_inline int area_allocated(struct bpf_raw_tracepoint_args* ctx, bool own) {
  const __u64 address = ARGUMENT(ctx, 0);
  const __u64 bytes = ARGUMENT(ctx, 1);
  const bool failed = (int)ARGUMENT(ctx, 5) != 0;
  const struct WireKmemControl* c = controls();
  const __u64 hash = hash_of(address);
  if (failed || !address || !c || is_passed_over(c, hash)) return 0;
  const __u64 pid_tgid = bpf_get_current_pid_tgid();
  __u32 site = NO_SITE;
  if (!is_own(c, pid_tgid)) {
    const __u64 used = bytes > page_size ? bytes - page_size : bytes;
    site = site_of_stack(ctx, sized_tag(kWireKmemVmalloc, used, 0), address, 0, kScratchAreas);
  }
  if (site == NO_SITE) {
    settle(address, hash, kWireKmemUnseen, own);
    return 0;
  }
  note_task((__u32)pid_tgid);
  keep(address, hash, site, (__u32)pid_tgid, kWireKmemAllocs, own);
  return 0;
}

#define TWICE(event, name, call_own, call_plain)                     \
  SEC("raw_tp/" event)                                               \
  int name(struct bpf_raw_tracepoint_args* ctx) { return call_own; } \
  SEC("raw_tp/" event)                                               \
  int name##_plain(struct bpf_raw_tracepoint_args* ctx) { return call_plain; }

TWICE("kmalloc", on_kmalloc, kmalloced(ctx, true), kmalloced(ctx, false))
TWICE("kmalloc_node", on_kmalloc_node, kmalloced(ctx, true), kmalloced(ctx, false))
TWICE("kmem_cache_alloc", on_cache_alloc, cache_allocated(ctx, true), cache_allocated(ctx, false))
TWICE("kmem_cache_alloc_node", on_cache_alloc_node, cache_allocated(ctx, true), cache_allocated(ctx, false))
TWICE("kfree", on_kfree, kfreed(ctx, true), kfreed(ctx, false))
TWICE("kmem_cache_free", on_cache_free, cache_freed(ctx, true), cache_freed(ctx, false))
TWICE("mm_page_alloc", on_page_alloc, pages_allocated(ctx, true), pages_allocated(ctx, false))
TWICE("mm_page_free", on_page_free, pages_freed(ctx, true), pages_freed(ctx, false))
TWICE("percpu_alloc_percpu", on_percpu_alloc, percpu_allocated(ctx, true), percpu_allocated(ctx, false))
TWICE("percpu_free_percpu", on_percpu_free, address_freed(ARGUMENT(ctx, 2), true),
      address_freed(ARGUMENT(ctx, 2), false))
TWICE("alloc_vmap_area", on_area_alloc, area_allocated(ctx, true), area_allocated(ctx, false))
TWICE("free_vmap_area_noflush", on_area_free, address_freed(ARGUMENT(ctx, 0), true),
      address_freed(ARGUMENT(ctx, 0), false))

// Never attached: run by the reader to learn the clock of values (see value_of()), and which process it is itself as
// the kernel numbers it, whatever its namespace.
SEC("raw_tp/kfree")
int read_clock(__attribute__((unused)) void* ctx) {
  return (int)((bpf_jiffies64() >> WIRE_KMEM_JIFFIES_SHIFT) & WIRE_KMEM_TIMES);
}
SEC("raw_tp/kfree")
int read_self(__attribute__((unused)) void* ctx) { return (int)(bpf_get_current_pid_tgid() >> 32); }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
