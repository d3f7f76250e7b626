#include "sources/perf_data/perf_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sources/perf_data/byte_cursor.h"
#include "sources/perf_data/format.h"
#include "sources/perf_data/tracing_data.h"

namespace leakscope::sources::perf_data {
namespace {

constexpr std::size_t kEventsAtOnce = 4096;

}  // namespace

PerfStream::PerfStream(RecordReader reader, Recording recording, std::optional<std::uint64_t> data_end)
    : reader_(std::move(reader)), recording_(std::move(recording)), data_end_(data_end) {
  out_.reserve(kEventsAtOnce);
  // No record names the idle tasks; perf calls them so.
  tasks_.apply({.time = 0, .tid = Pid{0}, .comm = names_.intern("swapper")});
  refresh_facts();
}

Result<std::span<const model::KmemEvent>> PerfStream::next() {
  out_.clear();
  while (out_.size() < kEventsAtOnce) {
    if (sorter_.has_ready()) {
      give_out(sorter_.take());
    } else if (!ended_) {
      if (auto read = read_on(); !read) {
        error_ = std::move(read.error());
        finish();
      }
    } else {
      break;
    }
  }
  if (out_.empty() && error_) return std::unexpected(*error_);
  return std::span<const model::KmemEvent>(out_);
}

/// Until something may go out, or the end.
Result<> PerfStream::read_on() {
  while (!sorter_.has_ready()) {
    if (const auto record = reader_.take()) {
      if (record->type == RecordType::kSample) {
        on_sample(*record);
      } else if (auto done = on_record(*record); !done) {
        return done;
      }
      continue;
    }
    const auto more = reader_.more();
    if (!more) return std::unexpected(more.error());
    if (*more) continue;
    finish();
    break;
  }
  return {};
}

void PerfStream::finish() {
  ended_ = true;
  losses_.cut_bytes = reader_.left_over();
  const std::uint64_t position = reader_.input().position();
  if (!error_ && data_end_ && position < *data_end_) losses_.cut_bytes += *data_end_ - position;
  sorter_.release();
  refresh_facts();
}

Result<> PerfStream::on_record(const Record& record) {
  switch (record.type) {
    case RecordType::kFinishedRound:
      sorter_.finish_round();
      break;
    case RecordType::kComm:
    case RecordType::kFork:
      on_task(record);
      break;
    case RecordType::kLost:
    case RecordType::kLostSamples:
      on_lost(record);
      break;
    case RecordType::kThrottle:
      ++losses_.throttled;
      break;
    default:
      return on_description(record);
  }
  return {};
}

/// What describes the recording, in a pipe's form; and what has bytes behind it.
Result<> PerfStream::on_description(const Record& record) {
  ByteCursor cursor(record.body, recording_.order());
  switch (record.type) {
    case RecordType::kAttribute:
      return recording_.add_attribute(record.body);
    case RecordType::kFeature:
      if (const auto feature = cursor.take<std::uint64_t>()) recording_.add_feature(*feature, cursor.rest());
      break;
    case RecordType::kTracingData: {
      const auto bytes = reader_.take_bytes(cursor.take<std::uint32_t>().value_or(0), kMostTracingData);
      if (!bytes) return std::unexpected(bytes.error());
      recording_.add_tracing_data(std::as_bytes(std::span(*bytes)));
      break;
    }
    case RecordType::kAuxTrace:
      return reader_.skip_bytes(cursor.take<std::uint64_t>().value_or(0));
    default:
      break;
  }
  return {};
}

void PerfStream::on_sample(const Record& record) {
  ++facts_.events_read;
  const RecordedEvent* recorded = recording_.events().of_sample(record.body);
  if (recorded == nullptr) {
    ++losses_.unknown_event;
    return;
  }
  if (!recorded->decoder) return;
  Sample sample;
  const bool whole = recorded->layout.decode(record.body, sample) && sample.raw.size() >= sizeof(std::uint16_t);
  // A tracepoint's record begins with its number.
  if (!whole || load<std::uint16_t>(sample.raw.data(), recording_.order()) != recorded->attribute.config) {
    ++losses_.damaged;
    return;
  }
  model::KmemEvent event;
  if (!recorded->decoder->decode(sample.raw, names_, event)) return;
  event.time = sample.time.value_or(sorter_.latest());
  event.cpu =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(sample.cpu, std::numeric_limits<std::uint16_t>::max()));
  // In the namespace of who recorded, as in the records of names; -1 for a task that is gone.
  if (sample.tid && *sample.tid >= 0) event.tid = Pid{*sample.tid};
  if (!sample.callchain.empty()) {
    const bool in_kernel = (record.misc & kMiscCpuMode) == kMiscKernel;
    const auto frames = chain_.frames(sample.callchain, recording_.order(), in_kernel, recording_.symbols());
    if (!frames.empty()) event.stack = stacks_.intern(frames);
  }
  ++facts_.kmem_events;
  sorter_.push(event);
}

/// struct comm_event: pid, tid, name. struct task_event of a fork: pid, ppid, tid, ptid. Then the trailer.
void PerfStream::on_task(const Record& record) {
  const RecordedEvent* recorded = recording_.events().of_trailer(record.body);
  Sample trailer;
  if (recorded == nullptr || !recorded->layout.decode_trailer(record.body, trailer)) {
    ++losses_.damaged;
    return;
  }
  ByteCursor cursor(record.body.first(record.body.size() - recorded->layout.trailer_size()), recording_.order());
  const auto take_pid = [&] { return Pid{static_cast<std::int32_t>(cursor.take<std::uint32_t>().value_or(0))}; };
  TaskChange change{.time = trailer.time.value_or(sorter_.latest())};
  (void)take_pid();
  if (record.type == RecordType::kFork) {
    (void)take_pid();
    change.tid = take_pid();
    change.parent = take_pid();
  } else {
    change.tid = take_pid();
    const std::string_view name = as_text(cursor.rest());
    change.comm = names_.intern(name.substr(0, name.find('\0')));
  }
  sorter_.push(change);
}

void PerfStream::on_lost(const Record& record) {
  ByteCursor cursor(record.body, recording_.order());
  if (record.type == RecordType::kLost) {
    (void)cursor.take<std::uint64_t>();  // the event's id
    losses_.lost_records += cursor.take<std::uint64_t>().value_or(0);
  } else if ((record.misc & kMiscFilteredByBpf) == 0) {
    losses_.lost_samples += cursor.take<std::uint64_t>().value_or(0);
  }
}

void PerfStream::give_out(const RoundSorter::Item& item) {
  if (item.task != nullptr) {
    tasks_.apply(*item.task);
    return;
  }
  model::KmemEvent& event = out_.emplace_back(*item.event);
  event.time = item.time;
  event.comm = tasks_.of(event.tid);
  if (!facts_.start) facts_.start = recording_.wall_time(event.time);
}

void PerfStream::refresh_facts() {
  facts_.host = recording_.host();
  facts_.events_seen = recording_.event_names();
}

std::vector<model::Loss> PerfStream::losses() const {
  Losses losses = losses_;
  losses.late = sorter_.late();
  losses.stacks_refused = stacks_.refused();
  return losses.told(facts_.events_read);
}

}  // namespace leakscope::sources::perf_data
