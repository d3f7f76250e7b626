#pragma once

#include "cli/command.h"
#include "session/source_set.h"

namespace leakscope::cli {

// Rows that every command which reads the live machine, or a tree in its place, has among its flags.
inline constexpr Flag kNoBpfFlag{.name = "--no-bpf",
                                 .value = {},
                                 .help = "read processes from /proc even where BPF may load",
                                 .fallback = {},
                                 .words = {}};
inline constexpr Flag kRootFlag{
    .name = "--root", .value = "DIR", .help = "the folder that holds proc/ and sys/", .fallback = "/", .words = {}};

/// What these two say.
[[nodiscard]] inline session::SourceOptions live_sources(const Arguments& arguments) {
  return {.root = arguments.value(kRootFlag.name).value_or("/"), .use_bpf = !arguments.has(kNoBpfFlag.name)};
}

}  // namespace leakscope::cli
