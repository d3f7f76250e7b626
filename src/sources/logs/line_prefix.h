#pragma once

#include <optional>
#include <string_view>

#include "sources/log_format.h"

namespace leakscope::sources::logs {

/// What a log daemon, or `ts`, wrote before a line.
struct LinePrefix {
  LogTime time;
  std::string_view host;     ///< empty: none
  std::string_view program;  ///< "kernel", "cron"; empty: none
  std::string_view message;  ///< what is left of the line
};

///   Nov 20 12:00:01 host prog[812]: message          syslog, journalctl
///   2026-11-20T12:00:01.123456+00:00 host prog: m    rsyslog's ISO form, journalctl -o short-iso(-precise)
///   <6>Nov 20 12:00:01 host prog: message            with a priority
///   <30>1 2026-11-20T12:00:01Z host prog 812 - - m   RFC 5424
///   Nov 20 12:00:01 message                          moreutils ts; also 2026-11-20 12:00:01 message
/// Nothing when the line does not begin with a time.
[[nodiscard]] std::optional<LinePrefix> parse_prefix(std::string_view line, int guessed_year);

}  // namespace leakscope::sources::logs
