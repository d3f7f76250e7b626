#include "sources/process/mappings.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text_cursor.h"

namespace leakscope::sources::process {
namespace {

constexpr std::uint64_t kArenaSize = std::uint64_t{64} << 20U;  // HEAP_MAX_SIZE of 64-bit glibc
constexpr std::uint64_t kLargestGuard = std::uint64_t{1} << 20U;
constexpr std::uint64_t kGoHeapStart = 0xc0'0000'0000;
constexpr std::uint64_t kGoHeapEnd = 0x100'0000'0000;

MappingKind kind_of(std::string_view path, std::uint64_t inode) {
  if (path == "[heap]") return MappingKind::kHeap;
  if (path.starts_with("[stack")) return MappingKind::kStack;
  if (path.starts_with("[anon_shmem:")) return MappingKind::kShared;
  if (path.starts_with("[anon:")) {
    return path.find("stack") == std::string_view::npos ? MappingKind::kAnonymous : MappingKind::kStack;
  }
  if (path.starts_with("[v") || path.starts_with("[uprobes")) return MappingKind::kKernel;
  if (path.empty()) return inode == 0 ? MappingKind::kAnonymous : MappingKind::kFile;
  for (const std::string_view prefix : {"/dev/shm/", "/memfd:", "/SYSV", "/dev/zero"}) {
    if (path.starts_with(prefix)) return MappingKind::kShared;
  }
  if (path.starts_with("/anon_hugepage")) return MappingKind::kHuge;
  if (path.starts_with("/dev/") || path.starts_with("anon_inode:")) return MappingKind::kDevice;
  return MappingKind::kFile;
}

// "7fffc284b000-7fffc286c000 rw-p 00000000 00:00 0   [stack]"
std::optional<Mapping> parse_header(std::string_view line) {
  Mapping mapping;
  FieldCursor fields(line);
  const std::string_view range = fields.next().value_or("");
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto start = parse_number<std::uint64_t>(range.substr(0, dash), 16);
  const auto end = parse_number<std::uint64_t>(range.substr(dash + 1), 16);
  const std::string_view access = fields.next().value_or("");
  const auto offset = fields.next_number<std::uint64_t>(16);
  const auto device = fields.next();
  const auto inode = fields.next_number<std::uint64_t>();
  if (!start || !end || *end < *start || access.size() != 4 || !offset || !device || !inode) return std::nullopt;
  mapping.start = *start;
  mapping.end = *end;
  mapping.readable = access[0] == 'r';
  mapping.writable = access[1] == 'w';
  mapping.executable = access[2] == 'x';
  mapping.shared = access[3] == 's';
  mapping.offset = *offset;
  mapping.inode = *inode;
  mapping.path = fields.rest();
  mapping.kind = kind_of(mapping.path, mapping.inode);
  return mapping;
}

bool is_plain_anonymous(const Mapping& mapping) {
  return mapping.kind == MappingKind::kAnonymous && mapping.path.empty() && !mapping.shared;
}

// pthread_create maps a stack with an inaccessible guard at its low end. An arena's inaccessible rest is no guard:
// what follows it begins at a multiple of 64 MiB.
void mark_thread_stacks(std::vector<Mapping>& mappings) {
  for (std::size_t i = 1; i < mappings.size(); ++i) {
    const Mapping& guard = mappings[i - 1];
    Mapping& stack = mappings[i];
    if (!is_plain_anonymous(guard) || !is_plain_anonymous(stack)) continue;
    if (guard.accessible() || guard.size() > kLargestGuard || guard.end != stack.start) continue;
    if (!stack.readable || !stack.writable || stack.executable || stack.start % kArenaSize == 0) continue;
    stack.kind = MappingKind::kStack;
  }
}

void add_to(std::optional<std::int64_t>& sum, std::optional<std::int64_t> value) {
  if (!value) return;
  sum = checked_add(sum.value_or(0), *value).value_or(INT64_MAX);
}

}  // namespace

std::string_view to_string(MappingKind kind) {
  static constexpr std::array<std::string_view, kMappingKindCount> kWords = {"heap",   "anonymous", "stack", "file",
                                                                             "shared", "device",    "huge",  "kernel"};
  return kWords[static_cast<std::size_t>(kind)];
}

MappingTable parse_mappings(std::string_view text) {
  MappingTable table;
  const auto complain = [&](Error::Kind kind, std::uint32_t line, std::string what) {
    if (!table.damage) table.damage = Error{kind, "/proc/PID/smaps", line, std::move(what), {}};
  };
  LineCursor lines(text);
  bool skipping = false;
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      complain(Error::Kind::kTruncated, lines.number(), "ends within a line");
      break;
    }
    if (line->empty()) continue;
    // Headers begin with an address in small hex digits, all other lines with a capital letter.
    if (line->front() >= 'A' && line->front() <= 'Z') {
      if (skipping || table.mappings.empty()) continue;
      Mapping& mapping = table.mappings.back();
      if (line->starts_with("VmFlags:")) {
        if (line->find(" ht") != std::string_view::npos) mapping.kind = MappingKind::kHuge;
      } else if (!read_smaps_line(*line, mapping.sums)) {
        complain(Error::Kind::kMalformed, lines.number(), fmt::format("want '<name>: <number> kB', got '{}'", *line));
      }
      continue;
    }
    const auto mapping = parse_header(*line);
    skipping = !mapping.has_value();
    if (mapping) {
      table.mappings.push_back(*mapping);
    } else {
      complain(Error::Kind::kMalformed, lines.number(),
               fmt::format("want '<start>-<end> <rwxp> <offset> <device> <inode> <path>', got '{}'", *line));
    }
  }
  mark_thread_stacks(table.mappings);
  return table;
}

MappingGroups group_mappings(const std::vector<Mapping>& mappings) {
  MappingGroups groups{};
  for (const Mapping& mapping : mappings) {
    MappingGroup& group = groups[static_cast<std::size_t>(mapping.kind)];
    ++group.count;
    const auto size = static_cast<std::int64_t>(std::min<std::uint64_t>(mapping.size(), INT64_MAX));
    group.size = checked_add(group.size, size).value_or(INT64_MAX);
    add_to(group.rss, mapping.sums.rss);
    add_to(group.pss, mapping.sums.pss);
    add_to(group.uss, mapping.sums.uss());
    add_to(group.swap, mapping.sums.swap);
    add_to(group.anonymous, mapping.sums.anonymous);
    add_to(group.anon_huge, mapping.sums.anon_huge);
  }
  return groups;
}

ArenaShapes find_arena_shapes(const std::vector<Mapping>& mappings) {
  ArenaShapes arenas;
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const Mapping& used = mappings[i];
    if (!is_plain_anonymous(used) || !used.writable || used.executable || used.start % kArenaSize != 0) continue;
    if (used.start >= kGoHeapStart && used.start < kGoHeapEnd) continue;
    const bool full = used.size() == kArenaSize;
    const bool with_rest = i + 1 < mappings.size() && is_plain_anonymous(mappings[i + 1]) &&
                           !mappings[i + 1].accessible() && mappings[i + 1].start == used.end &&
                           mappings[i + 1].end == used.start + kArenaSize;
    if (!full && !with_rest) continue;
    ++arenas.count;
    arenas.writable += static_cast<std::int64_t>(used.size());
    add_to(arenas.rss, used.sums.rss);
  }
  return arenas;
}

}  // namespace leakscope::sources::process
