#include "analysis/accounting/accounts.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace leakscope::analysis::accounting {
namespace {

using model::LedgerClass;
using model::Metric;
using model::Observation;
using model::Point;
using model::Registry;
using model::Series;

constexpr std::array<RowText, kRowCount> kTexts{{
    {"user.anonymous", LedgerClass::kUser, "anonymous memory of programs"},
    {"user.shared", LedgerClass::kUser, "shared memory and tmpfs"},
    {"user.unmapped", LedgerClass::kUser, "program pages that nobody maps any more"},
    {"user.hugetlb", LedgerClass::kUser, "hugetlb pools"},
    {"cache.files", LedgerClass::kCache, "file cache"},
    {"cache.buffers", LedgerClass::kCache, "block device cache"},
    {"cache.swap", LedgerClass::kCache, "swap cache"},
    {"cache.slab_reclaimable", LedgerClass::kCache, "reclaimable slab"},
    {"kernel.slab_unreclaimable", LedgerClass::kKernel, "unreclaimable slab"},
    {"kernel.large_kmalloc", LedgerClass::kKernel, "large kmalloc"},
    {"kernel.vmalloc", LedgerClass::kKernel, "vmalloc"},
    {"kernel.vmap", LedgerClass::kKernel, "pages owned by vmap areas"},
    {"kernel.stacks", LedgerClass::kKernel, "kernel stacks"},
    {"kernel.page_tables", LedgerClass::kKernel, "page tables"},
    {"kernel.sec_page_tables", LedgerClass::kKernel, "page tables of KVM and IOMMU"},
    {"kernel.percpu", LedgerClass::kKernel, "per-CPU memory"},
    {"kernel.zspages", LedgerClass::kKernel, "compressed memory (zram, zswap)"},
    {"kernel.zswap_pool", LedgerClass::kKernel, "zswap outside zsmalloc"},
    {"kernel.bounce", LedgerClass::kKernel, "bounce buffers"},
    {"kernel.writeback_tmp", LedgerClass::kKernel, "FUSE writeback buffers"},
    {"kernel.balloon", LedgerClass::kKernel, "balloon"},
    {"kernel.misc_reclaimable", LedgerClass::kKernel, "other reclaimable kernel pages"},
    {"kernel.gpu", LedgerClass::kKernel, "GPU pages"},
    {"kernel.sockets", LedgerClass::kKernel, "socket buffers"},
    {"kernel.other", LedgerClass::kKernel, "other kernel memory"},
    {"kernel.memmap", LedgerClass::kKernel, "page descriptors of added memory"},
    {"kernel.boot_tables", LedgerClass::kKernel, "hash tables taken at boot"},
    {"free.buddy", LedgerClass::kFree, "free pages"},
    {"free.pcp", LedgerClass::kFree, "free pages on per-CPU lists"},
    {"hardware.corrupted", LedgerClass::kHardware, "pages with memory errors"},
}};

/// A counter that kernels keep in one of several places.
struct Place {
  Metric metric;
  std::string_view source;
};
struct Found {
  std::int64_t bytes = 0;
  std::string_view source;
};

class Reader {
 public:
  Reader(const Observation& observation, std::optional<BootTime> time) : observation_(observation), time_(time) {}

  [[nodiscard]] const Observation& observation() const { return observation_; }

  [[nodiscard]] std::optional<Point> point(model::SubjectId subject, Metric metric) const {
    const Series* series = observation_.find(subject, metric);
    if (series == nullptr || series->empty()) return std::nullopt;
    if (!time_) return series->back();
    const auto after = std::ranges::upper_bound(*series, *time_, {}, &Point::time);
    if (after == series->begin()) return std::nullopt;
    return *std::prev(after);
  }
  [[nodiscard]] std::optional<std::int64_t> value(Metric metric) const {
    const auto found = point(Registry::machine_id(), metric);
    if (!found) return std::nullopt;
    return sane(found->value);
  }
  /// A subject that ended has no amount after its last point.
  [[nodiscard]] bool has_ended(model::SubjectId subject, BootTime last) const {
    return observation_.info(subject).retired && (!time_ || *time_ > last);
  }
  [[nodiscard]] std::optional<Found> first_of(std::initializer_list<Place> places) const {
    for (const Place& place : places) {
      if (const auto bytes = value(place.metric)) return Found{*bytes, place.source};
    }
    return std::nullopt;
  }

