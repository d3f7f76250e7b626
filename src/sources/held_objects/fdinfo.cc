#include "sources/held_objects/fdinfo.h"

#include <array>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::held_objects {
namespace {

constexpr std::string_view kWatch = "inotify wd:";
constexpr std::string_view kDeleted = " (deleted)";

/// The number in "socket:[66100]" behind its prefix.
std::optional<std::uint64_t> bracketed(std::string_view target, std::string_view prefix) {
  if (!target.starts_with(prefix) || !target.ends_with(']')) return std::nullopt;
  return parse_number<std::uint64_t>(target.substr(prefix.size(), target.size() - prefix.size() - 1));
}

bool is_nameless_shmem(std::string_view target) {
  if (target.starts_with("/memfd:")) return true;
  if (!target.ends_with(kDeleted)) return false;
  return target.starts_with("/dev/shm/") || target.starts_with("/SYSV") || target.starts_with("/dev/zero");
}

}  // namespace

FdTarget classify_fd_target(std::string_view target) {
  using Kind = FdTarget::Kind;
  if (const auto inode = bracketed(target, "socket:[")) return {Kind::kSocket, *inode};
  if (const auto inode = bracketed(target, "pipe:[")) return {Kind::kPipe, *inode};
  if (target.starts_with("anon_inode:")) {
    const std::string_view name = target.substr(target.find(':') + 1);
    if (name == "inotify") return {Kind::kInotify};
    if (name == "bpf-map") return {Kind::kBpfMap};
    return {Kind::kOtherAnon};
  }
  if (!target.starts_with('/')) return {Kind::kOtherAnon};
  return {is_nameless_shmem(target) ? Kind::kMemfd : Kind::kFile};
}

void InotifyCounter::feed(std::string_view piece) {
  constexpr std::size_t kOther = std::string_view::npos;
  while (!piece.empty()) {
    if (matched_ == kOther) {
      const std::size_t end = piece.find('\n');
      if (end == std::string_view::npos) return;
      piece.remove_prefix(end + 1);
      matched_ = 0;
      continue;
    }
    const char next = piece.front();
    if (next == '\n') {
      matched_ = 0;
    } else if (next != kWatch[matched_]) {
      matched_ = kOther;
      continue;
    } else if (++matched_ == kWatch.size()) {
      ++watches_;
      matched_ = kOther;
    }
    piece.remove_prefix(1);
  }
}

Result<BpfMapFdinfo> parse_bpf_map_fdinfo(std::string_view text) {
  BpfMapFdinfo map;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    const std::size_t colon = line->find(':');
    const std::string_view key = line->substr(0, colon);
    if (colon == std::string_view::npos || (key != "map_id" && key != "memlock")) continue;
    const std::string_view value = trim(line->substr(colon + 1));
    if (key == "map_id") map.id = parse_number<std::uint32_t>(value);
    if (key == "memlock") map.memlock = parse_number<std::int64_t>(value);
    const bool good = key == "map_id" ? map.id.has_value() : map.memlock.value_or(-1) >= 0;
    if (!good || lines.unterminated()) {
      return malformed("/proc/PID/fdinfo", lines.number(), fmt::format("want '{}:\\t<number>'", key));
    }
  }
  return map;
}

Result<std::uint32_t> parse_effective_uid(std::string_view status) {
  LineCursor lines(status);
  while (const auto line = lines.next()) {
    if (!line->starts_with("Uid:")) continue;
    FieldCursor fields(line->substr(4));
    (void)fields.next();
    const auto effective = fields.next_number<std::uint32_t>();
    if (!effective) return malformed("/proc/PID/status", lines.number(), "want 'Uid:' and four numbers");
    return *effective;
  }
  return fail(Error::Kind::kMalformed, "/proc/PID/status", "has no line 'Uid:'");
}

}  // namespace leakscope::sources::held_objects
