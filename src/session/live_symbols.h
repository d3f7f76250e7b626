#pragma once

#include "base/error.h"
#include "base/rooted_dir.h"
#include "model/kernel_symbols.h"

namespace leakscope::session {

/// The functions of the running kernel and of its modules, from proc/kallsyms. kDenied where the kernel hides their
/// addresses.
[[nodiscard]] Result<model::KernelSymbols> read_kernel_symbols(const RootedDir& root);

}  // namespace leakscope::session
