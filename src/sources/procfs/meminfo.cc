#include "sources/procfs/meminfo.h"

#include <bitset>

#include "base/key_table.h"
#include "base/text_cursor.h"
#include "sources/procfs/fields.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

constexpr std::string_view kFile = "/proc/meminfo";

constexpr KeyTable kFields(std::to_array<KeyRow<Metric>>({
    {"MemTotal", Metric::kMeminfoMemTotal},
    {"MemFree", Metric::kMeminfoMemFree},
    {"MemAvailable", Metric::kMeminfoMemAvailable},
    {"Buffers", Metric::kMeminfoBuffers},
    {"Cached", Metric::kMeminfoCached},
    {"SwapCached", Metric::kMeminfoSwapCached},
    {"Active(anon)", Metric::kMeminfoActiveAnon},
    {"Inactive(anon)", Metric::kMeminfoInactiveAnon},
    {"Active(file)", Metric::kMeminfoActiveFile},
    {"Inactive(file)", Metric::kMeminfoInactiveFile},
    {"Unevictable", Metric::kMeminfoUnevictable},
    {"Mlocked", Metric::kMeminfoMlocked},
    {"SwapTotal", Metric::kMeminfoSwapTotal},
    {"SwapFree", Metric::kMeminfoSwapFree},
    {"Zswap", Metric::kMeminfoZswap},
    {"Zswapped", Metric::kMeminfoZswapped},
    {"Dirty", Metric::kMeminfoDirty},
    {"Writeback", Metric::kMeminfoWriteback},
    {"AnonPages", Metric::kMeminfoAnonPages},
    {"Mapped", Metric::kMeminfoMapped},
    {"Shmem", Metric::kMeminfoShmem},
    {"KReclaimable", Metric::kMeminfoKReclaimable},
    {"Slab", Metric::kMeminfoSlab},
    {"SReclaimable", Metric::kMeminfoSReclaimable},
    {"SUnreclaim", Metric::kMeminfoSUnreclaim},
    {"KernelStack", Metric::kMeminfoKernelStack},
    {"PageTables", Metric::kMeminfoPageTables},
    {"SecPageTables", Metric::kMeminfoSecPageTables},
    {"NFS_Unstable", Metric::kMeminfoNFSUnstable},
    {"Bounce", Metric::kMeminfoBounce},
    {"WritebackTmp", Metric::kMeminfoWritebackTmp},
    {"CommitLimit", Metric::kMeminfoCommitLimit},
    {"Committed_AS", Metric::kMeminfoCommittedAS},
    {"VmallocUsed", Metric::kMeminfoVmallocUsed},
    {"Percpu", Metric::kMeminfoPercpu},
    {"HardwareCorrupted", Metric::kMeminfoHardwareCorrupted},
    {"AnonHugePages", Metric::kMeminfoAnonHugePages},
    {"ShmemHugePages", Metric::kMeminfoShmemHugePages},
    {"FileHugePages", Metric::kMeminfoFileHugePages},
    {"CmaTotal", Metric::kMeminfoCmaTotal},
    {"CmaFree", Metric::kMeminfoCmaFree},
    {"Unaccepted", Metric::kMeminfoUnaccepted},
    {"Balloon", Metric::kMeminfoBalloon},
    {"Hugetlb", Metric::kMeminfoHugetlb},
    {"GPUActive", Metric::kMeminfoGPUActive},
    {"GPUReclaim", Metric::kMeminfoGPUReclaim},
}));

}  // namespace

Result<> parse_meminfo(std::string_view text, MachineValues& into) {
  into.clear();
  std::bitset<kFields.size()> seen;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      into.faults.add(cut_line(kFile, lines.number()));
      break;
    }
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos) continue;
    const auto row = kFields.find(line->substr(0, colon));
    if (!row) continue;
    const Metric metric = kFields.row(*row).value;
    FieldCursor fields(line->substr(colon + 1));
    const auto value = parse_amount(fields.next().value_or(""), 1024);
    const bool twice = seen.test(*row);
    seen.set(*row);
    if (!value || fields.next() != "kB" || fields.next() || twice) {
      into.spoil(metric);
      into.faults.add(bad_line(kFile, lines.number(), twice ? "each field once" : "<number below 2^53> kB", *line));
      continue;
    }
    if (metric == Metric::kMeminfoVmallocUsed && *value == 0) continue;
    into.add(metric, *value);
  }
  if (seen.none()) return nothing_known(kFile, text, "MemTotal: <number> kB");
  return {};
}

}  // namespace leakscope::sources::procfs
