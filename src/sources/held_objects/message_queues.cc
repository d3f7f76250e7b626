#include "sources/held_objects/message_queues.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "base/text_cursor.h"

namespace leakscope::sources::held_objects {
namespace {

constexpr std::string_view kWhere = "/proc/sysvipc/msg";
constexpr std::size_t kColumns = 16;

struct Columns {
  std::size_t id = kColumns, payload = kColumns, messages = kColumns, sender = kColumns, creator = kColumns,
              sent = kColumns;
  [[nodiscard]] bool complete() const { return std::max({id, payload, messages, sender, creator, sent}) < kColumns; }
};

Columns find_columns(std::string_view header) {
  Columns columns;
  FieldCursor names(header);
  for (std::size_t i = 0; i < kColumns; ++i) {
    const auto name = names.next();
    if (!name) break;
    if (*name == "msqid") columns.id = i;
    if (*name == "cbytes") columns.payload = i;
    if (*name == "qnum") columns.messages = i;
    if (*name == "lspid") columns.sender = i;
    if (*name == "cuid") columns.creator = i;
    if (*name == "stime") columns.sent = i;
  }
  return columns;
}

std::optional<MessageQueue> parse_row(std::string_view line, const Columns& columns) {
  std::array<std::string_view, kColumns> values{};
  FieldCursor fields(line);
  for (std::string_view& value : values) value = fields.next().value_or(std::string_view{});
  const auto number = [&values](std::size_t column) { return parse_number<std::int64_t>(values[column]); };
  const auto id = number(columns.id);
  const auto payload = number(columns.payload);
  const auto messages = number(columns.messages);
  const auto sender = parse_number<std::int32_t>(values[columns.sender]);
  const auto creator = parse_number<std::uint32_t>(values[columns.creator]);
  const auto sent = number(columns.sent);
  if (!id || !payload || !messages || !sender || !creator || !sent) return std::nullopt;
  if (*payload < 0 || *messages < 0 || *sender < 0) return std::nullopt;
  return MessageQueue{*id, *payload, *messages, Pid{*sender}, *creator, *sent};
}

/// What kmalloc gives for `size`: powers of two from 8, with 96 and 192 between; whole pages above 8 KiB are powers of
/// two as well (mm/slab_common.c kmalloc_info).
std::int64_t kmalloc_size(std::int64_t size) {
  if (size > 64 && size <= 96) return 96;
  if (size > 128 && size <= 192) return 192;
  std::int64_t rounded = 8;
  while (rounded < size) rounded *= 2;
  return rounded;
}

}  // namespace

Result<std::vector<MessageQueue>> parse_message_queues(std::string_view text) {
  std::vector<MessageQueue> queues;
  LineCursor lines(text);
  const auto header = lines.next();
  if (!header) return queues;
  const Columns columns = find_columns(*header);
  if (!columns.complete()) {
    return malformed(std::string(kWhere), 1, "want columns msqid, cbytes, qnum, lspid, cuid and stime");
  }
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      return std::unexpected(
          Error{Error::Kind::kTruncated, std::string(kWhere), lines.number(), "ends in the middle of a line", {}});
    }
    const auto queue = parse_row(*line, columns);
    if (!queue) return malformed(std::string(kWhere), lines.number(), "want numbers in all columns");
    if (queue->messages > 0) queues.push_back(*queue);
  }
  return queues;
}

std::int64_t kernel_bytes(const MessageQueue& queue, PageSize page) {
  constexpr std::int64_t kMessageHeader = 48;  // struct msg_msg
  constexpr std::int64_t kSegmentHeader = 8;   // struct msg_msgseg
  if (queue.messages <= 0) return 0;
  std::int64_t rest = queue.payload / queue.messages;
  const std::int64_t first = std::min(rest, page.bytes - kMessageHeader);
  std::int64_t each = kmalloc_size(kMessageHeader + first);
  rest -= first;
  const std::int64_t segment = page.bytes - kSegmentHeader;
  const std::int64_t last = rest % segment;
  if (last > 0) each += kmalloc_size(kSegmentHeader + last);
  const auto full = checked_mul(rest / segment, page.bytes);
  const auto one = full ? checked_add(each, *full) : std::nullopt;
  const auto all = one ? checked_mul(*one, queue.messages) : std::nullopt;
  return all.value_or(std::numeric_limits<std::int64_t>::max());
}

}  // namespace leakscope::sources::held_objects
