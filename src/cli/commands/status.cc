#include "session/status.h"

#include <array>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "cli/commands/rows.h"
#include "cli/interrupt.h"
#include "cli/live_flags.h"
#include "cli/output.h"

namespace leakscope::cli {
namespace {

constexpr auto kFlags = std::to_array<Flag>({
    {.name = "--pid",
     .value = "PID",
     .help = "one process: mappings, PSS, USS, descriptors, threads, heap",
     .fallback = {},
     .words = {}},
    {.name = "--cgroup",
     .value = "PATH",
     .help = "one cgroup: charges, limits up the tree, processes",
     .fallback = {},
     .words = {}},
    {.name = "--rows", .letter = 'n', .value = "N", .help = "rows of each table", .fallback = "10", .words = {}},
    kNoBpfFlag,
    kRootFlag,
});

constexpr auto kExamples = std::to_array<Example>({
    {"leakscope status", "the ledger of this machine, and the largest of each kind"},
    {"leakscope status --pid 812", "where the memory of process 812 is"},
    {"leakscope status --cgroup /system.slice/nginx.service", "what a service is charged for"},
});

Result<report::Document> status(const Arguments& arguments) {
  session::StatusOptions options;
  options.sources = live_sources(arguments);
  if (const auto rows = arguments.value("--rows")) {
    const auto number = parse_number<std::uint32_t>(*rows);
    if (!number || *number == 0)
      return fail(Error::Kind::kUsage, "leakscope status",
                  fmt::format("--rows wants a number above 0, got '{}'", *rows));
    options.rows = *number;
  }
  const auto pid = arguments.value("--pid");
  const auto cgroup = arguments.value("--cgroup");
  if (pid && cgroup) return fail(Error::Kind::kUsage, "leakscope status", "--pid and --cgroup exclude each other");
  if (pid) {
    const auto number = parse_number<std::int32_t>(*pid);
    if (!number || *number <= 0)
      return fail(Error::Kind::kUsage, "leakscope status", fmt::format("'{}' is no pid", *pid));
    return session::process_status(options, Pid{*number});
  }
  if (cgroup) return session::cgroup_status(options, *cgroup);
  auto stop = session::StopFlag::make();
  if (!stop) return std::unexpected(stop.error());
  const InterruptGuard guard(*stop);
  return session::machine_status(options, *stop);
}

Result<ExitCode> run(const Arguments& arguments) {
  if (auto writable = check_output(arguments); !writable) return std::unexpected(writable.error());
  const auto document = status(arguments);
  if (!document) return std::unexpected(document.error());
  if (auto written = write_document(arguments, *document); !written) return std::unexpected(written.error());
  return ExitCode::kNothingLeaks;
}

}  // namespace

Command status_command() {
  return {.name = "status",
          .summary = "where is every byte of RAM, now? A ledger that adds up",
          .description =
              "Reads the kernel's counters once and closes the books: every page that the kernel manages stands in one "
              "row, "
              "and what no counter explains is a row of its own. Below it the largest processes, groups, slab caches, "
              "cgroups, tmpfs mounts and vmalloc callers.",
          .positional = {},
          .flags = kFlags,
          .examples = kExamples,
          .exit_codes = "0; 2 error",
          .run = run};
}

}  // namespace leakscope::cli
