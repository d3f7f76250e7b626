#pragma once

#include "base/error.h"
#include "cli/command.h"
#include "session/site_document.h"

namespace leakscope::cli {

// Rows that every command which shows a profile has among its flags.
inline constexpr Flag kProfileFormatFlag{
    .name = "--format",
    .value = "FORMAT",
    .help =
        "text, or a call tree, for people; json, csv for scripts; folded stacks, a flame graph (svg), pprof for "
        "other tools; profile: a file that `show` and `diff` open",
    .fallback = "text",
    .words = "text|tree|json|csv|folded|svg|pprof|profile"};
inline constexpr Flag kCacheFlag{.name = "--cache",
                                 .value = "NAME",
                                 .help = "only this slab cache; '*' and '?' stand for any text and any character",
                                 .fallback = {},
                                 .words = {}};
inline constexpr Flag kSizeFlag{.name = "--size",
                                .value = "MIN-MAX",
                                .help = "only objects of these sizes (512, 1K-4K, 8K-)",
                                .fallback = {},
                                .words = {}};
inline constexpr Flag kProcessFlag{.name = "--process",
                                   .value = "NAME|PID",
                                   .help = "only what was allocated while this process ran",
                                   .fallback = {},
                                   .words = {}};
inline constexpr Flag kFunctionFlag{
    .name = "--function", .value = "NAME", .help = "only stacks with this function", .fallback = {}, .words = {}};
inline constexpr Flag kModuleFlag{.name = "--module",
                                  .value = "NAME",
                                  .help = "only stacks with this module; 'kernel' is the kernel itself",
                                  .fallback = {},
                                  .words = {}};
inline constexpr Flag kGroupFlag{.name = "--group",
                                 .value = "BY",
                                 .help = "put sites together, in a table before them",
                                 .fallback = "site",
                                 .words = "site|function|module|cache|process"};

/// What these say.
[[nodiscard]] Result<session::ProfileView> profile_view(const Arguments& arguments);

}  // namespace leakscope::cli