 private:
  const Observation& observation_;
  std::optional<BootTime> time_;
};

void put(Accounts& books, RowId row, const std::optional<Found>& found) {
  if (found) books.entries.push_back({row, found->bytes, found->source});
}

std::int64_t remove(std::int64_t from, std::int64_t amount) { return std::max<std::int64_t>(from - amount, 0); }

void add_free(Accounts& books, const Reader& read) {
  put(books, RowId::kFreeBuddy,
      read.first_of({{Metric::kVmstatFreePages, "/proc/vmstat nr_free_pages"},
                     {Metric::kMeminfoMemFree, "/proc/meminfo MemFree"}}));
  put(books, RowId::kFreePcp, read.first_of({{Metric::kZoneinfoPcp, "/proc/zoneinfo pagesets count"}}));
}

std::optional<std::int64_t> lru_pages(const Reader& read) {
  std::int64_t sum = 0;
  for (const auto& [from_vmstat, from_meminfo] :
       std::initializer_list<std::pair<Metric, Metric>>{{Metric::kVmstatInactiveAnon, Metric::kMeminfoInactiveAnon},
                                                        {Metric::kVmstatActiveAnon, Metric::kMeminfoActiveAnon},
                                                        {Metric::kVmstatInactiveFile, Metric::kMeminfoInactiveFile},
                                                        {Metric::kVmstatActiveFile, Metric::kMeminfoActiveFile},
                                                        {Metric::kVmstatUnevictable, Metric::kMeminfoUnevictable}}) {
    const auto found = read.first_of({{from_vmstat, {}}, {from_meminfo, {}}});
    if (!found) return std::nullopt;
    sum += found->bytes;
  }
  sum += read.value(Metric::kVmstatIsolatedAnon).value_or(0) + read.value(Metric::kVmstatIsolatedFile).value_or(0);
  return sum;
}

void add_program_pages(Accounts& books, const Reader& read) {
  const auto anon = read.first_of({{Metric::kVmstatAnonPages, "/proc/vmstat nr_anon_pages"},
                                   {Metric::kMeminfoAnonPages, "/proc/meminfo AnonPages"}});
  const auto shmem =
      read.first_of({{Metric::kVmstatShmem, "/proc/vmstat nr_shmem"}, {Metric::kMeminfoShmem, "/proc/meminfo Shmem"}});
  const auto swap_cache = read.first_of({{Metric::kVmstatSwapCached, "/proc/vmstat nr_swapcached"},
                                         {Metric::kMeminfoSwapCached, "/proc/meminfo SwapCached"}});
  const auto buffers = read.first_of({{Metric::kMeminfoBuffers, "/proc/meminfo Buffers"}});
  const std::int64_t in_swap_cache = swap_cache ? swap_cache->bytes : 0;

  std::optional<Found> files;
  std::optional<std::int64_t> file_pages = read.value(Metric::kVmstatFilePages);
  if (file_pages) {
    const std::int64_t other = (shmem ? shmem->bytes : 0) + in_swap_cache + (buffers ? buffers->bytes : 0);
    files = Found{remove(*file_pages, other), "/proc/vmstat nr_file_pages without shmem, swap cache and buffers"};
  } else if (const auto cached = read.value(Metric::kMeminfoCached)) {
    file_pages = *cached + in_swap_cache + (buffers ? buffers->bytes : 0);
    files = Found{remove(*cached, shmem ? shmem->bytes : 0), "/proc/meminfo Cached without Shmem"};
  }

  std::int64_t mapped_in_swap_cache = 0;
  std::int64_t unmapped = 0;
  if (const auto lru = lru_pages(read); lru && anon && file_pages) {
    const std::int64_t counted = anon->bytes + *file_pages;
    mapped_in_swap_cache = std::clamp<std::int64_t>(counted - *lru, 0, std::min(in_swap_cache, anon->bytes));
    unmapped = remove(*lru, counted);
  }

  put(books, RowId::kUserAnonymous, anon);
  put(books, RowId::kUserShared, shmem);
  if (unmapped > 0) {
    put(books, RowId::kUserUnmapped, Found{unmapped, "/proc/vmstat LRU lists beyond nr_anon_pages and nr_file_pages"});
  }
  put(books, RowId::kCacheFiles, files);
  put(books, RowId::kCacheBuffers, buffers);
  if (swap_cache) {
    put(books, RowId::kCacheSwap, Found{in_swap_cache - mapped_in_swap_cache, swap_cache->source});
  }
}

void add_hugetlb(Accounts& books, const Reader& read) {
  auto found = read.first_of(
      {{Metric::kVmstatHugetlb, "/proc/vmstat nr_hugetlb"}, {Metric::kMeminfoHugetlb, "/proc/meminfo Hugetlb"}});
  if (!found) {
    for (const model::SubjectId pool : read.observation().subjects_with(Metric::kHugepagesTotal)) {
      const auto point = read.point(pool, Metric::kHugepagesTotal);
      if (!point) continue;
      if (!found) found = Found{0, "/sys/kernel/mm/hugepages nr_hugepages"};
      found->bytes += sane(point->value);
    }
  }
  put(books, RowId::kUserHugetlb, found);
}

/// Slab without its caches at the time when slabinfo was read, so that a busy machine does not show the time between
/// two files as large kmalloc.
std::optional<std::int64_t> large_kmalloc_at(const Observation& observation, const Point& caches) {
  const auto at = [&](Metric metric) { return observation.at(Registry::machine_id(), metric, caches.time); };
  std::optional<std::int64_t> slab = at(Metric::kMeminfoSlab);
  const auto reclaimable = at(Metric::kVmstatSlabReclaimable);
  const auto unreclaimable = at(Metric::kVmstatSlabUnreclaimable);
  if (reclaimable && unreclaimable) slab = sane(*reclaimable) + sane(*unreclaimable);
  if (!slab) return std::nullopt;
  return remove(sane(*slab), sane(caches.value));
}

void add_slab(Accounts& books, const Reader& read) {
  put(books, RowId::kCacheSlab,
      read.first_of({{Metric::kVmstatSlabReclaimable, "/proc/vmstat nr_slab_reclaimable"},
                     {Metric::kMeminfoSReclaimable, "/proc/meminfo SReclaimable"}}));
  auto other = read.first_of({{Metric::kVmstatSlabUnreclaimable, "/proc/vmstat nr_slab_unreclaimable"},
                              {Metric::kMeminfoSUnreclaim, "/proc/meminfo SUnreclaim"}});
  if (!other) return;
  const auto caches = read.point(Registry::machine_id(), Metric::kSlabTotalBytes);
  const auto large = caches ? large_kmalloc_at(read.observation(), *caches) : std::nullopt;
  if (!large) return put(books, RowId::kKernelSlab, other);
  const std::int64_t shown = std::min(*large, other->bytes);
  put(books, RowId::kKernelSlab, Found{other->bytes - shown, other->source});
  put(books, RowId::kKernelLargeKmalloc, Found{shown, "/proc/meminfo Slab without /proc/slabinfo"});
}

void add_vmalloc_and_stacks(Accounts& books, const Reader& read) {
  auto vmalloc = read.first_of({{Metric::kVmstatVmalloc, "/proc/vmstat nr_vmalloc"},
                                {Metric::kMeminfoVmallocUsed, "/proc/meminfo VmallocUsed"}});
  if (!vmalloc || vmalloc->bytes == 0) {
    if (const auto pages = read.value(Metric::kVmallocTotalPages)) vmalloc = Found{*pages, "/proc/vmallocinfo pages="};
  }
  auto stacks = read.first_of({{Metric::kVmstatKernelStack, "/proc/vmstat nr_kernel_stack"},
                               {Metric::kMeminfoKernelStack, "/proc/meminfo KernelStack"}});
  if (vmalloc && stacks) {
    const auto seen = read.value(Metric::kVmallocStackPages);
    const bool inside = seen ? *seen > 0 : vmalloc->bytes >= stacks->bytes;
    books.stacks_inferred = !seen && inside && stacks->bytes > 0;
    if (inside) vmalloc->bytes = remove(vmalloc->bytes, stacks->bytes);
  }
  put(books, RowId::kKernelVmalloc, vmalloc);
  put(books, RowId::kKernelVmap, read.first_of({{Metric::kVmallocVmapPages, "/proc/vmallocinfo vmap pages="}}));
  put(books, RowId::kKernelStacks, stacks);
}

bool has_further_percpu_chunks(const Reader& read) {
  const model::SubjectKey areas{model::SubjectKind::kVmallocCaller, "pcpu_get_vm_areas"};
  const auto subject = read.observation().registry().find(areas);
  if (!subject) return false;
  const auto count = read.point(*subject, Metric::kVmallocAreas);
  return count && count->value > 0;
}

void add_percpu(Accounts& books, const Reader& read) {
  const auto percpu = read.value(Metric::kMeminfoPercpu);
  if (!percpu) return;
  std::optional<std::int64_t> first_chunk = read.value(Metric::kPercpuFirstChunk);
  if (!first_chunk && read.value(Metric::kVmallocTotalPages) && !has_further_percpu_chunks(read)) first_chunk = percpu;
  books.first_chunk_unknown = !first_chunk && *percpu > 0;
  const std::int64_t outside = std::min(first_chunk.value_or(0), *percpu);
  put(books, RowId::kKernelPercpu,
      Found{*percpu - outside, outside > 0 ? "/proc/meminfo Percpu without its first chunk" : "/proc/meminfo Percpu"});
  if (outside > 0) books.outside.push_back({RowId::kKernelPercpu, outside, "/proc/meminfo Percpu, its first chunk"});
}

void add_other_kernel(Accounts& books, const Reader& read) {
  put(books, RowId::kKernelPageTables,
      read.first_of({{Metric::kVmstatPageTables, "/proc/vmstat nr_page_table_pages"},
                     {Metric::kMeminfoPageTables, "/proc/meminfo PageTables"}}));
  put(books, RowId::kKernelSecPageTables,
      read.first_of({{Metric::kVmstatSecPageTables, "/proc/vmstat nr_sec_page_table_pages"},
                     {Metric::kMeminfoSecPageTables, "/proc/meminfo SecPageTables"}}));
  const auto zspages = read.first_of({{Metric::kVmstatZspages, "/proc/vmstat nr_zspages"}});
  put(books, RowId::kKernelZspages, zspages);
  if (const auto zswap = read.value(Metric::kMeminfoZswap)) {
    const std::int64_t elsewhere = remove(*zswap, zspages ? zspages->bytes : 0);
    if (elsewhere > 0) {
      put(books, RowId::kKernelZswapPool, Found{elsewhere, "/proc/meminfo Zswap beyond nr_zspages"});
    }
  }
  put(books, RowId::kKernelBounce,
      read.first_of(
          {{Metric::kVmstatBounce, "/proc/vmstat nr_bounce"}, {Metric::kMeminfoBounce, "/proc/meminfo Bounce"}}));
  put(books, RowId::kKernelWritebackTmp,
      read.first_of({{Metric::kVmstatWritebackTemp, "/proc/vmstat nr_writeback_temp"},
                     {Metric::kMeminfoWritebackTmp, "/proc/meminfo WritebackTmp"}}));
  auto misc = read.first_of({{Metric::kVmstatKernelMiscReclaimable, "/proc/vmstat nr_kernel_misc_reclaimable"}});
  if (!misc) {
    const auto all = read.value(Metric::kMeminfoKReclaimable);
    const auto slab = read.value(Metric::kMeminfoSReclaimable);
    if (all && slab) misc = Found{remove(*all, *slab), "/proc/meminfo KReclaimable without SReclaimable"};
  }
  put(books, RowId::kKernelMiscReclaimable, misc);
  const auto gpu_active = read.first_of({{Metric::kVmstatGpuActive, "/proc/vmstat nr_gpu_active, nr_gpu_reclaim"},
                                         {Metric::kMeminfoGPUActive, "/proc/meminfo GPUActive, GPUReclaim"}});
  const auto gpu_pool = read.first_of({{Metric::kVmstatGpuReclaim, {}}, {Metric::kMeminfoGPUReclaim, {}}});
  if (gpu_active) {
    put(books, RowId::kKernelGpu, Found{gpu_active->bytes + (gpu_pool ? gpu_pool->bytes : 0), gpu_active->source});
  }
  put(books, RowId::kKernelMemmap, read.first_of({{Metric::kVmstatMemmapPages, "/proc/vmstat nr_memmap_pages"}}));
  put(books, RowId::kKernelBootTables, read.first_of({{Metric::kBootTables, "kernel log, tables at boot"}}));
  put(books, RowId::kHardwareCorrupted,
      read.first_of({{Metric::kMeminfoHardwareCorrupted, "/proc/meminfo HardwareCorrupted"}}));
}

void add_holders(Accounts& books, const Reader& read) {
  for (const model::SubjectId holder : read.observation().subjects_with(Metric::kHolderBytes)) {
    const auto counted = read.point(holder, Metric::kHolderCounted);
    const auto bytes = read.point(holder, Metric::kHolderBytes);
    if (!bytes || bytes->value <= 0 || !counted || counted->value != 0) continue;
    if (read.has_ended(holder, bytes->time)) continue;
    books.holders.push_back({holder, sane(bytes->value)});
  }
}

/// virtio, Xen and Hyper-V shrink the managed pages by what the balloon took (adjust_managed_page_count), vmw_balloon
/// does not. Which of both a counter means can only be told by whether the pages are missing inside.
void add_balloon(Accounts& books, const Reader& read) {
  const auto balloon = read.first_of({{Metric::kVmstatBalloonPages, "/proc/vmstat nr_balloon_pages"},
                                      {Metric::kMeminfoBalloon, "/proc/meminfo Balloon"}});
  if (!balloon || balloon->bytes == 0) return put(books, RowId::kKernelBalloon, balloon);
  const auto rest = books.unattributed();
  if (rest && *rest < balloon->bytes - balloon->bytes / 10) {
    books.outside.push_back({RowId::kKernelBalloon, balloon->bytes, balloon->source});
  } else {
    put(books, RowId::kKernelBalloon, balloon);
  }
}

}  // namespace

