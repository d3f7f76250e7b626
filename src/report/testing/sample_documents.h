#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/document.h"

namespace leakscope::report::testing {

/// Answers of the commands as values, for the goldens of every renderer. All figures are made.

/// `diagnose` on a machine whose kernel leaks kmalloc-4k: growing and harmless findings, events, coverage, losses.
[[nodiscard]] Document kernel_leak();
/// `diagnose` with a process that leaks descriptors and a cgroup near its limit: verdict leak.
[[nodiscard]] Document descriptor_leak();
/// `diagnose` where nothing grows.
[[nodiscard]] Document clean();
/// `diagnose` that has seen too little.
[[nodiscard]] Document insufficient();
/// `status`: a ledger that closes, and tables.
[[nodiscard]] Document status();
/// `status` whose rows overlap and whose total is far from them.
[[nodiscard]] Document overlapping_ledger();

/// `trace kernel` that found a module which does not free: sites in all states, from all allocators, with and without
/// names, files and ages.
[[nodiscard]] Document kernel_trace();

/// Every field of a Document set, and every string that may be foreign set to `text`.
[[nodiscard]] Document with_every_field(std::string_view text);

/// Names as an attacker or a broken program would choose them: escape sequences, invalid and overlong UTF-8, newlines,
/// quotes, direction marks, formulas, very long ones.
[[nodiscard]] std::vector<std::string> hostile_texts();

}  // namespace leakscope::report::testing
