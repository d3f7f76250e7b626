#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "sources/parse_faults.h"

namespace leakscope::sources::procfs {

/// Time that tasks lost waiting for one resource, since boot.
struct Pressure {
  std::optional<Nanoseconds> some;  ///< some task waited
  std::optional<Nanoseconds> full;  ///< all tasks waited; not printed for the CPU until 5.13
  ParseFaults faults;
};

/// Parses /proc/pressure/memory, io or cpu (kernel/sched/psi.c, psi_show(); 4.20 and newer; captured on 6.18, others by
/// the source):
///
///   some avg10=0.00 avg60=0.00 avg300=0.05 total=7197464
///
/// total is in microseconds. A line that cannot be read or was cut is a fault; none at all is an error.
[[nodiscard]] Result<> parse_pressure(std::string_view text, Pressure& into);

}  // namespace leakscope::sources::procfs
