#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sources/trace_dat/dat_sections.h"
#include "sources/trace_dat/dat_versions.h"

namespace leakscope::sources::trace_dat {
namespace {

constexpr std::size_t kTagBytes = 10;
constexpr std::string_view kOptions("options  \0", kTagBytes);
constexpr std::string_view kLatency("latency  \0", kTagBytes);
constexpr std::string_view kFlyrecord("flyrecord\0", kTagBytes);
constexpr std::uint32_t kMostCpus = 65536;
constexpr std::size_t kMostInstances = 1024;

struct Instance {
  std::uint64_t offset = 0;
  std::string name;
};

struct Options {
  std::vector<Instance> instances;
  bool has_clock = false;  // then the clock's text stands behind the places of the CPUs
};

std::unexpected<Error> cut(const DatFile& file) {
  return fail(Error::Kind::kTruncated, file.name(), "ends within its header");
}

Result<> read_options(ByteCursor& bytes, const DatFile& file, DatHeader& header, Options& options) {
  for (;;) {
    const auto id = bytes.take_number<std::uint16_t>();
    if (!id) return cut(file);
    if (*id == kOptionDone) return {};
    const auto size = bytes.take_number<std::uint32_t>();
    if (!size) return cut(file);
    const auto data = bytes.take(*size);
    if (!data) return cut(file);
    if (*id == kOptionBuffer && options.instances.size() < kMostInstances) {
      ByteCursor option(*data, header.order);
      const auto offset = option.take_number<std::uint64_t>();
      const auto name = option.take_string();
      if (offset) options.instances.push_back({.offset = *offset, .name = std::string(name.value_or(""))});
    }
    options.has_clock |= *id == kOptionTraceClock;
    read_option(*id, *data, header);
  }
}

/// "options", if it is there, and "flyrecord" with the places of so many CPUs.
Result<> read_buffer(ByteCursor& bytes, const DatFile& file, std::uint32_t cpus, std::string name, DatHeader& header,
                     Options& options) {
  auto tag = bytes.take_text(kTagBytes);
  if (!tag) return cut(file);
  if (*tag == kOptions) {
    if (auto read = read_options(bytes, file, header, options); !read) return read;
    tag = bytes.take_text(kTagBytes);
    if (!tag) return cut(file);
  }
  if (*tag == kLatency) {
    return fail(Error::Kind::kUnsupported, file.name(), "holds a latency trace, which is a text",
                "trace-cmd report FILE >trace.txt, and name that text");
  }
  if (*tag != kFlyrecord) return malformed(file.name(), 0, "has no places of its CPUs' data");
  if (bytes.left() / 16 < cpus) return cut(file);
  Buffer buffer{.name = std::move(name), .clock = {}, .page_size = header.page_size, .cpus = {}};
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
    const auto offset = bytes.take_number<std::uint64_t>();
    const auto size = bytes.take_number<std::uint64_t>();
    if (!offset || !size) return cut(file);
    if (*size > 0) buffer.cpus.push_back({.cpu = cpu, .offset = *offset, .size = *size});
  }
  header.buffers.push_back(std::move(buffer));
  return {};
}

}  // namespace

Result<> read_version_6(ByteCursor& bytes, const DatFile& file, DatHeader& header) {
  Result<> read = read_header_info(bytes, header);
  if (read) read = read_ftrace_formats(bytes, header);
  if (read) read = read_event_formats(bytes, header);
  if (read) read = read_kallsyms(bytes, header);
  if (read) read = read_printk(bytes);
  if (read) read = read_commands(bytes, header);
  if (!read) return read;
  const auto cpus = bytes.take_number<std::uint32_t>();
  if (!cpus) return cut(file);
  if (*cpus > kMostCpus) return malformed(file.name(), 0, fmt::format("is said to be of {} CPUs", *cpus));
  if (!header.cpus) header.cpus = *cpus;
  Options options;
  if (auto top = read_buffer(bytes, file, *cpus, {}, header, options); !top) return top;
  if (options.has_clock) {
    const auto size = bytes.take_number<std::uint64_t>();
    const auto text = size ? bytes.take_text(*size) : std::nullopt;
    if (text && header.clock.empty()) header.clock = chosen_clock(*text);
  }
  for (Instance& instance : options.instances) {
    ByteCursor there(file, instance.offset, header.order);
    Options own;
    auto found = read_buffer(there, file, *cpus, std::move(instance.name), header, own);
    if (!found) header.problems.push_back(std::move(found.error()));
  }
  return {};
}

}  // namespace leakscope::sources::trace_dat
