#include "sources/procfs/page_size.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/text_cursor.h"
#include "sources/procfs/fields.h"
#include "sources/procfs/meminfo.h"
#include "sources/procfs/vmstat.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

constexpr std::int64_t kSmallestPage = 4096;
constexpr std::int64_t kLargestPage = std::int64_t{256} << 10U;  // powerpc; arm64 has up to 64 KiB

bool is_page_size(std::int64_t bytes) {
  return bytes >= kSmallestPage && bytes <= kLargestPage && std::has_single_bit(static_cast<std::uint64_t>(bytes));
}

struct Pair {
  Metric in_kib;
  Metric in_pages;
};
// Figures that both files take from the same counter.
constexpr auto kPairs = std::to_array<Pair>({
    {Metric::kMeminfoPageTables, Metric::kVmstatPageTables},
    {Metric::kMeminfoSReclaimable, Metric::kVmstatSlabReclaimable},
    {Metric::kMeminfoSUnreclaim, Metric::kVmstatSlabUnreclaimable},
    {Metric::kMeminfoShmem, Metric::kVmstatShmem},
    {Metric::kMeminfoActiveFile, Metric::kVmstatActiveFile},
    {Metric::kMeminfoInactiveFile, Metric::kVmstatInactiveFile},
});

}  // namespace

std::optional<PageSize> page_size_from_smaps(std::string_view smaps) {
  std::optional<PageSize> smallest;
  LineCursor lines(smaps);
  while (const auto line = lines.next()) {
    FieldCursor fields(*line);
    if (lines.unterminated() || fields.next() != "KernelPageSize:") continue;
    const auto bytes = parse_amount(fields.next().value_or(""), 1024);
    if (!bytes || !is_page_size(*bytes)) continue;
    if (!smallest || *bytes < smallest->bytes) smallest = PageSize{*bytes};
  }
  return smallest;
}

std::optional<PageSize> page_size_from_counters(std::string_view meminfo, std::string_view vmstat) {
  MachineValues bytes;
  MachineValues pages;
  if (!parse_meminfo(meminfo, bytes) || !parse_vmstat(vmstat, PageSize{1}, pages)) return std::nullopt;
  constexpr double kWorstFit = 0.1;  // in powers of two
  double best_fit = kWorstFit;
  std::optional<PageSize> best;
  for (const Pair& pair : kPairs) {
    const auto amount = bytes.find(pair.in_kib);
    const auto count = pages.find(pair.in_pages);
    if (!amount || !count || *amount <= 0 || *count <= 0) continue;
    const double power = std::log2(static_cast<double>(*amount) / static_cast<double>(*count));
    const double fit = std::abs(power - std::round(power));
    const auto size = static_cast<std::int64_t>(std::exp2(std::clamp(std::round(power), 0.0, 40.0)));
    if (fit >= best_fit || !is_page_size(size)) continue;
    best_fit = fit;
    best = PageSize{size};
  }
  return best;
}

PageSizeAnswer page_size_of(const RootedDir& root) {
  if (root.is_live()) return {page_size_of_this_machine(), {}};
  FileBuffer buffer;
  for (const std::string_view path : {"proc/1/smaps", "proc/self/smaps"}) {
    const auto smaps = root.read(path, buffer);
    if (!smaps) continue;
    if (const auto size = page_size_from_smaps(*smaps)) return {*size, {}};
  }
  FileBuffer other;
  const auto meminfo = root.read("proc/meminfo", buffer);
  const auto vmstat = root.read("proc/vmstat", other);
  if (meminfo && vmstat) {
    if (const auto size = page_size_from_counters(*meminfo, *vmstat)) return {*size, {}};
  }
  return {PageSize{kSmallestPage}, "the page size was not recorded: taken as 4096 bytes"};
}

}  // namespace leakscope::sources::procfs
