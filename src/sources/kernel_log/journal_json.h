#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace leakscope::sources::kernel_log {

/// What matters of one line of `journalctl -o json`.
struct JournalRecord {
  std::string message;  ///< raw bytes
  std::string host;     ///< _HOSTNAME
  std::string boot_id;  ///< _BOOT_ID
  std::optional<std::uint32_t> level;
  std::optional<Nanoseconds> since_boot;  ///< _SOURCE_MONOTONIC_TIMESTAMP: local_clock(), as printk wrote it
  std::optional<WallTime> wall;           ///< __REALTIME_TIMESTAMP
  bool from_kernel = true;                ///< _TRANSPORT is "kernel", or is not given
};

/// One object on one line, its values strings, numbers, null, or arrays of bytes (what is not UTF-8 is written so):
///   {"__REALTIME_TIMESTAMP":"1754970843123456","_HOSTNAME":"db-17","_TRANSPORT":"kernel","PRIORITY":"6",
///    "_SOURCE_MONOTONIC_TIMESTAMP":"12345678","MESSAGE":"Mem-Info:"}
/// Unknown fields are skipped; of a field given twice the first counts. Format: systemd, journal-export-formats.
[[nodiscard]] Result<JournalRecord> parse_journal_json(std::string_view line);

}  // namespace leakscope::sources::kernel_log
