#pragma once

#include "base/error.h"
#include "model/kernel_symbols.h"
#include "report/document.h"
#include "session/trace_kernel.h"

namespace leakscope::session {

/// The same by a private tracefs instance, for where BPF is not to be had: every event is read and matched here, which
/// costs more. Fills what the trace tells; the host is the caller's.
[[nodiscard]] Result<> trace_by_instance(const KernelTraceOptions& options, const model::KernelSymbols& symbols,
                                         const StopFlag& stop, const KernelTraceCallback& progress,
                                         report::Document& document);

}  // namespace leakscope::session
