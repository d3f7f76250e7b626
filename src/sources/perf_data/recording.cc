#include "sources/perf_data/recording.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "sources/kallsyms.h"
#include "sources/perf_data/byte_cursor.h"
#include "sources/perf_data/tracing_data.h"

namespace leakscope::sources::perf_data {
namespace {

constexpr std::string_view kSource = "perf.data";
constexpr std::string_view kRecordAll = "perf record -a -g -e 'kmem:*' -o perf.data -- sleep 60";

/// A string of a feature: its length, and bytes up to a NUL (do_write_string).
std::string feature_text(std::span<const std::byte> payload, ByteOrder order) {
  ByteCursor cursor(payload, order);
  const auto length = cursor.take<std::uint32_t>();
  if (!length) return {};
  const std::string_view text = as_text(cursor.rest()).substr(0, *length);
  return std::string(text.substr(0, text.find('\0')));
}

/// An event that hands memory out, and one that must be there to see it come back.
struct Partners {
  std::string_view allocation;
  std::string_view free;
};
constexpr std::array kPartners = {
    Partners{"kmalloc", "kfree"},
    Partners{"kmem_cache_alloc", "kmem_cache_free"},
    Partners{"mm_page_alloc", "mm_page_free"},
    Partners{"percpu_alloc_percpu", "percpu_free_percpu"},
};

}  // namespace

Recording::Recording(ByteOrder order, std::string name, std::vector<EventFormat> other_formats)
    : order_(order), name_(std::move(name)), events_(order), formats_(std::move(other_formats)) {
  machine_.order = order;
}

Result<> Recording::add_attribute(std::span<const std::byte> bytes, std::optional<std::span<const std::byte>> ids) {
  const auto parsed = parse_attribute(bytes, order_, name_);
  if (!parsed) return std::unexpected(parsed.error());
  is_stale_ = true;
  if (!events_.add(*parsed, ids.value_or(bytes.subspan(parsed->size)))) {
    return fail(Error::Kind::kMalformed, name_,
                fmt::format("more than {} events or {} ids of them", EventSet::kMostEvents, NumberTable::kMost));
  }
  return {};
}

void Recording::add_tracing_data(std::span<const std::byte> bytes) {
  if (has_tracing_data_) return;
  auto data = parse_tracing_data(bytes, name_);
  if (!data) {
    trouble_ = data.error();
    return;
  }
  has_tracing_data_ = true;
  machine_.order = data->order;
  machine_.long_size = data->long_size;
  machine_.page_size = PageSize{data->page_size};
  host_.page_size = machine_.page_size;
  formats_ = std::move(data->formats);
  if (data->bad_format) trouble_ = data->bad_format;
  if (data->is_cut) {
    note({std::string(kSource), model::Coverage::State::kPartial, "the descriptions of its events are cut short", {}});
  }
  if (!data->kallsyms.empty()) {
    if (auto symbols = parse_kallsyms(data->kallsyms, name_)) symbols_ = std::move(*symbols);
  }
  prepare();  // at once: the events still know the formats from before
}

void Recording::add_feature(std::uint64_t feature, std::span<const std::byte> payload) {
  if (feature == static_cast<std::uint64_t>(Feature::kTracingData)) return add_tracing_data(payload);
  if (feature == static_cast<std::uint64_t>(Feature::kHostname)) host_.hostname = feature_text(payload, order_);
  if (feature == static_cast<std::uint64_t>(Feature::kOsRelease)) host_.kernel_release = feature_text(payload, order_);
  if (feature == static_cast<std::uint64_t>(Feature::kArchitecture)) host_.machine = feature_text(payload, order_);
  if (feature == static_cast<std::uint64_t>(Feature::kClockData)) take_clock(payload);
  if (feature != static_cast<std::uint64_t>(Feature::kCpuCount)) return;
  // First those that there are, then those that were online (write_nrcpus).
  const auto cpus = ByteCursor(payload, order_).take<std::uint32_t>();
  constexpr std::uint32_t kMostCpus = 1U << 16U;
  if (!cpus || *cpus == 0 || *cpus > kMostCpus) return;
  machine_.cpus = *cpus;
  host_.cpus = *cpus;
  is_stale_ = true;
}

/// write_clock_data: version 1, the clock's number, and one moment by the wall and by that clock.
void Recording::take_clock(std::span<const std::byte> payload) {
  ByteCursor cursor(payload, order_);
  const auto version = cursor.take<std::uint32_t>();
  (void)cursor.take<std::uint32_t>();
  const auto wall = cursor.take<std::uint64_t>();
  const auto trace = cursor.take<std::uint64_t>();
  if (version == 1U && wall && trace) clock_ = ClockPair{*wall, *trace};
}

void Recording::prepare() {
  is_stale_ = false;
  if (auto error = events_.decode_with(formats_, machine_); error && !trouble_) trouble_ = std::move(error);
}

std::optional<WallTime> Recording::wall_time(std::uint64_t time) const {
  if (!clock_) return std::nullopt;
  const std::uint64_t wall = clock_->wall + (time - clock_->trace);
  if (wall > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return WallTime{Nanoseconds(static_cast<std::int64_t>(wall))};
}

std::vector<std::string> Recording::event_names() const {
  std::vector<std::string> names;
  for (const RecordedEvent& event : events_.all()) {
    if (event.format != nullptr) names.push_back(event.format->name);
  }
  return names;
}

std::vector<model::Coverage> Recording::coverage() const {
  std::vector<model::Coverage> notes = notes_;
  if (trouble_) {
    notes.push_back({std::string(kSource), model::Coverage::State::kPartial, to_string(*trouble_), {}});
  }
  const bool decodes = std::ranges::any_of(events_.all(), [](const auto& event) { return event.decoder.has_value(); });
  if (!decodes) {
    const char* why = has_tracing_data_ || !formats_.empty()
                          ? "no allocation event was recorded"
                          : "the descriptions of its events are missing: perf was killed before it wrote them";
    notes.push_back({std::string(kSource), model::Coverage::State::kAbsent, why, std::string(kRecordAll)});
    return notes;
  }
  note_missing_partners(notes);
  note_how_sampled(notes);
  return notes;
}

void Recording::note_missing_partners(std::vector<model::Coverage>& notes) const {
  const auto names = event_names();
  for (const auto& [allocation, free] : kPartners) {
    const bool has_allocation = std::ranges::find(names, allocation) != names.end();
    const bool has_free = std::ranges::find(names, free) != names.end();
    if (has_allocation == has_free) continue;
    notes.push_back({std::string(has_free ? allocation : free), model::Coverage::State::kAbsent,
                     fmt::format("was not recorded, {} was", has_free ? free : allocation), std::string(kRecordAll)});
  }
}

void Recording::note_how_sampled(std::vector<model::Coverage>& notes) const {
  const auto any = [&](auto&& is_so) {
    return std::ranges::any_of(events_.all(), [&](const auto& e) { return e.decoder && is_so(e.attribute); });
  };
  const auto add = [&](const char* what, const char* why, std::string_view remedy) {
    notes.push_back({what, model::Coverage::State::kPartial, why, std::string(remedy)});
  };
  if (any([](const EventAttribute& attribute) {
        return (attribute.sample_type & sample_bit::kCallchain) == 0 || attribute.no_kernel_frames;
      })) {
    add("call stacks", "were not recorded (perf record without -g)", kRecordAll);
  }
  if (any([](const EventAttribute& attribute) { return attribute.is_frequency || attribute.sample_period > 1; })) {
    add("perf.data", "only some of the events were recorded (perf record with -c or -F)", kRecordAll);
  }
  if (any([](const EventAttribute& attribute) { return (attribute.sample_type & sample_bit::kTime) == 0; })) {
    add("times", "were not recorded: events stand in the order of the file", kRecordAll);
  }
}

}  // namespace leakscope::sources::perf_data
