#include "session/instance_trace.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iterator>

#include "analysis/matching/matcher.h"
#include "session/matched_document.h"
#include "sources/trace_instance/trace_instance.h"

namespace leakscope::session {
namespace {

namespace trace_instance = sources::trace_instance;

void append(std::vector<std::string>& events, std::vector<std::string> more) {
  std::ranges::move(more, std::back_inserter(events));
}

trace_instance::TraceInstanceOptions instance_options(const KernelTraceOptions& options) {
  trace_instance::TraceInstanceOptions instance;
  instance.events = trace_instance::slab_events();
  if (options.trace.pages) append(instance.events, trace_instance::page_events());
  if (options.trace.percpu) append(instance.events, trace_instance::percpu_events());
  const long cpus = std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN));
  // What the ring buffers hold; the table of live objects is the smaller part of the other half.
  instance.buffer_bytes_per_cpu = static_cast<std::size_t>(options.max_memory.count() / 2 / cpus);
  instance.stacks = true;
  instance.length = options.length;
  instance.exclude_pid = Pid{::getpid()};
  return instance;
}

}  // namespace

Result<> trace_by_instance(const KernelTraceOptions& options, const model::KernelSymbols& symbols, const StopFlag& stop,
                           const KernelTraceCallback& progress, report::Document& document) {
  std::atomic<bool> over = false;
  trace_instance::TraceInstanceOptions instance = instance_options(options);
  instance.stop = &over;
  instance.symbols = &symbols;
  auto stream = trace_instance::open_trace_instance(std::move(instance));
  if (!stream) return std::unexpected(std::move(stream.error()));
  analysis::matching::Matcher matcher(matching_options(options.trace));
  const Nanoseconds started = SystemClock().now().monotonic;
  for (;;) {
    const auto events = (*stream)->next();
    if (!events) return std::unexpected(events.error());
    if (events->empty()) break;
    matcher.add(*events);
    if (stop.raised()) over = true;
    if (progress) progress({SystemClock().now().monotonic - started, options.length, 1, 0});
  }
  const auto root = RootedDir::open("/");
  IsReclaimable is_reclaimable =
      root ? reclaimable_here(*root, (*stream)->names()) : reclaimable_by_name((*stream)->names());
  put_matched(matcher.finish(), **stream, symbols, std::move(is_reclaimable), options.trace, "tracefs", document);
  return {};
}

}  // namespace leakscope::session
