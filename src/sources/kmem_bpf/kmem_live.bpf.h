// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
// The maps of the programs that watch allocations, and what all of them do: find a site, count, keep what is live.
//
// Everything that is touched on each event lies in arrays, whose lookups the verifier inlines; the table of what is
// live is our own, as a hash map costs twice a whole empty program per operation. Nothing allocates, nothing takes a
// lock.
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "wire/kmem_record.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kmem_cache {
  unsigned int size;
  const char* name;
};
// From 5.17; before, a page of a slab had the field.
struct slab {
  struct kmem_cache* slab_cache;
};
struct page {
  unsigned long compound_head;
};
struct page___slab {
  struct kmem_cache* slab_cache;
};

#pragma clang attribute pop

#define NO_SITE 0xFFFFFFFFU
#define PROBES 16

// Set by the loader, before it loads.
const volatile __u32 site_bits = 4;
const volatile __u64 bucket_mask = 0;
const volatile __u32 page_size = 4096;
const volatile bool can_ask_for_cache = false;  // bpf_get_kmem_cache(), from 6.13
const volatile bool only_some_caches = false;   // those in `wanted`
const volatile __u64 least_bytes = 0;
const volatile __u64 most_bytes = ~0ULL;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct WireKmemControl);
} control SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct WireKmemSite);
} sites SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);  // sites for each CPU
  __type(key, __u32);
  __type(value, struct WireKmemCounters);
} counters SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct WireKmemBucket);
} live SEC(".maps");

// Instead of `live` where there is no compare-and-swap (before 5.12).
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, __u64);
  __type(value, __u64);
} live_map SEC(".maps");

// Whose slot is being or was made: adding to it is how one CPU wins it.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u8);
} claims SEC(".maps");

// By the number of the site.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct WireKmemStack);
} stacks SEC(".maps");

struct Scratch {
  struct WireKmemStack stack;
  __u64 busy;
};
// One for each kind of program, since an interrupt may run another kind within it.
enum { kScratchKmalloc, kScratchCache, kScratchPages, kScratchPercpu, kScratchAreas, kScratchBulk, kScratches };
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, kScratches);
  __type(key, __u32);
  __type(value, struct Scratch);
} scratch SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, kWireKmemTasks);
  __type(key, __u32);
  __type(value, struct WireKmemTask);
} tasks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64);
  __type(value, __u8);
} followed SEC(".maps");

struct CacheName {
  char bytes[32];
};
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct CacheName);
  __type(value, __u8);
} wanted SEC(".maps");

static __always_inline struct WireKmemControl* controls(void) {
  const __u32 key = 0;
  return bpf_map_lookup_elem(&control, &key);
}

static __always_inline void lose(__u32 what) {
  struct WireKmemControl* c = controls();
  if (c && what < kWireKmemLosts) __sync_fetch_and_add(&c->lost[what], 1);
}

// Both halves are used: the low one for the bucket, the highest byte for sampling. One multiplication alone would put
// rows of objects at a regular distance into a regular sample.
static __always_inline __u64 hash_of(__u64 address) {
  __u64 hash = address * 0x9E3779B97F4A7C15ULL;
  hash ^= hash >> 32;
  return hash * 0xD6E8FEB86659FD93ULL;
}

static __always_inline bool is_passed_over(const struct WireKmemControl* c, __u64 hash) {
  return ((hash >> 56) & c->sample_mask) != 0;
}

static __always_inline void count(__u32 site, enum WireKmemCount what, bool atomic) {
  const __u32 key = (bpf_get_smp_processor_id() << site_bits) | site;
  struct WireKmemCounters* c = bpf_map_lookup_elem(&counters, &key);
  if (!c) return;
  if (atomic) {
    __sync_fetch_and_add(&c->n[what], 1);
  } else {
    c->n[what] += 1;
  }
}

// ---- What is live

