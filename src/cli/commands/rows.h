#pragma once

#include "cli/command.h"

namespace leakscope::cli {

[[nodiscard]] Command diagnose_command();
[[nodiscard]] Command status_command();
[[nodiscard]] Command record_command();
[[nodiscard]] Command show_command();
[[nodiscard]] Command doctor_command();
[[nodiscard]] Command diff_command();
[[nodiscard]] Command trace_command();

}  // namespace leakscope::cli
