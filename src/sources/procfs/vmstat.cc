#include "sources/procfs/vmstat.h"

#include <bitset>

#include "base/key_table.h"
#include "base/text_cursor.h"
#include "sources/procfs/fields.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

constexpr std::string_view kFile = "/proc/vmstat";

enum class Scale : std::uint8_t { kOne, kPages, kKib };

struct Meaning {
  Metric metric;
  Scale scale = Scale::kOne;
};
using Row = KeyRow<Meaning>;

constexpr Row pages(std::string_view key, Metric metric) { return {key, {metric, Scale::kPages}}; }
constexpr Row count(std::string_view key, Metric metric) { return {key, {metric, Scale::kOne}}; }

constexpr KeyTable kFields(std::to_array<Row>({
    pages("nr_free_pages", Metric::kVmstatFreePages),
    pages("nr_inactive_anon", Metric::kVmstatInactiveAnon),
    pages("nr_active_anon", Metric::kVmstatActiveAnon),
    pages("nr_inactive_file", Metric::kVmstatInactiveFile),
    pages("nr_active_file", Metric::kVmstatActiveFile),
    pages("nr_unevictable", Metric::kVmstatUnevictable),
    pages("nr_isolated_anon", Metric::kVmstatIsolatedAnon),
    pages("nr_isolated_file", Metric::kVmstatIsolatedFile),
    pages("nr_anon_pages", Metric::kVmstatAnonPages),
    pages("nr_file_pages", Metric::kVmstatFilePages),
    pages("nr_shmem", Metric::kVmstatShmem),
    pages("nr_swapcached", Metric::kVmstatSwapCached),
    pages("nr_slab_reclaimable", Metric::kVmstatSlabReclaimable),
    pages("nr_slab_unreclaimable", Metric::kVmstatSlabUnreclaimable),
    {"nr_kernel_stack", {Metric::kVmstatKernelStack, Scale::kKib}},
    pages("nr_page_table_pages", Metric::kVmstatPageTables),
    pages("nr_sec_page_table_pages", Metric::kVmstatSecPageTables),
    pages("nr_zspages", Metric::kVmstatZspages),
    pages("nr_kernel_misc_reclaimable", Metric::kVmstatKernelMiscReclaimable),
    pages("nr_bounce", Metric::kVmstatBounce),
    pages("nr_writeback_temp", Metric::kVmstatWritebackTemp),
    pages("nr_free_cma", Metric::kVmstatFreeCma),
    pages("nr_memmap_pages", Metric::kVmstatMemmapPages),
    pages("nr_memmap_boot_pages", Metric::kVmstatMemmapBootPages),
    pages("nr_hugetlb", Metric::kVmstatHugetlb),
    pages("nr_balloon_pages", Metric::kVmstatBalloonPages),
    pages("nr_iommu_pages", Metric::kVmstatIommuPages),
    pages("nr_gpu_active", Metric::kVmstatGpuActive),
    pages("nr_gpu_reclaim", Metric::kVmstatGpuReclaim),
    pages("nr_vmalloc", Metric::kVmstatVmalloc),
    count("pgpgin", Metric::kVmstatPgpgin),
    count("pgpgout", Metric::kVmstatPgpgout),
    count("pswpin", Metric::kVmstatPswpin),
    count("pswpout", Metric::kVmstatPswpout),
    count("pgfault", Metric::kVmstatPgfault),
    count("pgmajfault", Metric::kVmstatPgmajfault),
    count("oom_kill", Metric::kVmstatOomKill),
    count("workingset_refault", Metric::kVmstatWorkingsetRefault),
    count("workingset_refault_anon", Metric::kVmstatWorkingsetRefault),
    count("workingset_refault_file", Metric::kVmstatWorkingsetRefault),
    count("balloon_inflate", Metric::kVmstatBalloonInflate),
    count("balloon_deflate", Metric::kVmstatBalloonDeflate),
    count("allocstall", Metric::kVmstatAllocStall),
    count("allocstall_dma", Metric::kVmstatAllocStall),
    count("allocstall_dma32", Metric::kVmstatAllocStall),
    count("allocstall_normal", Metric::kVmstatAllocStall),
    count("allocstall_high", Metric::kVmstatAllocStall),
    count("allocstall_movable", Metric::kVmstatAllocStall),
    count("allocstall_device", Metric::kVmstatAllocStall),
    count("pgscan_kswapd", Metric::kVmstatPgscan),
    count("pgscan_kswapd_dma", Metric::kVmstatPgscan),
    count("pgscan_kswapd_dma32", Metric::kVmstatPgscan),
    count("pgscan_kswapd_normal", Metric::kVmstatPgscan),
    count("pgscan_kswapd_high", Metric::kVmstatPgscan),
    count("pgscan_kswapd_movable", Metric::kVmstatPgscan),
    count("pgscan_kswapd_device", Metric::kVmstatPgscan),
    count("pgscan_direct", Metric::kVmstatPgscanDirect),
    count("pgscan_direct_dma", Metric::kVmstatPgscanDirect),
    count("pgscan_direct_dma32", Metric::kVmstatPgscanDirect),
    count("pgscan_direct_normal", Metric::kVmstatPgscanDirect),
    count("pgscan_direct_high", Metric::kVmstatPgscanDirect),
    count("pgscan_direct_movable", Metric::kVmstatPgscanDirect),
    count("pgscan_direct_device", Metric::kVmstatPgscanDirect),
    count("pgscan_khugepaged", Metric::kVmstatPgscan),
    count("pgscan_proactive", Metric::kVmstatPgscan),
    count("pgsteal_kswapd", Metric::kVmstatPgsteal),
    count("pgsteal_kswapd_dma", Metric::kVmstatPgsteal),
    count("pgsteal_kswapd_dma32", Metric::kVmstatPgsteal),
    count("pgsteal_kswapd_normal", Metric::kVmstatPgsteal),
    count("pgsteal_kswapd_high", Metric::kVmstatPgsteal),
    count("pgsteal_kswapd_movable", Metric::kVmstatPgsteal),
    count("pgsteal_kswapd_device", Metric::kVmstatPgsteal),
    count("pgsteal_direct", Metric::kVmstatPgsteal),
    count("pgsteal_direct_dma", Metric::kVmstatPgsteal),
    count("pgsteal_direct_dma32", Metric::kVmstatPgsteal),
    count("pgsteal_direct_normal", Metric::kVmstatPgsteal),
    count("pgsteal_direct_high", Metric::kVmstatPgsteal),
    count("pgsteal_direct_movable", Metric::kVmstatPgsteal),
    count("pgsteal_direct_device", Metric::kVmstatPgsteal),
    count("pgsteal_khugepaged", Metric::kVmstatPgsteal),
    count("pgsteal_proactive", Metric::kVmstatPgsteal),
}));

