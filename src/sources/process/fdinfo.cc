#include "sources/process/fdinfo.h"

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::process {
namespace {

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (text.starts_with(prefix)) return true;
  }
  return false;
}

FdKind anon_inode_kind(std::string_view name) {
  if (name.starts_with('[')) name.remove_prefix(1);
  if (name.starts_with("bpf")) return FdKind::kBpf;
  if (starts_with_any(name, {"eventfd", "eventpoll", "timerfd", "signalfd", "inotify", "fanotify"})) {
    return FdKind::kEvent;
  }
  return FdKind::kOther;
}

// True when the key is none of ours or its value is fine.
bool read_field(FdInfo& info, std::string_view key, std::string_view value) {
  FieldCursor fields(value);
  if (key == "pos") return (info.position = fields.next_number<std::int64_t>()).has_value();
  if (key == "flags") return (info.flags = fields.next_number<std::uint32_t>(8)).has_value();
  if (key == "map_id") return (info.bpf_map_id = fields.next_number<std::int64_t>()).has_value();
  if (key == "memlock") return (info.bpf_memlock = fields.next_number<std::int64_t>()).has_value();
  return true;
}

}  // namespace

std::string_view to_string(FdKind kind) {
  static constexpr std::array<std::string_view, kFdKindCount> kWords = {"file", "socket", "pipe",   "event",
                                                                        "bpf",  "memfd",  "device", "other"};
  return kWords[static_cast<std::size_t>(kind)];
}

FdKind fd_kind(std::string_view target) {
  constexpr std::string_view kAnonInode = "anon_inode:";
  if (target.starts_with("socket:[")) return FdKind::kSocket;
  if (target.starts_with("pipe:[")) return FdKind::kPipe;
  if (target.starts_with(kAnonInode)) return anon_inode_kind(target.substr(kAnonInode.size()));
  if (target.starts_with("/memfd:")) return FdKind::kMemfd;
  if (target.starts_with("/dev/shm/")) return target.ends_with(" (deleted)") ? FdKind::kMemfd : FdKind::kFile;
  if (target.starts_with("/dev/")) return FdKind::kDevice;
  return target.starts_with('/') ? FdKind::kFile : FdKind::kOther;
}

bool is_inotify(std::string_view target) { return target == "anon_inode:inotify" || target == "anon_inode:[inotify]"; }

Result<FdInfo> parse_fdinfo(std::string_view text) {
  constexpr const char* kWhere = "/proc/PID/fdinfo";
  FdInfo info;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      return std::unexpected(Error{Error::Kind::kTruncated, kWhere, lines.number(), "ends within a line", {}});
    }
    if (line->starts_with("inotify wd:")) {
      ++info.inotify_watches;
      continue;
    }
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos) continue;
    if (!read_field(info, line->substr(0, colon), line->substr(colon + 1))) {
      return malformed(kWhere, lines.number(), fmt::format("want '<name>: <number>', got '{}'", *line));
    }
  }
  return info;
}

}  // namespace leakscope::sources::process
