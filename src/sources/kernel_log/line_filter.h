#pragma once

#include <string_view>

namespace leakscope::sources::kernel_log {

/// Whether a line of a log can be about memory at all: a sieve for logs of gigabytes, in front of all that looks
/// closer. It lets every line pass that classify_memory_message() knows, that begins an OOM report, or that tells of a
/// boot ("Linux version") or of lines that were left out ("callbacks suppressed", "printk messages dropped"), and a few
/// of the others. Looks for four-byte pieces of their phrases, 16 places at a time.
[[nodiscard]] bool may_speak_of_memory(std::string_view line);

}  // namespace leakscope::sources::kernel_log
