#include "sources/trace_dat/dat_sections.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/kallsyms.h"
#include "sources/wire_number.h"

namespace leakscope::sources::trace_dat {
namespace {

constexpr std::uint16_t kOptionDate = 1;
constexpr std::uint16_t kOptionCpuStat = 2;
constexpr std::uint16_t kOptionUname = 5;
constexpr std::uint16_t kOptionOffset = 7;
constexpr std::uint16_t kOptionCpuCount = 8;
constexpr std::uint16_t kOptionTscToNanoseconds = 14;

constexpr std::uint32_t kMostCpus = 8192;
// A problem for each of a file's thousand formats would say no more than a few do.
constexpr std::size_t kMostProblems = 16;

std::unexpected<Error> cut(std::string_view part) {
  return fail(Error::Kind::kTruncated, std::string(part), "ends before its end");
}

void note(DatHeader& header, Error problem) {
  if (header.problems.size() < kMostProblems) header.problems.push_back(std::move(problem));
}

Result<> read_format(ByteCursor& bytes, std::string_view system, DatHeader& header) {
  const auto size = bytes.take_number<std::uint64_t>();
  if (!size) return cut("event formats");
  const auto text = bytes.take_text(*size);
  if (!text) return cut("event formats");
  const bool is_stack = system == "ftrace" && text->starts_with("name: kernel_stack\n");
  if (system != "kmem" && system != "percpu" && !is_stack) return {};
  auto format = parse_event_format(*text, system, fmt::format("format of {}", system));
  if (format) {
    header.formats.push_back(std::move(*format));
  } else {
    note(header, std::move(format.error()));
  }
  return {};
}

/// "0x5a3..." or "-1234", with its 0.
std::optional<std::int64_t> option_number(std::string_view text) {
  text = trim(text.substr(0, text.find('\0')));
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const bool hex = text.starts_with("0x");
  const auto value = hex ? parse_number<std::uint64_t>(text.substr(2), 16) : parse_number<std::uint64_t>(text);
  if (!value) return std::nullopt;
  // Negative offsets are printed as unsigned hexadecimal numbers.
  const auto number = static_cast<std::int64_t>(*value);
  return negative && number > 0 ? -number : number;
}

/// per_cpu/cpuN/stats: "overrun: 12\ncommit overrun: 0\n...dropped events: 0".
std::uint64_t overrun_of(std::string_view text) {
  std::uint64_t sum = 0;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    for (const std::string_view label : {"overrun: ", "commit overrun: ", "dropped events: "}) {
      if (!line->starts_with(label)) continue;
      const std::string_view digits = line->substr(label.size());
      const auto count = parse_number<std::uint64_t>(trim(digits.substr(0, digits.find('\0'))));
      // A count beyond 2^48 is a broken file's.
      if (count && *count < (std::uint64_t{1} << 48U)) sum += *count;
    }
  }
  return sum;
}

}  // namespace

Result<> read_header_info(ByteCursor& bytes, DatHeader& header) {
  const auto page_tag = bytes.take_text(12);
  if (!page_tag) return cut("header_page");
  if (*page_tag != std::string_view("header_page\0", 12)) return malformed("header_page", 0, "is not where it belongs");
  const auto page_size = bytes.take_number<std::uint64_t>();
  if (!page_size) return cut("header_page");
  const auto page = bytes.take_text(*page_size);
  if (!page) return cut("header_page");
  auto layout = parse_header_page(*page, header.page_size, header.order);
  if (!layout) return std::unexpected(std::move(layout.error()));
  header.layout = *layout;
  header.long_size = layout->commit_size;
  const auto event_tag = bytes.take_text(13);
  if (!event_tag) return cut("header_event");
  if (*event_tag != std::string_view("header_event\0", 13)) {
    return malformed("header_event", 0, "is not where it belongs");
  }
  const auto event_size = bytes.take_number<std::uint64_t>();
  if (!event_size || !bytes.take(*event_size)) return cut("header_event");
  return {};
}

