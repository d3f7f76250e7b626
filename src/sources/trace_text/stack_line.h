#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace leakscope::sources::trace_text {

/// A place in code as text tells it: an address, or a function with an offset, or both.
struct CodePlace {
  std::uint64_t address = 0;  ///< 0: not told
  std::string_view function;  ///< empty: not told
  std::uint64_t offset = 0;
  bool has_offset = false;
  std::string_view module;    ///< empty: the kernel itself, or not told
  bool module_known = false;  ///< false: a text that never tells modules
};

/// "seq_open+0x2a/0x60", "p9_tag_alloc+0x48/0x260 [9pnet]", "seq_open+0x2a", "seq_open", "0xffffffff8132aa11",
/// "ffffffff8132aa11". Nothing when it is empty or has bytes that no such text has.
[[nodiscard]] std::optional<CodePlace> parse_code_place(std::string_view text);

/// One frame of a call stack, on a line of its own:
///   tracefs    " => __fput+0x141/0x2a0", " => __fput", " => __fput <ffffffff816d8b21>", " => p9_tag_alloc [9pnet]"
///   trace-cmd  "=> getname_flags.part.0 (ffffffff9b575b8b)"
///   perf       "\tffffffff8164efd5 __kmalloc_node+0x215 ([kernel.kallsyms])", "\t   146f2c [unknown] (/usr/bin/perf)"
struct StackLine {
  CodePlace place;
  bool of_user_space = false;
};
[[nodiscard]] std::optional<StackLine> parse_stack_line(std::string_view line);

}  // namespace leakscope::sources::trace_text