constexpr std::int64_t factor(Scale scale, PageSize page_size) {
  switch (scale) {
    case Scale::kOne:
      return 1;
    case Scale::kPages:
      return page_size.bytes;
    case Scale::kKib:
      return 1024;
  }
  return 1;
}

/// Pages that tasks scanned themselves count as scanned, too.
constexpr std::optional<Metric> contained_in(Metric metric) {
  if (metric == Metric::kVmstatPgscanDirect) return Metric::kVmstatPgscan;
  return std::nullopt;
}

/// Of these the rest may stand in the part that is missing.
constexpr auto kSums =
    std::to_array<Metric>({Metric::kVmstatPgscan, Metric::kVmstatPgscanDirect, Metric::kVmstatPgsteal,
                           Metric::kVmstatAllocStall, Metric::kVmstatWorkingsetRefault});

void spoil(MachineValues& into, Metric metric) {
  into.spoil(metric);
  if (const auto whole = contained_in(metric)) into.spoil(*whole);
}

}  // namespace

Result<> parse_vmstat(std::string_view text, PageSize page_size, MachineValues& into) {
  into.clear();
  std::bitset<kFields.size()> seen;
  bool stacks_in_kib = false;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      into.faults.add(cut_line(kFile, lines.number()));
      for (const Metric sum : kSums) into.spoil(sum);
      break;
    }
    const std::string_view key = line->substr(0, line->find(' '));
    if (key.starts_with("nr_zone_")) stacks_in_kib = true;
    const auto row = kFields.find(key);
    if (!row) continue;
    const auto [metric, scale] = kFields.row(*row).value;
    const bool twice = seen.test(*row);
    seen.set(*row);
    FieldCursor fields(line->substr(key.size()));
    const auto value = parse_amount(fields.next().value_or(""), factor(scale, page_size));
    if (!value || fields.next() || twice) {
      spoil(into, metric);
      into.faults.add(bad_line(kFile, lines.number(), twice ? "each name once" : "<name> <number below 2^63>", *line));
      continue;
    }
    into.add(metric, *value);
    if (const auto whole = contained_in(metric)) into.add(*whole, *value);
  }
  if (seen.none()) return nothing_known(kFile, text, "nr_free_pages <number>");
  if (!stacks_in_kib) into.spoil(Metric::kVmstatKernelStack);
  return {};
}

}  // namespace leakscope::sources::procfs
