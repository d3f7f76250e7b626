#include "sources/slab/slabinfo.h"

#include <array>
#include <span>
#include <string>
#include <utility>

#include "base/text_cursor.h"

namespace leakscope::sources::slab {
namespace {

constexpr std::string_view kFile = "/proc/slabinfo";
constexpr std::string_view kBanner = "slabinfo - version: ";
constexpr std::string_view kTunables = " : tunables ";
constexpr std::string_view kSlabdata = " : slabdata ";
constexpr std::size_t kProblemsKept = 8;

std::optional<std::int64_t> parse_count(std::string_view text) {
  const auto value = parse_number<std::int64_t>(text);
  return value && *value >= 0 ? value : std::nullopt;
}

std::string_view trim_right(std::string_view text) {
  const std::size_t last = text.find_last_not_of(' ');
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

// Reads numbers from the right end, because the name at the left may hold anything. Gives what stands before them.
std::optional<std::string_view> take_numbers_from_right(std::string_view text, std::span<std::int64_t> numbers) {
  for (std::size_t i = numbers.size(); i > 0; --i) {
    text = trim_right(text);
    const std::size_t blank = text.rfind(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    const auto value = parse_count(text.substr(blank + 1));
    if (!value) return std::nullopt;
    numbers[i - 1] = *value;
    text = text.substr(0, blank);
  }
  text = trim_right(text);
  if (text.empty()) return std::nullopt;
  return text;
}

std::optional<CacheRow> parse_row_2(std::string_view line) {
  const std::size_t tunables = line.rfind(kTunables);
  if (tunables == std::string_view::npos) return std::nullopt;
  std::array<std::int64_t, 5> numbers{};
  const auto name = take_numbers_from_right(line.substr(0, tunables), numbers);
  const std::size_t slabdata = line.find(kSlabdata, tunables);
  if (!name || slabdata == std::string_view::npos) return std::nullopt;
  FieldCursor fields(line.substr(slabdata + kSlabdata.size()));
  const auto active_slabs = fields.next();
  const auto slabs = fields.next();
  if (!active_slabs || !parse_count(*active_slabs) || !slabs) return std::nullopt;
  const auto slab_count = parse_count(*slabs);
  if (!slab_count) return std::nullopt;
  return CacheRow{*name, numbers[0], numbers[1], Bytes(numbers[2]), numbers[3], numbers[4], *slab_count};
}

std::optional<CacheRow> parse_row_1(std::string_view line) {
  // On SMP kernels " : <limit> <batchcount>" follows.
  std::array<std::int64_t, 6> numbers{};
  const auto name = take_numbers_from_right(line.substr(0, line.rfind(" : ")), numbers);
  if (!name) return std::nullopt;
  return CacheRow{*name, numbers[0], numbers[1], Bytes(numbers[2]), 0, numbers[5], numbers[4]};
}

void note_problem(Slabinfo& out, std::uint32_t line) {
  ++out.lines_left_out;
  if (out.problems.size() >= kProblemsKept) return;
  out.problems.push_back(malformed(std::string(kFile), line,
                                   out.version.starts_with("1.")
                                       ? "want '<name> <active> <objects> <size> <active slabs> <slabs> <pages>'"
                                       : "want '<name> <active> <objects> <size> <objects per slab> <pages per slab> : "
                                         "tunables ... : slabdata <active> <slabs>'")
                             .error());
}

}  // namespace

std::optional<Bytes> CacheRow::bytes(PageSize page_size) const {
  const auto pages = checked_mul(slabs, pages_per_slab);
  const auto total = pages ? checked_mul(*pages, page_size.bytes) : std::nullopt;
  if (!total) return std::nullopt;
  return Bytes(*total);
}

Result<> parse_slabinfo(std::string_view text, Slabinfo& out) {
  out.rows.clear();
  out.problems.clear();
  out.version = {};
  out.lines_left_out = 0;
  out.cut = false;

  LineCursor lines(text);
  const auto banner = lines.next();
  if (!banner || !banner->starts_with(kBanner) || lines.unterminated()) {
    return malformed(std::string(kFile), 1, "want 'slabinfo - version: <number>'");
  }
  out.version = trim(banner->substr(kBanner.size()));
  out.version = out.version.substr(0, out.version.find(' '));  // 2.4: "1.1 (statistics) (SMP)"
  const bool old_format = out.version.starts_with("1.");

  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      out.cut = true;
      break;
    }
    if (line->empty() || line->starts_with("# name")) continue;
    if (const auto row = old_format ? parse_row_1(*line) : parse_row_2(*line)) {
      out.rows.push_back(*row);
    } else {
      note_problem(out, lines.number());
    }
  }
  return {};
}

Result<Slabinfo> parse_slabinfo(std::string_view text) {
  Slabinfo info;
  if (auto parsed = parse_slabinfo(text, info); !parsed) return std::unexpected(std::move(parsed.error()));
  return info;
}

}  // namespace leakscope::sources::slab
