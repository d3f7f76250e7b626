#pragma once

#include <optional>

#include "model/ledger.h"
#include "model/series.h"

namespace leakscope::analysis::accounting {

/// The ledger of the whole machine at the end of an observation, or at `time`. Built from zoneinfo and vmstat first
/// (they cannot be faked by lxcfs and follow hot-plugged memory), meminfo where these have no counter. Rows are
/// disjoint; a row whose counter this kernel lacks is left out; what no row explains is unattributed().
///
/// How overlapping counters are taken apart (kernel sources of 5.10, 6.1, 6.12, 6.18):
/// - nr_file_pages holds Shmem, Buffers and the swap cache (fs/proc/meminfo.c): files are what remains.
/// - Swap cache pages that are mapped are in nr_anon_pages too. The LRU lists hold each page once, so the overlap is
///   what anonymous and file pages together exceed the lists by; user.unmapped is what the lists hold beyond both
///   (anonymous pages that nobody maps any more: vmsplice, pinned for I/O).
/// - Slab holds large kmalloc since 5.4; kernel.large_kmalloc is Slab minus slabinfo, at the time slabinfo was read.
/// - VmallocUsed reads 0 from 4.4 to 5.2: the sum of pages= in vmallocinfo stands in.
/// - Kernel stacks lie inside vmalloc under VMAP_STACK: their row is taken out of vmalloc's. Seen by stacks in
///   vmallocinfo; when that is not readable, inferred from VmallocUsed being larger than KernelStack, with a note.
/// - VmallocUsed leaves out vmap areas that own their pages (VM_MAP_PUT_PAGES): kernel.vmap, from vmallocinfo alone.
/// - Percpu holds its first chunk, memblock memory outside the total (mm/percpu.c, pcpu_nr_pages()). Its size is
///   percpu.first_chunk; without that, Percpu is counted whole and a note says so, except when vmallocinfo shows that
///   no further chunk was ever made (no pcpu_get_vm_areas), when nothing of Percpu is inside.
/// - Balloon drivers that shrink the managed pages (virtio) have their pages outside the total already; they are a row
///   only when the pages are missing inside (vmw_balloon).
[[nodiscard]] model::Ledger machine_ledger(const model::Observation& observation, std::optional<BootTime> time = {});

}  // namespace leakscope::analysis::accounting