std::int64_t sane(std::int64_t bytes) { return std::clamp<std::int64_t>(bytes, 0, std::int64_t{1} << 56); }

const RowText& text_of(RowId row) { return kTexts[static_cast<std::size_t>(row)]; }

std::int64_t Accounts::attributed() const {
  std::int64_t sum = 0;
  for (const Entry& entry : entries) sum += entry.bytes;
  for (const Holder& holder : holders) sum += holder.bytes;
  return sum;
}

std::optional<std::int64_t> Accounts::unattributed() const {
  if (!total) return std::nullopt;
  return *total - attributed();
}

Accounts machine_accounts(const Observation& observation, std::optional<BootTime> time) {
  const Reader read(observation, time);
  Accounts books;
  books.total = read.value(Metric::kZoneinfoManaged);
  books.total_is_managed = books.total.has_value();
  if (!books.total) books.total = read.value(Metric::kMeminfoMemTotal);
  books.entries.reserve(kRowCount);
  add_program_pages(books, read);
  add_hugetlb(books, read);
  add_slab(books, read);
  add_vmalloc_and_stacks(books, read);
  add_percpu(books, read);
  add_other_kernel(books, read);
  add_free(books, read);
  add_holders(books, read);
  add_balloon(books, read);
  std::ranges::sort(books.entries, {}, &Entry::row);
  return books;
}

