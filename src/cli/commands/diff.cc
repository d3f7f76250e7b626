#include "session/diff.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "cli/commands/rows.h"
#include "cli/output.h"
#include "cli/values.h"
#include "session/saved_profile.h"

namespace leakscope::cli {
namespace {

constexpr auto kFlags = std::to_array<Flag>({
    {.name = "--at-least",
     .value = "SIZE",
     .help = "what memory must grow by to count: exit code 1",
     .fallback = "1MiB, or 0.1 % of the total if that is more",
     .words = {}},
    {.name = "--top", .letter = 'n', .value = "N", .help = "rows of each table", .fallback = "10", .words = {}},
    {.name = "--sort",
     .value = "ORDER",
     .help = "what comes first in the tables",
     .fallback = "growth",
     .words = "growth|shrinkage|size|name"},
    {.name = "--all",
     .value = {},
     .help = "everything that changed at all, each in a row",
     .fallback = {},
     .words = {}},
});

constexpr auto kExamples = std::to_array<Example>({
    {"leakscope diff night.lsr", "what grew between the first and the last moment of a recording"},
    {"leakscope diff night.lsr@02:00 night.lsr@06:00", "between two moments of it (UTC)"},
    {"leakscope diff night.lsr@+10m night.lsr@-5m", "10 min after its start, and 5 min before its end"},
    {"leakscope status --json -o before.json; make test; leakscope status --json -o after.json; "
     "leakscope diff before.json after.json --at-least 8MiB",
     "does a load cost memory? For scripts: exit code 1 when it does"},
    {"leakscope diff monday.lsr friday.lsr --json", "two recordings, the last moment of each"},
});

Result<session::DiffOptions> options_from(const Arguments& arguments) {
  using session::DiffSort;
  session::DiffOptions options;
  if (const auto text = arguments.value("--at-least")) {
    const auto size = parse_size(*text);
    if (!size) return std::unexpected(size.error());
    options.at_least = *size;
  }
  if (const auto text = arguments.value("--top")) {
    const auto rows = parse_number<std::uint32_t>(*text);
    if (!rows || *rows == 0) {
      return fail(Error::Kind::kUsage, "leakscope diff", fmt::format("--top wants a number above 0, got '{}'", *text));
    }
    options.rows = *rows;
  }
  const std::string sort = arguments.value("--sort").value_or("growth");
  options.sort = sort == "shrinkage" ? DiffSort::kShrinkage
                 : sort == "size"    ? DiffSort::kSize
                 : sort == "name"    ? DiffSort::kName
                                     : DiffSort::kGrowth;
  options.all = arguments.has("--all");
  return options;
}

/// Two saved profiles are compared site by site; all else moment by moment.
Result<report::Document> compare(const std::vector<std::string>& words, const session::DiffOptions& options) {
  using session::ProfileFile;
  const auto is_profile = [](const std::string& word) {
    return session::profile_file_of(word) == ProfileFile::kProfile;
  };
  if (std::ranges::none_of(words, is_profile)) return session::diff(words, options);
  if (words.size() != 2 || !std::ranges::all_of(words, is_profile)) {
    return fail(Error::Kind::kUsage, "leakscope diff", "a profile can be compared with a second profile only",
                "Make one of the same kind: leakscope trace kernel --format profile -o FILE");
  }
  const std::size_t rows = options.all ? std::numeric_limits<std::size_t>::max() : options.rows;
  return session::diff_profiles(words[0], words[1], options.at_least.value_or(Bytes(4096)), rows);
}

Result<ExitCode> run(const Arguments& arguments) {
  if (auto writable = check_output(arguments); !writable) return std::unexpected(writable.error());
  const auto options = options_from(arguments);
  if (!options) return std::unexpected(options.error());
  const auto document = compare(arguments.positionals(), *options);
  if (!document) return std::unexpected(document.error());
  if (auto written = write_document(arguments, *document); !written) return std::unexpected(written.error());
  if (!document->comparison || !document->comparison->grew) return ExitCode::kCannotTell;
  return *document->comparison->grew ? ExitCode::kLeak : ExitCode::kNothingLeaks;
}

}  // namespace

Command diff_command() {
  return {.name = "diff",
          .summary = "what grew between two moments, and by how much",
          .description =
              "Compares two recordings (the last moment of each), two moments of one (FILE@start, FILE@+10m, FILE@-5m, "
              "FILE@10:00, FILE@2026-11-20T10:00:00Z, FILE@end), folders, two documents of `leakscope status "
              "--json`, or two profiles of `leakscope trace kernel --format profile`: the ledger, processes, groups, "
              "slab caches, cgroups, vmalloc callers, tmpfs, holders, descriptors, "
              "threads. With one FILE: its first moment and its last. Two moments are no trend, so it never says that "
              "something leaks: `leakscope diagnose --from FILE` does.",
          .positional = "A[@TIME] [B[@TIME]]",
          .most_positionals = 2,
          .flags = kFlags,
          .examples = kExamples,
          .exit_codes = "0 nothing grew; 1 something grew; 2 error; 3 nothing could be compared",
          .run = run};
}

}  // namespace leakscope::cli
