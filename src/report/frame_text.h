#pragma once

#include <optional>
#include <string>

#include "base/process_id.h"
#include "model/profile.h"

namespace leakscope::report {

/// How frames and sites are called, the same in every output. All names are raw foreign bytes.

/// "seq_open"; where no name is known its address "0xffffffff81234567", or "[unknown]".
[[nodiscard]] std::string function_of(const model::Frame& frame);
/// "nf_tables"; "[kernel]" for a named function of the kernel itself; empty where it is not known.
[[nodiscard]] std::string module_of(const model::Frame& frame);
/// The function with its module, where that is not the kernel: "nft_add_set [nf_tables]".
[[nodiscard]] std::string label_of(const model::Frame& frame);
/// The same with the offset: "seq_open+0x2a", "nft_add_set+0x1f3 [nf_tables]".
[[nodiscard]] std::string place_of(const model::Frame& frame);
/// "fs/seq_file.c:573", "fs/seq_file.c"; empty where no file is known.
[[nodiscard]] std::string line_of(const model::Frame& frame);

/// The code that called the allocator: the label of the site's innermost frame.
[[nodiscard]] std::string caller_of(const model::Site& site);
/// What its memory was taken from: "kmalloc-4k", or where no cache is known the allocator: "pages".
[[nodiscard]] std::string taken_from(const model::Site& site);
/// The process of a site that has just one; nothing when there are several or none is known.
[[nodiscard]] std::optional<Pid> only_process(const model::Site& site);

}  // namespace leakscope::report