namespace {

/// Logs and answers of databases hold what somebody asked for: what they leave out would look like pages without a
/// counter.
bool has_the_large_rows(const Observation& observation) {
  const auto has = [&](std::initializer_list<Metric> any) {
    return std::ranges::any_of(any, [&](Metric metric) { return observation.find(metric) != nullptr; });
  };
  return has({Metric::kVmstatAnonPages, Metric::kMeminfoAnonPages}) &&
         has({Metric::kVmstatFilePages, Metric::kMeminfoCached}) &&
         has({Metric::kVmstatSlabUnreclaimable, Metric::kMeminfoSUnreclaim, Metric::kMeminfoSlab}) &&
         has({Metric::kVmstatPageTables, Metric::kMeminfoPageTables});
}

}  // namespace

Series residual_series(const Observation& observation) {
  Series residual;
  const Series* free = observation.find(Metric::kVmstatFreePages);
  if (free == nullptr) free = observation.find(Metric::kMeminfoMemFree);
  if (free == nullptr) return residual;
  if (!has_the_large_rows(observation)) return residual;
  residual.reserve(free->size());
  for (const Point& point : *free) {
    const Accounts books = machine_accounts(observation, point.time);
    const auto rest = books.unattributed();
    if (rest && books.entries.size() > 2) residual.push_back({point.time, *rest});
  }
  return residual;
}

Series large_kmalloc_series(const Observation& observation) {
  Series large;
  const Series* caches = observation.find(Metric::kSlabTotalBytes);
  if (caches == nullptr) return large;
  large.reserve(caches->size());
  for (const Point& point : *caches) {
    if (const auto bytes = large_kmalloc_at(observation, point)) large.push_back({point.time, *bytes});
  }
  return large;
}

}  // namespace leakscope::analysis::accounting
