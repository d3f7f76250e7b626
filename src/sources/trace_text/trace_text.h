#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sources/kmem_stream.h"

namespace leakscope::sources::trace_text {

/// Reads the text of tracefs (`cat trace`, `cat trace_pipe`), of `trace-cmd report` and of `perf script`, which may be
/// a file or a pipe, line by line. `already_read` are bytes that somebody took from the beginning of a pipe. `name` is
/// for messages. Each kind of line is described where it is parsed: line_head.h, kmem_line.h, stack_line.h, remark.h.
///
/// Events come in the order of the lines; a time that goes back is taken for the time before. Places in code that have
/// no address get one of their own (place_table.h), which symbols() knows once the stream has ended. Where a stack has
/// the code that asked, the event's call_site is equal to that frame. Frames of user space are left out. Pages are
/// taken to be 4096 bytes: the text does not tell.
[[nodiscard]] Result<std::unique_ptr<KmemStream>> open_trace_text(UniqueFd file, std::string name,
                                                                  std::string_view already_read = {});

/// Whether a text that begins like this is one of these. Some KiB are enough; headers alone do not always tell.
[[nodiscard]] bool looks_like_trace_text(std::string_view beginning);

}  // namespace leakscope::sources::trace_text
