#include "sources/procfs/buddyinfo.h"

#include "base/text_cursor.h"
#include "sources/procfs/fields.h"

namespace leakscope::sources::procfs {
namespace {

constexpr std::string_view kFile = "/proc/buddyinfo";
constexpr std::string_view kWanted = "Node <number>, zone <name> <number>...";
constexpr std::size_t kMostOrders = 32;  // a block of 2^32 pages is larger than any machine

/// Adds the columns of one zone; false when the line is not one.
bool add_zone(std::string_view line, std::size_t zone_number, std::vector<std::int64_t>& sums) {
  FieldCursor fields(line);
  if (fields.next() != "Node" || !fields.next() || fields.next() != "zone" || !fields.next()) return false;
  std::size_t order = 0;
  for (; const auto field = fields.next(); ++order) {
    const auto blocks = parse_amount(*field);
    if (!blocks || order >= kMostOrders) return false;
    if (zone_number == 0) sums.push_back(0);
    if (order >= sums.size()) return false;
    const auto sum = checked_add(sums[order], *blocks);
    if (!sum) return false;
    sums[order] = *sum;
  }
  return order > 0 && order == sums.size();
}

}  // namespace

std::optional<Bytes> Buddyinfo::above(std::size_t order, PageSize page_size) const {
  if (free_blocks.size() <= order + 1) return std::nullopt;
  std::int64_t total = 0;
  for (std::size_t n = order + 1; n < free_blocks.size(); ++n) {
    const auto block = checked_mul(std::int64_t{1} << n, page_size.bytes);
    const auto bytes = block ? checked_mul(free_blocks[n], *block) : std::nullopt;
    const auto sum = bytes ? checked_add(total, *bytes) : std::nullopt;
    if (!sum) return std::nullopt;
    total = *sum;
  }
  return Bytes(total);
}

Result<> parse_buddyinfo(std::string_view text, Buddyinfo& into) {
  into.free_blocks.clear();
  into.faults.clear();
  std::size_t zones = 0;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      into.faults.add(cut_line(kFile, lines.number()));
    } else if (!add_zone(*line, zones++, into.free_blocks)) {
      into.faults.add(bad_line(kFile, lines.number(), kWanted, *line));
    }
  }
  if (zones == 0 && !text.empty()) return malformed(std::string(kFile), 1, "the text ends within its first line");
  if (zones == 0) return nothing_known(kFile, text, kWanted);
  if (!into.faults.empty()) into.free_blocks.clear();
  return {};
}

}  // namespace leakscope::sources::procfs
