#pragma once

#include <string_view>

#include "base/error.h"
#include "model/kernel_symbols.h"

namespace leakscope::sources {

/// /proc/kallsyms, and the copies of it in trace.dat (option KALLSYMS) and perf.data:
///   ffffffff81000000 T _stext
///   ffffffffc0123000 t ext4_sync_file\t[ext4]
/// Only functions (t, T, w, W) are kept. kDenied when all addresses are 0, as the kernel shows them to those without
/// CAP_SYSLOG (kernel.kptr_restrict). `name` is for errors. Lines that are none are skipped; kMalformed when most are.
/// Source: kernel/kallsyms.c s_show(), 5.10 to 7.2.
[[nodiscard]] Result<model::KernelSymbols> parse_kallsyms(std::string_view text, std::string_view name);

}  // namespace leakscope::sources
