#include "sources/sysfs/sysfs_sources.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/sysfs/entry_source.h"
#include "sources/sysfs/node_meminfo.h"
#include "sources/sysfs/zram_mm_stat.h"

namespace leakscope::sources::sysfs {
namespace {

using model::Metric;
using model::SubjectKind;
using Texts = std::span<const std::optional<std::string_view>>;

constexpr Period kSlow{.live = std::chrono::seconds(5), .recording = std::chrono::seconds(15)};

constexpr auto kNodeFiles = std::to_array<std::string_view>({"meminfo"});

void read_node(Texts texts, std::int64_t number, model::SubjectId subject, model::SampleSink& sink,
               ParseFaults& faults) {
  NodeMeminfo node;
  if (!texts.front()) return;
  const auto parsed = parse_node_meminfo(*texts.front(), node);
  auto fault = parsed ? node.faults.first() : std::optional(parsed.error());
  if (fault) {
    fault->where = fmt::format("/sys/devices/system/node/node{}/meminfo", number);
    faults.add(std::move(*fault));
  }
  const auto put = [&](Metric metric, std::optional<Bytes> bytes) {
    if (bytes) sink.put(subject, metric, bytes->count());
  };
  put(Metric::kNodeTotal, node.total);
  put(Metric::kNodeFree, node.free);
  put(Metric::kNodeAnon, node.anon_pages);
  put(Metric::kNodeFilePages, node.file_pages);
  put(Metric::kNodeSlab, node.slab);
  put(Metric::kNodeSUnreclaim, node.slab_unreclaimable);
}

constexpr auto kHugepageFiles =
    std::to_array<std::string_view>({"nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages"});
constexpr auto kHugepageMetrics = std::to_array<Metric>(
    {Metric::kHugepagesTotal, Metric::kHugepagesFree, Metric::kHugepagesReserved, Metric::kHugepagesSurplus});
static_assert(kHugepageFiles.size() == kHugepageMetrics.size());

/// "512\n". Without its newline the line may be cut: "51" is the rest of "512".
std::optional<std::int64_t> parse_pool(std::string_view text, std::int64_t page_kib) {
  if (!text.ends_with('\n')) return std::nullopt;
  const auto pages = parse_number<std::int64_t>(trim(text));
  const auto page = checked_mul(page_kib, 1024);
  if (!pages || *pages < 0 || !page) return std::nullopt;
  return checked_mul(*pages, *page);
}

void read_hugepages(Texts texts, std::int64_t kib, model::SubjectId subject, model::SampleSink& sink,
                    ParseFaults& faults) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (!texts[i]) continue;
    if (const auto bytes = parse_pool(*texts[i], kib)) {
      sink.put(subject, kHugepageMetrics[i], *bytes);
      continue;
    }
    faults.add({Error::Kind::kMalformed,
                fmt::format("/sys/kernel/mm/hugepages/hugepages-{}kB/{}", kib, kHugepageFiles[i]),
                1,
                fmt::format("want a number, got '{}'", texts[i]->substr(0, 80)),
                {}});
  }
}

constexpr auto kZramFiles = std::to_array<std::string_view>({"mm_stat"});

void read_zram(Texts texts, std::int64_t number, model::SubjectId subject, model::SampleSink& sink,
               ParseFaults& faults) {
  if (!texts.front()) return;
  auto stat = parse_zram_mm_stat(*texts.front());
  if (!stat) {
    stat.error().where = fmt::format("/sys/block/zram{}/mm_stat", number);
    return faults.add(std::move(stat.error()));
  }
  sink.put(subject, Metric::kZramMemUsed, stat->memory_used.count());
  sink.put(subject, Metric::kZramOrigData, stat->original.count());
}

}  // namespace

Result<std::unique_ptr<Source>> open_numa_nodes(const RootedDir& root) {
  return EntrySource::open(root, {.info = {.name = "numa_nodes", .period = {}},
                                  .folder = "sys/devices/system/node",
                                  .prefix = "node",
                                  .suffix = "",
                                  .kind = SubjectKind::kNumaNode,
                                  .files = kNodeFiles,
                                  .none = "no NUMA node is listed in sys/devices/system/node",
                                  .read = read_node});
}

Result<std::unique_ptr<Source>> open_hugepages(const RootedDir& root) {
  return EntrySource::open(root, {.info = {.name = "hugepages", .period = {}},
                                  .folder = "sys/kernel/mm/hugepages",
                                  .prefix = "hugepages-",
                                  .suffix = "kB",
                                  .kind = SubjectKind::kHugepageSize,
                                  .files = kHugepageFiles,
                                  .none = "this kernel has no huge page sizes",
                                  .read = read_hugepages});
}

Result<std::unique_ptr<Source>> open_zram(const RootedDir& root) {
  return EntrySource::open(root, {.info = {.name = "zram", .period = kSlow},
                                  .folder = "sys/block",
                                  .prefix = "zram",
                                  .suffix = "",
                                  .kind = SubjectKind::kZramDevice,
                                  .named_by_number = false,
                                  .files = kZramFiles,
                                  .none = "no zram device now",
                                  .read = read_zram});
}

}  // namespace leakscope::sources::sysfs
