#include "sources/kernel_log/kmsg_record.h"

#include <limits>
#include <optional>

#include "base/text_cursor.h"

namespace leakscope::sources::kernel_log {
namespace {

constexpr std::string_view kWhere = "/dev/kmsg";
constexpr std::string_view kWanted = "want 'priority,sequence,microseconds,flags;text'";

/// Takes what stands before the next comma; nothing when there is none.
std::optional<std::string_view> take_field(std::string_view& rest) {
  const std::size_t comma = rest.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view field = rest.substr(0, comma);
  rest.remove_prefix(comma + 1);
  return field;
}

template <class T>
std::optional<T> take_number(std::string_view& rest) {
  const auto field = take_field(rest);
  if (!field) return std::nullopt;
  return parse_number<T>(*field);
}

}  // namespace

Result<KmsgRecord> parse_kmsg_record(std::string_view record) {
  const auto bad = [] { return fail(Error::Kind::kMalformed, std::string(kWhere), std::string(kWanted)); };
  const std::size_t semicolon = record.find(';');
  if (semicolon == std::string_view::npos) return bad();
  std::string_view header = record.substr(0, semicolon);

  const auto priority = take_number<std::uint32_t>(header);
  const auto sequence = take_number<std::uint64_t>(header);
  const auto microseconds = take_number<std::uint64_t>(header);
  if (!priority || !sequence || !microseconds || header.empty()) return bad();
  // Nanoseconds of the record must fit 64 bits: 292 years of uptime.
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max() / 1000;
  if (*microseconds > kMost) return bad();

  const std::string_view body = record.substr(semicolon + 1);
  const std::size_t end = body.find('\n');
  KmsgRecord parsed;
  parsed.facility = *priority >> 3U;
  parsed.level = *priority & 7U;
  parsed.sequence = *sequence;
  parsed.time = std::chrono::microseconds(static_cast<std::int64_t>(*microseconds));
  parsed.text = body.substr(0, end);
  if (end != std::string_view::npos) parsed.dictionary = body.substr(end + 1);
  return parsed;
}

std::string unescape_kmsg(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    if (text.starts_with("\\x") && text.size() >= 4) {
      if (const auto byte = parse_number<std::uint8_t>(text.substr(2, 2), 16)) {
        plain += static_cast<char>(*byte);
        text.remove_prefix(4);
        continue;
      }
    }
    plain += text.front();
    text.remove_prefix(1);
  }
  return plain;
}

}  // namespace leakscope::sources::kernel_log
