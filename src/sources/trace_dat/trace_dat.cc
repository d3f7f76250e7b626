#include "sources/trace_dat/trace_dat.h"

#include <algorithm>
#include <utility>

#include "sources/trace_dat/dat_file.h"
#include "sources/trace_dat/dat_header.h"
#include "sources/trace_dat/dat_stream.h"

namespace leakscope::sources::trace_dat {
namespace {

constexpr std::string_view kRemedy = "Record them: trace-cmd record -e kmem -e percpu -T";

TraceMachine machine_of(const DatHeader& header) {
  std::uint32_t cpus = header.cpus.value_or(0);
  for (const Buffer& buffer : header.buffers) {
    for (const CpuData& data : buffer.cpus) cpus = std::max(cpus, std::min(data.cpu, 65534U) + 1);
  }
  return {.order = header.order,
          .long_size = header.long_size,
          .page_size = PageSize{header.page_size},
          .cpus = std::max(cpus, 1U)};
}

}  // namespace

bool is_trace_dat(std::span<const std::byte> beginning) { return has_magic(beginning); }

Result<std::unique_ptr<KmemStream>> open_trace_dat(UniqueFd fd, std::string name) {
  auto file = DatFile::open(std::move(fd), std::move(name));
  if (!file) return std::unexpected(std::move(file.error()));
  auto header = read_header(*file);
  if (!header) return std::unexpected(std::move(header.error()));
  RingRecords records(machine_of(*header));
  bool has_events = false;
  for (const EventFormat& format : header->formats) {
    auto added = records.add(format);
    if (added) {
      has_events |= *added;
    } else {
      header->problems.push_back(std::move(added.error()));
    }
  }
  if (!has_events) {
    return fail(Error::Kind::kNotFound, file->name(), "holds no events of kernel memory", std::string(kRemedy));
  }
  if (header->buffers.empty()) {
    return fail(Error::Kind::kTruncated, file->name(), "ends before it tells where its events are",
                "trace-cmd did not finish it; trace-cmd restore may");
  }
  return std::make_unique<DatStream>(std::move(*file), std::move(*header), std::move(records));
}

}  // namespace leakscope::sources::trace_dat
