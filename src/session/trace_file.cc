#include "session/trace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "analysis/matching/matcher.h"
#include "session/live_symbols.h"
#include "session/matched_document.h"
#include "session/standard_input.h"
#include "sources/kmem_stream.h"
#include "sources/perf_data/perf_data.h"
#include "sources/procfs/host.h"
#include "sources/trace_dat/trace_dat.h"
#include "sources/trace_text/trace_text.h"

namespace leakscope::session {
namespace {

using State = model::Coverage::State;
using Stream = std::unique_ptr<sources::KmemStream>;

/// Enough to tell a format by: text traces may begin with a page of comments.
constexpr std::size_t kBeginning = 16384;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

Result<UniqueFd> open_input(const std::string& path) {
  if (path == "-") return standard_input();
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, path, "open"));
  struct stat status{};
  if (::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode))
    return fail(Error::Kind::kUsage, path, "is a directory", "Name a trace: trace.dat, perf.data, or a text");
  return fd;
}

/// What stands at the beginning. A file is read at its start and keeps its place; a pipe gives it up.
Result<std::string> read_beginning(int fd, const std::string& name, bool& is_pipe) {
  std::string text(kBeginning, '\0');
  std::size_t have = 0;
  is_pipe = ::lseek(fd, 0, SEEK_CUR) < 0;
  while (have < text.size()) {
    char* to = text.data() + have;
    const ssize_t got =
        is_pipe ? ::read(fd, to, text.size() - have) : ::pread(fd, to, text.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(error_from_errno(errno, name, "read"));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return text;
}

Result<Stream> open_stream(const std::string& path) {
  auto fd = open_input(path);
  if (!fd) return std::unexpected(std::move(fd.error()));
  const std::string name = path == "-" ? std::string(kStandardInput) : path;
  bool is_pipe = false;
  auto beginning = read_beginning(fd->get(), name, is_pipe);
  if (!beginning) return std::unexpected(std::move(beginning.error()));
  const auto bytes = bytes_of(*beginning);
  std::string taken = is_pipe ? *beginning : std::string{};
  if (sources::trace_dat::is_trace_dat(bytes)) {
    if (is_pipe)
      return fail(Error::Kind::kUsage, name,
                  "a trace.dat cannot be read from a pipe: its parts are found by their place",
                  "Write it to a file, and name that");
    return sources::trace_dat::open_trace_dat(std::move(*fd), name);
  }
  if (sources::perf_data::is_perf_data(bytes))
    return sources::perf_data::open_perf_data(std::move(*fd), name, std::move(taken));
  if (sources::trace_text::looks_like_trace_text(*beginning))
    return sources::trace_text::open_trace_text(std::move(*fd), name, std::move(taken));
  return fail(Error::Kind::kMalformed, name, "is no trace that is known here",
              "Wanted: trace.dat (trace-cmd), perf.data (perf record -e 'kmem:*'), or the text of trace_pipe, "
              "`trace-cmd report` or `perf script`");
}

/// Whether the trace is of the kernel that runs now, so that its addresses have the same names: KASLR moves them at
/// each boot.
bool is_of_this_boot(const sources::TraceFacts& facts, const model::Host& here) {
  if (facts.host.kernel_release.empty() || facts.host.kernel_release != here.kernel_release) return false;
  if (!facts.host.hostname.empty() && facts.host.hostname != here.hostname) return false;
  if (!facts.start) return true;
  const Moment now = SystemClock().now();
  return facts.start->since_epoch > now.wall.since_epoch - now.boot.since_boot;
}

/// Names for addresses that the trace itself does not bring along.
model::KernelSymbols symbols_from_here(const sources::TraceFacts& facts, std::vector<model::Coverage>& coverage) {
  const auto root = RootedDir::open("/");
  const std::string advice = "Record with trace-cmd, which keeps the symbols, or show it before the next reboot there";
  if (!root || !is_of_this_boot(facts, sources::procfs::read_host(*root).host)) {
    coverage.push_back({"kernel symbols", State::kAbsent,
                        "the trace has none, and it is not of the kernel that runs here: call sites are addresses",
                        advice});
    return {};
  }
  auto symbols = read_kernel_symbols(*root);
  if (symbols) return std::move(*symbols);
  coverage.push_back(model::coverage_from_error("kernel symbols", symbols.error()));
  return {};
}

}  // namespace

bool looks_like_trace(std::string_view beginning) {
  const auto bytes = bytes_of(beginning);
  return sources::trace_dat::is_trace_dat(bytes) || sources::perf_data::is_perf_data(bytes) ||
         sources::trace_text::looks_like_trace_text(beginning);
}

Result<report::Document> trace_file(const std::string& path, const TraceOptions& options) {
  auto opened = open_stream(path);
  if (!opened) return std::unexpected(std::move(opened.error()));
  sources::KmemStream& stream = **opened;
  analysis::matching::Matcher matcher(matching_options(options));
  for (;;) {
    const auto events = stream.next();
    if (!events) return std::unexpected(events.error());
    if (events->empty()) break;
    matcher.add(*events);
  }
  const sources::TraceFacts& facts = stream.facts();
  if (facts.kmem_events == 0) {
    return fail(Error::Kind::kMalformed, path,
                fmt::format("no allocation event among the {} events of this trace", facts.events_read),
                "Record them: trace-cmd record -e kmem -T, or perf record -a -g -e 'kmem:*'");
  }
  report::Document document;
  document.command = "trace";
  document.host = facts.host;
  const bool has_symbols = stream.symbols().size() > 0;
  const model::KernelSymbols from_here =
      has_symbols ? model::KernelSymbols{} : symbols_from_here(facts, document.coverage);
  put_matched(matcher.finish(), stream, has_symbols ? stream.symbols() : from_here, reclaimable_by_name(stream.names()),
              options, path, document);
  return document;
}

}  // namespace leakscope::session
