#include "session/show.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/printable.h"
#include "cli/commands/rows.h"
#include "cli/output.h"
#include "cli/profile_flags.h"
#include "session/saved_profile.h"
#include "session/trace_file.h"

namespace leakscope::cli {
namespace {

constexpr auto kFlags = std::to_array<Flag>({
    {.name = "--format",
     .value = "FORMAT",
     .help = "of a recording: text or json, what it holds; csv or ndjson, every reading as a line (docs/recording.md); "
             "of a profile or trace: text, tree, json, csv, folded, svg, pprof, profile",
     .fallback = "text",
     .words = "text|json|csv|ndjson|tree|folded|svg|pprof|profile"},
    kCacheFlag,
    kSizeFlag,
    kProcessFlag,
    kFunctionFlag,
    kModuleFlag,
    kGroupFlag,
});

constexpr auto kExamples = std::to_array<Example>({
    {"leakscope show night.lsr", "which machine, which sessions, how much of what, what is lost"},
    {"leakscope show night.lsr --format csv -o night.csv", "every reading, for a database or a spreadsheet"},
    {"leakscope show kernel.lsp --group module", "a saved profile of call sites, put together by module"},
    {"leakscope show trace.dat --format svg -o kernel.svg", "what a recorded trace holds, as a flame graph"},
    {"leakscope show night.lsr --format ndjson | jq -c 'select(.subject.name == \"nginx\")'", "one program's readings"},
});

std::optional<session::ExportFormat> export_format(const Arguments& arguments) {
  const std::string format = arguments.has("--json") ? "json" : arguments.value("--format").value_or("text");
  if (format == "csv") return session::ExportFormat::kCsv;
  if (format == "ndjson") return session::ExportFormat::kNdjson;
  return std::nullopt;
}

Result<> write_export(const Arguments& arguments, const std::string& path, session::ExportFormat format) {
  auto output = TextOutput::open(arguments);
  if (!output) return std::unexpected(std::move(output.error()));
  const auto losses =
      session::export_recording(path, format, [&](std::string_view text) { return output->write(text); });
  // `| head` has seen enough.
  if (output->reader_is_gone()) return {};
  if (!losses) return std::unexpected(losses.error());
  if (arguments.has("--quiet")) return {};
  for (const model::Loss& loss : *losses) {
    const std::string text = fmt::format("not in it: {} {}\n", loss.count, printable(loss.what));
    if (auto said = write_all(STDERR_FILENO, text, "standard error"); !said) return said;
  }
  return {};
}

/// What the kernel itself has recorded of allocations, to be shown by its word: still to come.
struct Coming {
  std::string_view word;
  std::string_view meanwhile;
};

constexpr auto kComing = std::to_array<Coming>({
    {"page_owner", "Until then: add page_owner=on to the boot line, and read /sys/kernel/debug/page_owner"},
    {"kmemleak", "Until then: read /sys/kernel/debug/kmemleak, if the kernel has CONFIG_DEBUG_KMEMLEAK"},
    {"allocinfo", "Until then: read /proc/allocinfo, if the kernel has CONFIG_MEM_ALLOC_PROFILING"},
});

/// A file of that name is shown as any other.
Result<> check_present(const std::string& path) {
  const auto coming = std::ranges::find(kComing, path, &Coming::word);
  if (coming == kComing.end() || ::access(path.c_str(), F_OK) == 0) return {};
  return fail(Error::Kind::kUsage, fmt::format("leakscope show {}", path), "not in this version yet",
              std::string(coming->meanwhile));
}

/// A profile, or a trace matched into one, is shown and not judged.
Result<report::Document> profile_document(const Arguments& arguments, const std::string& path,
                                          session::ProfileFile file) {
  const auto view = profile_view(arguments);
  if (!view) return std::unexpected(view.error());
  if (file == session::ProfileFile::kProfile) return session::show_profile(path, *view);
  session::TraceOptions options;
  options.view = *view;
  options.pages = true;
  options.percpu = true;
  auto document = session::trace_file(path, options);
  if (document) document->command = "show";
  return document;
}

Result<> check_flags_of_recording(const Arguments& arguments) {
  constexpr std::string_view kOfRecordings = "text json csv ndjson";
  const std::string format = arguments.value("--format").value_or("text");
  if (kOfRecordings.find(format) == std::string_view::npos) {
    return fail(Error::Kind::kUsage, "leakscope show",
                fmt::format("--format {} is for profiles and traces, and this is neither", format));
  }
  for (const Flag& flag : {kCacheFlag, kSizeFlag, kProcessFlag, kFunctionFlag, kModuleFlag, kGroupFlag}) {
    if (arguments.has(flag.name))
      return fail(Error::Kind::kUsage, "leakscope show",
                  fmt::format("{} is for profiles and traces, and this is neither", flag.name));
  }
  return {};
}

Result<ExitCode> run(const Arguments& arguments) {
  if (arguments.positionals().empty()) {
    return fail(Error::Kind::kUsage, "leakscope show", "wants a recording", "See: leakscope show --help");
  }
  if (auto writable = check_output(arguments); !writable) return std::unexpected(writable.error());
  const std::string& path = arguments.positionals().front();
  if (auto present = check_present(path); !present) return std::unexpected(present.error());
  if (const auto file = session::profile_file_of(path); file != session::ProfileFile::kNone) {
    const auto document = profile_document(arguments, path, file);
    if (!document) return std::unexpected(document.error());
    if (auto written = write_document(arguments, *document); !written) return std::unexpected(written.error());
    return ExitCode::kNothingLeaks;
  }
  if (auto fits = check_flags_of_recording(arguments); !fits) return std::unexpected(fits.error());
  if (const auto format = export_format(arguments)) {
    if (auto written = write_export(arguments, path, *format); !written) return std::unexpected(written.error());
    return ExitCode::kNothingLeaks;
  }
  const auto document = session::show_recording(path);
  if (!document) return std::unexpected(document.error());
  if (auto written = write_document(arguments, *document); !written) return std::unexpected(written.error());
  return ExitCode::kNothingLeaks;
}

}  // namespace

Command show_command() {
  return {
      .name = "show",
      .summary = "what a recording, a saved profile or a recorded trace holds",
      .description =
          "Says of a recording which machine it is of, its sessions, how many subjects of which kind were observed, "
          "which events happened, what the recorder could not see and what is lost. With --format csv or ndjson it "
          "writes every reading as a line instead, without holding the recording in memory. '-' is standard input. Of "
          "a "
          "profile (`leakscope trace kernel --format profile`) and of a trace of kernel allocations (trace.dat, "
          "perf.data, text) it shows the call sites with what they hold.",
      .positional = "FILE",
      .most_positionals = 1,
      .flags = kFlags,
      .examples = kExamples,
      .exit_codes = "0; 2 error",
      .run = run};
}

}  // namespace leakscope::cli
