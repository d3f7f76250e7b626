#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace leakscope::sources::kernel_log {

/// A line of a kernel log, whoever wrote it down, taken apart. Views point into the line or into the reader's buffer
/// and hold until its next read().
struct LogLine {
  std::optional<Nanoseconds> since_boot;  ///< local_clock(): what printk itself put before the message
  std::optional<WallTime> wall;           ///< as if it were UTC where `zone_known` is false
  bool zone_known = false;
  bool year_known = true;  ///< false: taken from when the file was written
  std::string_view host;   ///< empty: not written
  std::optional<std::uint32_t> facility;
  std::optional<std::uint32_t> level;
  std::string_view caller;   ///< "T123", "C0" (CONFIG_PRINTK_CALLER): who printed it; empty: not written
  std::string_view boot_id;  ///< of the journal; empty: not written
  bool from_kernel = true;   ///< false: some program wrote this line
  bool bare = false;         ///< nothing but a message: the rest of the line before it, or a log without any head
  std::string_view message;  ///< may hold newlines where the log had escaped them
};

/// Takes lines apart, one after the other:
///   "[10659.847065] Tasks state (memory values in pages):"              dmesg, also with [T123] behind the time
///   "kern  :info  : [10659.847065] Tasks state ..."                     dmesg -x
///   "[Di Aug 12 03:54:03 2025] Mem-Info:"                               dmesg -T, any locale's day names
///   "2025-08-12T03:54:03,123456+02:00 Mem-Info:"                        dmesg --time-format=iso
///   "Aug 12 03:54:03 db-17 kernel: Mem-Info:"                           journalctl -k, /var/log/messages, kern.log
///   "2025-08-12T03:54:03.123456+0200 db-17 kernel: [  12.345678] Mem-Info:"  journalctl -o short-iso, rsyslog
///   "<6>1 2025-08-12T03:54:03Z db-17 kernel - - - Mem-Info:"            RFC 5424
///   "1754970843.123456 db-17 kernel: ...", "[   12.345678] db-17 kernel: ...", "Tue 2025-08-12 03:54:03 CEST db-17
///   ..."
///   {"MESSAGE":"Mem-Info:","_HOSTNAME":"db-17","__REALTIME_TIMESTAMP":"..."}  journalctl -o json
///   "6,338,1338231,-;Mem-Info:"                                         /dev/kmsg
/// Colours, carriage returns and rsyslog's #012 are taken away. What is no head of a known form is message: no line is
/// refused.
class LogLineReader {
 public:
  /// `written`: when the log was last written, for dates without a year; without it these are not known.
  explicit LogLineReader(std::optional<WallTime> written = {}) : written_(written) {}

  [[nodiscard]] LogLine read(std::string_view line);

 private:
  void take_head(LogLine& out);
  void take_kernel_time(LogLine& out);
  void take_host_and_tag(LogLine& out);
  bool take_rfc5424(LogLine& out);
  bool take_kmsg(LogLine& out);
  bool take_date(LogLine& out) const;
  bool take_bracket(LogLine& out) const;

  std::optional<WallTime> written_;
  std::string clean_;      ///< the line without colours
  std::string unescaped_;  ///< the message without escapes
  std::string host_;       ///< of a line of the journal's JSON
  std::string boot_id_;
};

/// The text without the escape sequences that colour a terminal.
[[nodiscard]] std::string without_colours(std::string_view text);

}  // namespace leakscope::sources::kernel_log
