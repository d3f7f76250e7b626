#include "sources/trace_instance/trace_instance.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/event_format.h"
#include "sources/ring_buffer_page.h"
#include "sources/ring_records.h"
#include "sources/trace_instance/instance.h"
#include "sources/trace_instance/instance_stream.h"

namespace leakscope::sources::trace_instance {
namespace {

/// Events whose absence says nothing: merged into kmalloc and kmem_cache_alloc in 6.1.
bool is_gone_by_now(std::string_view event) { return event.ends_with("_node"); }

TraceMachine this_machine(std::size_t long_size) {
  const long cpus = ::sysconf(_SC_NPROCESSORS_CONF);
  return {.order = std::endian::native == std::endian::big ? ByteOrder::kBig : ByteOrder::kLittle,
          .long_size = long_size,
          .page_size = page_size_of_this_machine(),
          .cpus = cpus > 0 ? static_cast<std::uint32_t>(cpus) : 1};
}

Result<> set_up(const Instance& instance, const TraceInstanceOptions& options) {
  // "mono" can be set beside what else is measured; without it the clock that all CPUs share.
  if (!instance.write("trace_clock", "mono")) {
    if (auto global = instance.write("trace_clock", "global"); !global) return global;
  }
  const std::size_t kib = std::max<std::size_t>(options.buffer_bytes_per_cpu / 1024, 8);
  if (auto size = instance.write("buffer_size_kb", fmt::format("{}", kib)); !size) return size;
  return instance.write("options/stacktrace", options.stacks ? "1" : "0");
}

/// Descriptions of the events that are there; others become coverage.
Result<std::vector<std::string>> describe(const Instance& instance, const TraceInstanceOptions& options,
                                          RingRecords& records, std::vector<model::Coverage>& coverage) {
  std::vector<std::string> found;
  for (const std::string& event : options.events) {
    const std::string system = event.substr(0, event.find('/'));
    const auto text = instance.read(fmt::format("events/{}/format", event));
    auto format = text ? parse_event_format(*text, system, event) : Result<EventFormat>(std::unexpected(text.error()));
    auto added = format ? records.add(*format) : Result<bool>(std::unexpected(format.error()));
    if (added && *added) {
      found.push_back(event);
    } else if (!added && (added.error().kind != Error::Kind::kNotFound || !is_gone_by_now(event))) {
      coverage.push_back(model::coverage_from_error(fmt::format("trace.{}", event), added.error()));
    }
  }
  if (found.empty()) {
    return fail(Error::Kind::kUnsupported, "tracefs", "this kernel has none of the events asked for");
  }
  if (!options.stacks) return found;
  const auto text = instance.read_shared("events/ftrace/kernel_stack/format");
  auto format =
      text ? parse_event_format(*text, "ftrace", "kernel_stack") : Result<EventFormat>(std::unexpected(text.error()));
  auto added = format ? records.add(*format) : Result<bool>(std::unexpected(format.error()));
  if (!added) coverage.push_back(model::coverage_from_error("trace.stacks", added.error()));
  return found;
}

Result<RingPageLayout> read_layout(const Instance& instance) {
  const auto text = instance.read_shared("events/header_page");
  if (!text) return std::unexpected(text.error());
  const ByteOrder order = std::endian::native == std::endian::big ? ByteOrder::kBig : ByteOrder::kLittle;
  auto page_size = static_cast<std::size_t>(page_size_of_this_machine().bytes);
  // Sub-buffers may be larger than pages, since 6.8: buffer_subbuf_size_kb.
  if (const auto kib = instance.read("buffer_subbuf_size_kb")) {
    page_size = std::max(page_size, parse_number<std::size_t>(trim(*kib)).value_or(0) * 1024);
  }
  return parse_header_page(*text, page_size, order);
}

Result<std::vector<LiveLane>> open_lanes(const Instance& instance, std::size_t page_size) {
  const auto names = instance.list("per_cpu");
  if (!names) return std::unexpected(names.error());
  std::vector<std::uint32_t> cpus;
  for (const std::string& name : *names) {
    if (!name.starts_with("cpu")) continue;
    if (const auto cpu = parse_number<std::uint16_t>(name.substr(3))) cpus.push_back(*cpu);
  }
  std::ranges::sort(cpus);
  std::vector<LiveLane> lanes;
  lanes.reserve(cpus.size());
  for (const std::uint32_t cpu : cpus) {
    auto file = instance.open_raw(cpu);
    if (!file) return std::unexpected(std::move(file.error()));
    lanes.emplace_back(cpu, std::move(*file), page_size);
  }
  return lanes;
}

/// Frees first: an allocation must not be seen whose free could not be.
Result<> switch_on(const Instance& instance, std::vector<std::string> events) {
  std::ranges::stable_partition(events,
                                [](const std::string& event) { return event.find("free") != std::string::npos; });
  for (const std::string& event : events) {
    if (auto on = instance.write(fmt::format("events/{}/enable", event), "1"); !on) return on;
  }
  return {};
}

}  // namespace

std::vector<std::string> slab_events() {
  return {"kmem/kmalloc", "kmem/kmalloc_node",   "kmem/kmem_cache_alloc", "kmem/kmem_cache_alloc_node",
          "kmem/kfree",   "kmem/kmem_cache_free"};
}
std::vector<std::string> page_events() { return {"kmem/mm_page_alloc", "kmem/mm_page_free"}; }
std::vector<std::string> percpu_events() { return {"percpu/percpu_alloc_percpu", "percpu/percpu_free_percpu"}; }

Result<std::unique_ptr<KmemStream>> open_trace_instance(TraceInstanceOptions options) {
  auto instance = Instance::make();
  if (!instance) return std::unexpected(std::move(instance.error()));
  if (auto set = set_up(**instance, options); !set) return std::unexpected(std::move(set.error()));
  const auto layout = read_layout(**instance);
  if (!layout) return std::unexpected(layout.error());
  RingRecords records(this_machine(layout->commit_size));
  std::vector<model::Coverage> coverage;
  auto events = describe(**instance, options, records, coverage);
  if (!events) return std::unexpected(std::move(events.error()));
  auto lanes = open_lanes(**instance, layout->page_size);
  if (!lanes) return std::unexpected(std::move(lanes.error()));
  if (auto on = switch_on(**instance, std::move(*events)); !on) return std::unexpected(std::move(on.error()));
  return std::make_unique<InstanceStream>(InstanceStream::Opened{.instance = std::move(*instance),
                                                                 .records = std::move(records),
                                                                 .layout = *layout,
                                                                 .lanes = std::move(*lanes),
                                                                 .coverage = std::move(coverage)},
                                          std::move(options));
}

}  // namespace leakscope::sources::trace_instance
