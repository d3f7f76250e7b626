#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::kernel_log {

/// One record of /dev/kmsg. Views point into the text that was parsed.
struct KmsgRecord {
  std::uint32_t facility = 0;  ///< 0: the kernel itself; all else was written by a program
  std::uint32_t level = 0;     ///< 0 (emergency) to 7 (debug)
  std::uint64_t sequence = 0;
  std::chrono::microseconds time{0};  ///< local_clock() since boot: stops in suspend, like CLOCK_MONOTONIC, but no NTP
  std::string_view text;              ///< the message, still escaped; see unescape_kmsg
  std::string_view dictionary;        ///< " KEY=VALUE" lines behind it; empty: none
};

/// Parses what one read() of /dev/kmsg gives: "prio,sequence,usec,flags[,more];text\n KEY=VALUE\n". Fields between
/// the flags and the semicolon are skipped (caller=T1 with CONFIG_PRINTK_CALLER). A record that was cut anywhere
/// before its text is malformed; a text without its newline is accepted.
///   "6,338,1338231,-;EXT4-fs (vda): mounted filesystem r/w without journal. Quota mode: none."
/// Kernel: kernel/printk/printk.c info_print_ext_header(), Documentation/ABI/testing/dev-kmsg. The same in 5.10, 6.1,
/// 6.12 and 6.18.
[[nodiscard]] Result<KmsgRecord> parse_kmsg_record(std::string_view record);

/// The text as it was logged: the kernel writes bytes below 32, above 126 and the backslash as \xNN
/// (printk.c append_char, msg_add_ext_text). What is no such escape stays as it is. The result is raw foreign bytes.
[[nodiscard]] std::string unescape_kmsg(std::string_view text);

}  // namespace leakscope::sources::kernel_log