// BPF_ATOMIC | BPF_CMPXCHG came with 5.12 and "-mcpu=v3". The instruction is spelled out here, so that the object as a
// whole stays one that 5.10 takes: r0 is what is expected and becomes what was there.
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static __always_inline bool claim_key(__u64* key, __u64 address) {
  __u64 before;
  asm volatile(
      "r1 = %[key]\n"
      "r2 = %[address]\n"
      "r0 = 0\n"
      ".8byte 0x000000f1000021db\n"
      "%[before] = r0\n"
      : [before] "=r"(before)
      : [key] "r"(key), [address] "r"(address)
      : "r0", "r1", "r2", "memory");
  return before == 0;
}
#else
static __always_inline bool claim_key(__u64* key, __u64 address) { return false; }
#endif

static __always_inline struct WireKmemBucket* bucket_of(__u64 hash) {
  const __u32 key = (__u32)hash & (__u32)bucket_mask;
  return bpf_map_lookup_elem(&live, &key);
}

// The value before; 0: the address was not live.
static __always_inline __u64 forget(__u64 address, __u64 hash, bool own_table) {
  if (!own_table) {
    const __u64* found = bpf_map_lookup_elem(&live_map, &address);
    const __u64 value = found ? *found : 0;
    if (found) bpf_map_delete_elem(&live_map, &address);
    return value;
  }
  struct WireKmemBucket* bucket = bucket_of(hash);
  if (!bucket) return 0;
#pragma unroll
  for (int i = 0; i < kWireKmemWays; ++i) {
    if (bucket->key[i] != address) continue;
    const __u64 value = bucket->value[i];
    *(volatile __u64*)&bucket->value[i] = 0;
    *(volatile __u64*)&bucket->key[i] = 0;
    return value;
  }
  return 0;
}

// As forget(), and the address counts as live with `value` from now on. False: no room.
static __always_inline bool remember(__u64 address, __u64 hash, __u64 value, bool own_table, __u64* before) {
  *before = 0;
  if (!own_table) {
    __u64* found = bpf_map_lookup_elem(&live_map, &address);
    if (found) {
      *before = *found;
      *found = value;
      return true;
    }
    return bpf_map_update_elem(&live_map, &address, &value, BPF_ANY) == 0;
  }
  struct WireKmemBucket* bucket = bucket_of(hash);
  if (!bucket) return false;
#pragma unroll
  for (int i = 0; i < kWireKmemWays; ++i) {
    if (bucket->key[i] != address) continue;
    *before = bucket->value[i];
    bucket->value[i] = value;
    return true;
  }
#pragma unroll
  for (int i = 0; i < kWireKmemWays; ++i) {
    if (bucket->key[i] != 0 || !claim_key(&bucket->key[i], address)) continue;
    bucket->value[i] = value;
    return true;
  }
  return false;
}

static __always_inline bool is_live(__u64 address, __u64 hash, bool own_table) {
  if (!own_table) return bpf_map_lookup_elem(&live_map, &address) != 0;
  const struct WireKmemBucket* bucket = bucket_of(hash);
  if (!bucket) return false;
#pragma unroll
  for (int i = 0; i < kWireKmemWays; ++i) {
    if (bucket->key[i] == address) return true;
  }
  return false;
}

static __always_inline __u32 site_of_value(__u64 value) { return (__u32)(value & 0xFFFF) - 1; }

// Counts a free of `address`, or that one must have been missed, for the site that allocated it.
static __always_inline __u64 settle(__u64 address, __u64 hash, enum WireKmemCount what, bool own_table) {
  const __u64 value = forget(address, hash, own_table);
  if (value != 0) count(site_of_value(value), what, !own_table || what >= kWireKmemOtherFrees);
  return value;
}

// ---- Sites

extern const void page_offset_base __ksym __weak;
extern const void vmemmap_base __ksym __weak;
extern struct kmem_cache* bpf_get_kmem_cache(__u64 address) __ksym __weak;

