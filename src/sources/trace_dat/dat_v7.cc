#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sources/trace_dat/dat_sections.h"
#include "sources/trace_dat/dat_versions.h"

namespace leakscope::sources::trace_dat {
namespace {

constexpr std::uint16_t kHeaderInfo = 16;
constexpr std::uint16_t kFtraceEvents = 17;
constexpr std::uint16_t kEventFormats = 18;
constexpr std::uint16_t kKallsyms = 19;
constexpr std::uint16_t kCommands = 21;

constexpr std::uint16_t kPackedFlag = 1;
constexpr int kMostOptionSections = 256;
constexpr std::size_t kMostBuffers = 1024;

/// The contents of a section, unpacked.
struct Section {
  std::uint16_t id = 0;
  bool packed = false;
  std::vector<std::byte> data;
};

struct Places {
  std::uint64_t header_info = 0;
  std::uint64_t ftrace_events = 0;
  std::uint64_t event_formats = 0;
  std::uint64_t kallsyms = 0;
  std::uint64_t commands = 0;
};

Result<Section> read_section(const DatFile& file, std::uint64_t offset, const DatHeader& header) {
  const auto cut = [&] {
    return fail(Error::Kind::kTruncated, file.name(), fmt::format("ends within the section at {}", offset));
  };
  ByteCursor bytes(file, offset, header.order);
  const auto id = bytes.take_number<std::uint16_t>();
  const auto flags = bytes.take_number<std::uint16_t>();
  const auto description = bytes.take_number<std::uint32_t>();
  const auto size = bytes.take_number<std::uint64_t>();
  if (!id || !flags || !description || !size) return cut();
  Section section{.id = *id, .packed = (*flags & kPackedFlag) != 0, .data = {}};
  if (!section.packed) {
    const auto data = bytes.take(*size);
    if (!data) return cut();
    section.data.assign(data->begin(), data->end());
    return section;
  }
  const auto packed_size = bytes.take_number<std::uint32_t>();
  const auto unpacked_size = bytes.take_number<std::uint32_t>();
  if (!packed_size || !unpacked_size) return cut();
  const auto packed = bytes.take(*packed_size);
  if (!packed) return cut();
  if (auto done = unpack(header.packing, *packed, *unpacked_size, section.data, file.name()); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return section;
}

/// Flags of the section that holds the pages: they tell whether it is packed.
bool is_packed(const DatFile& file, std::uint64_t offset, const DatHeader& header) {
  ByteCursor bytes(file, offset, header.order);
  (void)bytes.take_number<std::uint16_t>();
  const auto flags = bytes.take_number<std::uint16_t>();
  return flags && (*flags & kPackedFlag) != 0;
}

void read_buffer_option(const DatFile& file, std::span<const std::byte> data, DatHeader& header) {
  ByteCursor bytes(data, header.order);
  const auto section = bytes.take_number<std::uint64_t>();
  const auto name = bytes.take_string();
  const auto clock = name ? bytes.take_string() : std::nullopt;
  if (!section || !clock || header.buffers.size() == kMostBuffers) return;
  Buffer buffer{.name = std::string(*name), .clock = std::string(*clock), .page_size = header.page_size, .cpus = {}};
  const auto page_size = bytes.take_number<std::uint32_t>();
  const auto count = bytes.take_number<std::uint32_t>();
  if (page_size && is_page_size(*page_size)) buffer.page_size = *page_size;
  const bool packed = is_packed(file, *section, header);
  for (std::uint32_t i = 0; count && i < *count; ++i) {
    const auto cpu = bytes.take_number<std::uint32_t>();
    const auto offset = bytes.take_number<std::uint64_t>();
    const auto size = bytes.take_number<std::uint64_t>();
    if (!cpu || !offset || !size) break;
    if (*size > 0) buffer.cpus.push_back({.cpu = *cpu, .offset = *offset, .size = *size, .packed = packed});
  }
  if (buffer.name.empty() && header.clock.empty()) header.clock = buffer.clock;
  header.buffers.push_back(std::move(buffer));
}

/// One section of options. The place of the next; 0: none.
std::uint64_t read_options(const DatFile& file, std::span<const std::byte> data, DatHeader& header, Places& places) {
  ByteCursor bytes(data, header.order);
  for (;;) {
    const auto id = bytes.take_number<std::uint16_t>();
    const auto size = bytes.take_number<std::uint32_t>();
    const auto option = id && size ? bytes.take(*size) : std::nullopt;
    if (!option) return 0;
    ByteCursor numbers(*option, header.order);
    const std::uint64_t place = numbers.take_number<std::uint64_t>().value_or(0);
    switch (*id) {
      case kOptionDone:
        return place;
      case kOptionBuffer:
        read_buffer_option(file, *option, header);
        break;
      case kHeaderInfo:
        places.header_info = place;
        break;
      case kFtraceEvents:
        places.ftrace_events = place;
        break;
      case kEventFormats:
        places.event_formats = place;
        break;
      case kKallsyms:
        places.kallsyms = place;
        break;
      case kCommands:
        places.commands = place;
        break;
      default:
        read_option(*id, *option, header);
    }
  }
}

template <class Read>
Result<> read_part(const DatFile& file, std::uint64_t offset, DatHeader& header, const Read& read) {
  if (offset == 0) return {};
  const auto section = read_section(file, offset, header);
  if (!section) return std::unexpected(section.error());
  ByteCursor bytes(section->data, header.order);
  return read(bytes, header);
}

Result<> read_parts(const DatFile& file, const Places& places, DatHeader& header) {
  if (auto read = read_part(file, places.header_info, header, read_header_info); !read) return read;
  if (auto read = read_part(file, places.event_formats, header, read_event_formats); !read) return read;
  // Without these the events are there all the same.
  const auto attempt = [&](std::uint64_t offset, auto part) {
    auto read = read_part(file, offset, header, part);
    if (!read) header.problems.push_back(std::move(read.error()));
  };
  attempt(places.ftrace_events, read_ftrace_formats);
  attempt(places.kallsyms, read_kallsyms);
  attempt(places.commands, read_commands);
  return {};
}

}  // namespace

Result<> read_version_7(ByteCursor& bytes, const DatFile& file, DatHeader& header) {
  const auto name = bytes.take_string();
  if (!name) return malformed(file.name(), 0, "does not name its packing");
  auto packing = packing_of(*name, file.name());
  if (!packing) return std::unexpected(std::move(packing.error()));
  header.packing = *packing;
  if (!bytes.take_string()) return malformed(file.name(), 0, "does not name its packing's version");
  const auto first_options = bytes.take_number<std::uint64_t>();
  if (!first_options) return fail(Error::Kind::kTruncated, file.name(), "ends within its first bytes");
  const std::uint64_t first_section = bytes.at();

  Places places;
  std::uint64_t next = *first_options;
  for (int i = 0; next != 0 && i < kMostOptionSections; ++i) {
    const auto section = read_section(file, next, header);
    if (!section) {
      // Without the first options nothing is known of the file.
      if (i == 0) return std::unexpected(section.error());
      header.problems.push_back(section.error());
      break;
    }
    next = read_options(file, section->data, header, places);
  }
  if (auto read = read_parts(file, places, header); !read) return read;
  if (header.buffers.empty()) find_lost_buffers(file, first_section, header);
  return {};
}

void find_lost_buffers(const DatFile& file, std::uint64_t first, DatHeader& header) {
  constexpr int kMostSections = 1024;
  constexpr std::uint32_t kMostCpus = 8192;
  const auto aligned = [&](std::uint64_t offset) {
    return (offset + header.page_size - 1) & ~std::uint64_t{header.page_size - 1};
  };
  std::uint64_t at = first;
  for (int i = 0; i < kMostSections; ++i) {
    ByteCursor bytes(file, at, header.order);
    const auto id = bytes.take_number<std::uint16_t>();
    const auto flags = bytes.take_number<std::uint16_t>();
    const auto description = bytes.take_number<std::uint32_t>();
    const auto size = bytes.take_number<std::uint64_t>();
    if (!id || !flags || !description || !size) return;
    if (*id != kOptionBuffer) {
      if (*size > bytes.left()) return;
      at = bytes.at() + *size;
      continue;
    }
    // CPU after CPU, each from a page's border; where a CPU ends is told by its chunks only.
    if ((*flags & kPackedFlag) == 0) return;
    Buffer buffer{.name = {}, .clock = header.clock, .page_size = header.page_size, .cpus = {}};
    std::uint64_t data = aligned(bytes.at());
    for (std::uint32_t cpu = 0; cpu < kMostCpus && data < file.size(); ++cpu) {
      ByteCursor chunks(file, data, header.order);
      const auto count = chunks.take_number<std::uint32_t>();
      std::uint64_t end = chunks.at();
      for (std::uint32_t chunk = 0; count && chunk < *count && end < file.size(); ++chunk) {
        ByteCursor head(file, end, header.order);
        end += 8 + std::uint64_t{head.take_number<std::uint32_t>().value_or(0)};
      }
      if (!count || *count == 0) break;
      buffer.cpus.push_back({.cpu = cpu, .offset = data, .size = end - data, .packed = true});
      data = aligned(end);
    }
    header.buffers.push_back(std::move(buffer));
    return;
  }
}

}  // namespace leakscope::sources::trace_dat
