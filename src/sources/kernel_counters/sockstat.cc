#include "sources/kernel_counters/sockstat.h"

#include <string>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::kernel_counters {
namespace {

// Puts the value where "PROTOCOL: key" belongs. What is not listed is skipped.
void store(Sockstat& out, std::string_view protocol, std::string_view key, std::int64_t value) {
  if (protocol == "sockets") {
    if (key == "used") out.sockets_used = value;
  } else if (protocol == "TCP") {
    if (key == "inuse") out.tcp_inuse = value;
    if (key == "orphan") out.tcp_orphan = value;
    if (key == "tw") out.tcp_tw = value;
    if (key == "alloc") out.tcp_alloc = value;
    if (key == "mem") out.tcp_mem = Pages{value};
  } else if (protocol == "UDP") {
    if (key == "inuse") out.udp_inuse = value;
    if (key == "mem") out.udp_mem = Pages{value};
  } else if (protocol == "RAW") {
    if (key == "inuse") out.raw_inuse = value;
  } else if (protocol == "FRAG") {
    if (key == "inuse") out.frag_inuse = value;
    if (key == "memory") out.frag_memory = Bytes(value);
  }
}

}  // namespace

Result<Sockstat> parse_sockstat(std::string_view text) {
  constexpr std::string_view kFile = "/proc/net/sockstat";
  Sockstat out;
  bool any = false;
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (lines.unterminated()) {
      Error error{Error::Kind::kTruncated, std::string(kFile), lines.number(), "ends within a line", {}};
      return std::unexpected(std::move(error));
    }
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view protocol = line->substr(0, colon);
    if (protocol.ends_with('6')) protocol.remove_suffix(1);
    FieldCursor fields(line->substr(colon + 1));
    while (const auto key = fields.next()) {
      const auto value = fields.next_number<std::int64_t>();
      if (!value) {
        return malformed(std::string(kFile), lines.number(), fmt::format("want '{} <number>'", *key));
      }
      any = true;
      store(out, protocol, *key, *value);
    }
  }
  if (!any) return malformed(std::string(kFile), 1, "want '<protocol>: inuse <number> ...'");
  return out;
}

}  // namespace leakscope::sources::kernel_counters