// Which cache an object of a slab is from (virt_to_slab()): the truth, where a size class would be a guess (accounted,
// random, bucket and merged caches). Without the kfunc by x86's direct map. 0: not known.
static __always_inline __u64 cache_of(__u64 object) {
  if (can_ask_for_cache) return (__u64)bpf_get_kmem_cache(object);
  if (!&page_offset_base || !&vmemmap_base) return 0;
  __u64 direct_map = 0;
  __u64 pages = 0;
  bpf_probe_read_kernel(&direct_map, sizeof direct_map, &page_offset_base);
  bpf_probe_read_kernel(&pages, sizeof pages, &vmemmap_base);
  if (object < direct_map || !bpf_core_field_exists(struct page, compound_head)) return 0;
  __u64 page = pages + (object - direct_map) / 4096 * bpf_core_type_size(struct page);
  const __u64 head = BPF_CORE_READ((struct page*)page, compound_head);
  if (head & 1) page = head - 1;
  if (bpf_core_type_exists(struct slab)) return (__u64)BPF_CORE_READ((struct slab*)page, slab_cache);
  return (__u64)BPF_CORE_READ((struct page___slab*)page, slab_cache);
}

static __always_inline bool is_cache(__u64 tag) { return tag >> 63; }
static __always_inline __u32 kind_of(__u64 tag) { return is_cache(tag) ? 0 : (__u32)(tag >> WIRE_KMEM_KIND_SHIFT); }

static __always_inline void describe(struct WireKmemSite* site, __u64 tag, __u64 object) {
  const __u32 kind = kind_of(tag);
  __u64 cache = 0;
  site->bytes = tag & WIRE_KMEM_BYTES;
  if (is_cache(tag)) {
    cache = tag;
    site->bytes = BPF_CORE_READ((struct kmem_cache*)cache, size);
  } else if ((kind == kWireKmemKmalloc && site->bytes <= 2 * page_size) || kind == kWireKmemCache) {
    cache = cache_of(object);
  }
  if (cache) {
    const char* name = BPF_CORE_READ((struct kmem_cache*)cache, name);
    bpf_probe_read_kernel_str(site->cache, sizeof(struct CacheName), name);
  }
  if (kind > kWireKmemCache) return;
  if (site->bytes < least_bytes || site->bytes > most_bytes) site->flags |= kWireKmemOutside;
  if (only_some_caches && !bpf_map_lookup_elem(&wanted, site->cache)) site->flags |= kWireKmemOutside;
}

// Makes the slot a site, but for its `code`, which makes it one for the others. False: another CPU has it.
static __noinline bool prepare_site(__u32 slot, __u64 tag, __u64 object, __u64 call_site) {
  const __u8 mine = 1;
  if (bpf_map_update_elem(&claims, &slot, &mine, BPF_NOEXIST) != 0) return false;
  struct WireKmemSite* site = bpf_map_lookup_elem(&sites, &slot);
  if (!site) return false;
  describe(site, tag, object);
  site->call_site = call_site;
  if (bpf_map_lookup_elem(&followed, &call_site)) site->flags |= kWireKmemFollowed;
  site->tag = tag;
  return true;
}

static __noinline void keep_stack(__u32 slot, __u32 which, __u32 depth) {
  const struct Scratch* from = bpf_map_lookup_elem(&scratch, &which);
  struct WireKmemStack* to = bpf_map_lookup_elem(&stacks, &slot);
  struct WireKmemSite* site = bpf_map_lookup_elem(&sites, &slot);
  if (!from || !to || !site) return;
  __builtin_memcpy(to, &from->stack, sizeof *to);
  site->depth = depth;
}

static __always_inline __u64 hash_of_site(__u64 code, __u64 tag) {
  const __u64 hash = (code ^ (tag * 0x9E3779B97F4A7C15ULL)) * 0xD6E8FEB86659FD93ULL;
  return hash >> 24;
}

static __always_inline __u32 publish(__u32 slot, __u64 code) {
  struct WireKmemSite* site = bpf_map_lookup_elem(&sites, &slot);
  if (!site) return NO_SITE;
  *(volatile __u64*)&site->code = code;
  return slot;
}

