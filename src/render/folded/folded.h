#pragma once

#include <string>

#include "base/error.h"
#include "report/document.h"

namespace leakscope::render::folded {

/// The sites of the profile as folded stacks, for flamegraph.pl, inferno, speedscope and alike: a line for each site,
/// outermost function first, and the bytes that it holds:
///
///   entry_SYSCALL_64_after_hwframe_[k];do_syscall_64_[k];acct_ioctl_[nf_acct_ng] 41733324
///
/// A function of the kernel itself is marked "_[k]", as stackcollapse-perf.pl --kernel does and flamegraph.pl's
/// palettes know, one of a module or file by its name. What holds nothing is left out. Names are escaped by
/// printable(); blanks in them become '_' and semicolons ':', since these two separate. kUsage when the document has no
/// profile.
[[nodiscard]] Result<std::string> to_folded(const report::Document& document);

}  // namespace leakscope::render::folded
