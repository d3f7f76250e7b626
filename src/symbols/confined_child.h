#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "base/error.h"

namespace leakscope::symbols {

struct ChildLimits {
  std::size_t memory = std::size_t{2} << 30U;  ///< bytes of address space, on top of what we have ourselves
  std::chrono::seconds processor_time{60};
  std::chrono::seconds time{120};  ///< by the clock
  std::size_t output = std::size_t{64} << 20U;
};

struct ChildOutput {
  std::string text;       ///< what it wrote, all or a part
  bool complete = false;  ///< it came to its end
  std::string why;        ///< why it did not: "killed by signal 11"
};

/// Calls `work` in a child process and gives what it wrote to the descriptor `out`. The child can do nothing else: it
/// has no capabilities, no user of privileges, no descriptor but `in` and `out`, and can neither open files, start
/// processes, nor get privileges; time and memory are limited. So a parser that hostile input took over, or that runs
/// wild, costs its result only. `work` gets the numbers that `in` and `out` have in the child; its memory is a copy of
/// ours. Under AddressSanitizer memory is not limited. Other threads of ours may run: `work` may allocate, but must not
/// wait for what they hold.
[[nodiscard]] Result<ChildOutput> run_confined(int in, const std::function<void(int in, int out)>& work,
                                               const ChildLimits& limits = {});

}  // namespace leakscope::symbols
