#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "symbols/confined_child.h"
#include "symbols/dwarf_lines.h"

namespace leakscope::symbols {

/// The lines of addresses of the kernel proper, in their order, from a vmlinux with debug information. Addresses are as
/// the file counts them (KernelDebug::slide taken off); of a return address give the one before, which is the call's.
/// The file is parsed by a child process that can do nothing else (run_confined()): when that dies, what it had found
/// until then is given, and the rest is not known. kUnsupported when this was built without libdw, kMalformed when the
/// child found nothing before it died.
[[nodiscard]] Result<std::vector<LineInfo>> kernel_lines(const std::string& vmlinux_path,
                                                         std::span<const std::uint64_t> addresses_without_slide,
                                                         const ChildLimits& limits = {});

/// What the child writes: a line "line file" for each address, "0 " where it is not known. As many as fit; the rest are
/// not known. Hostile, since the child may be.
[[nodiscard]] std::vector<LineInfo> parse_line_reply(std::string_view text, std::size_t count);

}  // namespace leakscope::symbols