// The site of that code and tag; made, if it is new. `depth`: of its stack, which lies in scratch `which`.
static __always_inline __u32 site_of(__u64 code, __u64 tag, __u64 object, __u64 call_site, __u32 which, __u32 depth) {
  const __u64 first = hash_of_site(code, tag);
  __u32 slot = 0;
  for (int i = 0; i < PROBES; ++i) {
    slot = (__u32)(first + i) & ((1U << site_bits) - 1);
    struct WireKmemSite* site = bpf_map_lookup_elem(&sites, &slot);
    if (!site) return NO_SITE;
    const __u64 found = *(volatile __u64*)&site->code;
    if (found == code && site->tag == tag) return slot;
    if (found != 0) continue;
    if (!prepare_site(slot, tag, object, call_site)) {
      lose(kWireKmemLostBusy);
      return NO_SITE;
    }
    if (depth > 0) keep_stack(slot, which, depth);
    return publish(slot, code);
  }
  lose(kWireKmemLostSite);
  return NO_SITE;
}

static __always_inline __u32 flags_of(__u32 slot) {
  const struct WireKmemSite* site = bpf_map_lookup_elem(&sites, &slot);
  return site ? site->flags : kWireKmemOutside;
}

// Takes the stack into scratch `which`: its hash (below 2^63, never 0), or 0. Inlined, as a frame of a
// program costs the unwinder two or three times what one of the kernel does: 0.25 us.
static __always_inline __u64 take_stack(void* ctx, __u32 which, __u32* depth) {
  struct Scratch* s = bpf_map_lookup_elem(&scratch, &which);
  if (!s) return 0;
  const long got = bpf_get_stack(ctx, &s->stack, sizeof s->stack, 0);
  if (got <= 0) return 0;
  __u32 frames = (__u32)got / 8;
  if (frames > kWireKmemFrames) frames = kWireKmemFrames;
  __u64 hash = frames;
  for (__u32 i = 0; i < kWireKmemFrames; ++i) {
    if (i >= frames) {
      s->stack.frames[i] = 0;
      continue;
    }
    hash = (hash ^ s->stack.frames[i]) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  }
  *depth = frames;
  return (hash >> 1) | 1;
}

// The site of the stack we are in. `busy`: on kernels before 6.1 an interrupt may come back to the same program.
static __always_inline __u32 site_of_stack(void* ctx, __u64 tag, __u64 object, __u64 call_site, __u32 which) {
  struct Scratch* s = bpf_map_lookup_elem(&scratch, &which);
  if (!s || s->busy) {
    lose(kWireKmemLostStack);
    return NO_SITE;
  }
  *(volatile __u64*)&s->busy = 1;
  __u32 depth = 0;
  __u32 site = NO_SITE;
  const __u64 code = take_stack(ctx, which, &depth);
  if (code) {
    site = site_of(code, tag, object, call_site, which, depth);
  } else {
    lose(kWireKmemLostStack);
  }
  *(volatile __u64*)&s->busy = 0;
  return site;
}

// ---- Allocations

static __always_inline void note_task(__u32 tid) {
  const __u32 key = tid & (kWireKmemTasks - 1);
  struct WireKmemTask* task = bpf_map_lookup_elem(&tasks, &key);
  if (!task || task->tid == tid) return;
  task->tid = tid;
  bpf_get_current_comm(task->comm, sizeof task->comm);
}

static __always_inline __u64 value_of(__u32 site, __u32 tid) {
  const __u64 time = (bpf_jiffies64() >> WIRE_KMEM_JIFFIES_SHIFT) & WIRE_KMEM_TIMES;
  return (__u64)(site + 1) | ((__u64)tid & WIRE_KMEM_THREADS) << WIRE_KMEM_THREAD_SHIFT | time << WIRE_KMEM_TIME_SHIFT;
}

static __always_inline void keep(__u64 address, __u64 hash, __u32 site, __u32 tid, enum WireKmemCount what,
                                 bool own_table) {
  __u64 before = 0;
  const bool kept = remember(address, hash, value_of(site, tid), own_table, &before);
  if (before) count(site_of_value(before), kWireKmemUnseen, true);
  if (kept) {
    count(site, what, !own_table || what >= kWireKmemOtherFrees);
  } else {
    lose(kWireKmemLostFull);
  }
}
