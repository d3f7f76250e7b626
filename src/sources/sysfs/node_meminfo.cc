#include "sources/sysfs/node_meminfo.h"

#include <bitset>
#include <string>

#include <fmt/format.h>

#include "base/key_table.h"
#include "base/text_cursor.h"

namespace leakscope::sources::sysfs {
namespace {

using Figure = std::optional<Bytes> NodeMeminfo::*;

constexpr KeyTable kFields(std::to_array<KeyRow<Figure>>({
    {"MemTotal:", &NodeMeminfo::total},
    {"MemFree:", &NodeMeminfo::free},
    {"AnonPages:", &NodeMeminfo::anon_pages},
    {"FilePages:", &NodeMeminfo::file_pages},
    {"Slab:", &NodeMeminfo::slab},
    {"SUnreclaim:", &NodeMeminfo::slab_unreclaimable},
}));

constexpr std::string_view kFile = "/sys/devices/system/node/node*/meminfo";

std::optional<Bytes> parse_kib(FieldCursor fields) {
  const auto kib = fields.next_number<std::int64_t>();
  const auto bytes = kib && *kib >= 0 ? checked_mul(*kib, 1024) : std::nullopt;
  if (!bytes || fields.next() != "kB") return std::nullopt;
  return Bytes(*bytes);
}

}  // namespace

Result<> parse_node_meminfo(std::string_view text, NodeMeminfo& into) {
  into = NodeMeminfo{};
  std::bitset<kFields.size()> seen;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      into.faults.add({Error::Kind::kTruncated, std::string(kFile), lines.number(), "the text ends within a line", {}});
      break;
    }
    FieldCursor fields(*line);
    if (fields.next() != "Node" || !fields.next()) continue;
    const auto row = kFields.find(fields.next().value_or(""));
    if (!row) continue;
    std::optional<Bytes>& figure = into.*kFields.row(*row).value;
    figure = seen.test(*row) ? std::nullopt : parse_kib(fields);
    seen.set(*row);
    if (!figure) {
      into.faults.add({Error::Kind::kMalformed,
                       std::string(kFile),
                       lines.number(),
                       fmt::format("want 'Node <number> <field>: <number> kB' once, got '{}'", line->substr(0, 80)),
                       {}});
    }
  }
  if (seen.any()) return {};
  if (text.empty()) return fail(Error::Kind::kTruncated, std::string(kFile), "is empty");
  return fail(Error::Kind::kMalformed, std::string(kFile), "no line like 'Node 0 MemTotal: <number> kB'");
}

}  // namespace leakscope::sources::sysfs