Result<> read_ftrace_formats(ByteCursor& bytes, DatHeader& header) {
  const auto count = bytes.take_number<std::uint32_t>();
  if (!count) return cut("ftrace formats");
  for (std::uint32_t i = 0; i < *count; ++i) {
    if (auto read = read_format(bytes, "ftrace", header); !read) return read;
  }
  return {};
}

Result<> read_event_formats(ByteCursor& bytes, DatHeader& header) {
  const auto systems = bytes.take_number<std::uint32_t>();
  if (!systems) return cut("event formats");
  for (std::uint32_t i = 0; i < *systems; ++i) {
    const auto name = bytes.take_string();
    if (!name) return cut("event formats");
    const std::string system(*name);
    const auto count = bytes.take_number<std::uint32_t>();
    if (!count) return cut("event formats");
    for (std::uint32_t event = 0; event < *count; ++event) {
      if (auto read = read_format(bytes, system, header); !read) return read;
    }
  }
  return {};
}

Result<> read_kallsyms(ByteCursor& bytes, DatHeader& header) {
  const auto size = bytes.take_number<std::uint32_t>();
  if (!size) return cut("kallsyms");
  if (*size == 0) return {};
  const auto text = bytes.take_text(*size);
  if (!text) return cut("kallsyms");
  auto symbols = parse_kallsyms(text->substr(0, text->find('\0')), "kallsyms of the trace");
  if (symbols) {
    header.symbols = std::move(*symbols);
  } else {
    header.symbols_error = std::move(symbols.error());
  }
  return {};
}

Result<> read_printk(ByteCursor& bytes) {
  const auto size = bytes.take_number<std::uint32_t>();
  if (!size || !bytes.take(*size)) return cut("printk formats");
  return {};
}

Result<> read_commands(ByteCursor& bytes, DatHeader& header) {
  const auto size = bytes.take_number<std::uint64_t>();
  if (!size) return cut("saved command lines");
  const auto text = bytes.take_text(*size);
  if (!text) return cut("saved command lines");
  LineCursor lines(text->substr(0, text->find('\0')));
  while (const auto line = lines.next()) {
    const std::size_t space = line->find(' ');
    const auto tid = parse_number<std::int32_t>(line->substr(0, space));
    if (!tid || space == std::string_view::npos) continue;
    header.commands.push_back({.tid = *tid, .comm = std::string(line->substr(space + 1))});
  }
  return {};
}

std::string chosen_clock(std::string_view text) {
  const std::size_t begin = text.find('[');
  if (begin == std::string_view::npos) return {};
  const std::size_t end = text.find(']', begin);
  if (end == std::string_view::npos) return {};
  return std::string(text.substr(begin + 1, end - begin - 1));
}

void read_option(std::uint16_t id, std::span<const std::byte> data, DatHeader& header) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  ByteCursor numbers(data, header.order);
  switch (id) {
    case kOptionDate: {
      const auto micros = option_number(text);
      if (micros) header.wall_offset = checked_mul(*micros, 1000);
      break;
    }
    case kOptionCpuStat:
      header.overrun += overrun_of(text);
      break;
    case kOptionTraceClock:
      header.clock = chosen_clock(text);
      break;
    case kOptionUname:
      header.uname = std::string(text.substr(0, text.find('\0')));
      break;
    case kOptionOffset:
      header.time_offset = option_number(text).value_or(0);
      break;
    case kOptionCpuCount: {
      const auto count = numbers.take_number<std::uint32_t>();
      if (count && *count > 0 && *count <= kMostCpus) header.cpus = count;
      break;
    }
    case kOptionTscToNanoseconds: {
      const auto mult = numbers.take_number<std::uint32_t>();
      const auto shift = numbers.take_number<std::uint32_t>();
      const auto offset = numbers.take_number<std::uint64_t>();
      if (mult && shift && offset && *mult != 0 && *shift < 64) header.tsc = TscScale{*mult, *shift, *offset};
      break;
    }
    default:
      break;
  }
}

}  // namespace leakscope::sources::trace_dat
