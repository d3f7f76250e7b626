#include "sources/recording/block_builder.h"

#include <algorithm>
#include <utility>

namespace leakscope::sources::recording {
namespace {

// What a block may take, so that a recorder of 1000 processes stays below 32 MiB. Where the first row alone takes so
// much that little is left, it is more.
constexpr std::size_t kBudget = std::size_t{4} << 20U;
constexpr std::size_t kBeyondFirst = std::size_t{2} << 20U;
// A series without its points: its key with the way to it, and its chain.
constexpr std::size_t kBytesPerSeries = 72;

}  // namespace

// Each series takes at least one cell, but only from its second point on: counted from the first.
std::size_t BlockBuilder::bytes_in_use() const {
  return series_.size() * kBytesPerSeries + std::max(series_.size(), store_.cells_in_use()) * ColumnStore::kCellBytes +
         strings_.bytes() + subjects_.bytes() + event_bytes_ + retired_.size() * sizeof(RetiredAt);
}

std::size_t BlockBuilder::bytes_held() const {
  return series_.bytes_held() + store_.bytes_held() + strings_.bytes() + subjects_.bytes_held() + event_bytes_ +
         times_.capacity() * sizeof(Moment) + retired_.capacity() * sizeof(RetiredAt) +
         events_.capacity() * sizeof(EventAt) + order_.capacity() * sizeof(std::uint64_t) +
         point_rows_.capacity() * sizeof(std::uint32_t) + point_values_.capacity() * sizeof(std::int64_t) +
         streams_.heads.capacity() + streams_.gaps.capacity() + streams_.runs.capacity() + streams_.values.capacity() +
         section_.capacity();
}

bool BlockBuilder::full() const {
  return times_.size() >= kMaxRows - 1 || store_.points_held() > kMaxPoints / 2 ||
         bytes_in_use() > std::max(kBudget, 2 * bytes_at_first_ + kBeyondFirst) || series_.size() > kMaxColumns / 2 ||
         subjects_.size() > kMaxSubjects / 2 || events_.size() > kMaxEvents / 2 || retired_.size() > kMaxRetired / 2;
}

void BlockBuilder::add(const model::Sample& sample, std::uint64_t ordinal, bool merge) {
  if (times_.empty()) {
    first_ordinal_ = ordinal;
    merge = false;
  }
  if (merge) {
    times_.back() = sample.time;
  } else {
    times_.push_back(sample.time);
    in_row_ = 0;
  }
  thinning_ = std::max(thinning_, ++in_row_);
  last_ordinal_ = ordinal;
  const auto row = static_cast<std::uint32_t>(times_.size() - 1);
  series_.rewind();
  for (const model::Reading& reading : sample.readings) {
    const std::uint32_t slot = series_.slot(reading.subject, reading.metric);
    if (slot >= kMaxColumns || (!store_.has_points(slot) && !subjects_.touch(reading.subject))) {
      ++dropped_;
      continue;
    }
    store_.put(slot, row, reading.value);
  }
  for (const model::Event& event : sample.events) {
    if (events_.size() == kMaxEvents || (event.subject && !subjects_.touch(*event.subject))) {
      ++dropped_;
      continue;
    }
    events_.push_back({row, event});
    event_bytes_ += sizeof(EventAt) + event.text.size();
  }
  for (const model::SubjectId subject : sample.retired) {
    if (retired_.size() == kMaxRetired || !subjects_.touch(subject)) continue;
    subjects_.retire(subject);
    retired_.push_back({row, subject});
  }
  if (row == 0) bytes_at_first_ = bytes_in_use();
}

void BlockBuilder::note_subjects(const model::Registry& registry) {
  if (times_.empty()) return;
  const auto rows = static_cast<std::uint32_t>(times_.size());
  subjects_.note(registry, std::min(noted_rows_, rows - 1), strings_, veil_.subject);
  noted_rows_ = rows;
}

void BlockBuilder::set_state(std::vector<model::Coverage> coverage, std::vector<model::Loss> losses) {
  coverage_ = std::move(coverage);
  losses_ = std::move(losses);
  if (veil_.coverage) std::ranges::for_each(coverage_, veil_.coverage);
  if (veil_.loss) std::ranges::for_each(losses_, veil_.loss);
  has_state_ = true;
}

void BlockBuilder::set_origin(std::uint64_t first_ordinal, std::uint64_t samples, std::uint32_t thinning) {
  first_ordinal_ = first_ordinal;
  last_ordinal_ = first_ordinal + samples - 1;
  thinning_ = thinning;
}

void BlockBuilder::encode_rows(std::string& raw) {
  const auto count = static_cast<std::uint32_t>(times_.size());
  point_rows_.resize(count);
  point_values_.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) point_rows_[i] = i;
  section_.clear();
  ByteWriter writer(section_);
  writer.varint(count);
  writer.varint(first_ordinal_);
  writer.varint(samples());
  const auto column = [&](auto&& of) {
    std::ranges::transform(times_, point_values_.begin(), of);
    streams_.clear();
    encoder_.encode(point_rows_, point_values_, count, streams_);
    for (const std::string* stream : {&streams_.heads, &streams_.runs, &streams_.values}) writer.bytes(*stream);
  };
  // The other clocks run beside the boot clock, so their distance to it hardly changes.
  column([](const Moment& t) { return t.boot.since_boot.count(); });
  column([](const Moment& t) { return (t.wall.since_epoch - t.boot.since_boot).count(); });
  column([](const Moment& t) { return (t.boot.since_boot - t.monotonic).count(); });
  ByteWriter out(raw);
  out.u8(static_cast<std::uint8_t>(Section::kRows));
  out.bytes(section_);
}

// Columns stand by metric, then by subject: like beside like.
void BlockBuilder::encode_columns(std::string& raw) {
  constexpr unsigned kSlotBits = 21;
  constexpr unsigned kSubjectBits = 18;
  static_assert(kMaxColumns <= 1U << kSlotBits && kMaxSubjects <= 1U << kSubjectBits);
  order_.clear();
  const auto slots = static_cast<std::uint32_t>(std::min<std::size_t>(series_.size(), kMaxColumns));
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    if (!store_.has_points(slot)) continue;
    const model::SeriesKey key = series_.key(slot);
    order_.push_back(std::uint64_t{std::to_underlying(key.metric)} << (kSubjectBits + kSlotBits) |
                     std::uint64_t{subjects_.number(key.subject)} << kSlotBits | slot);
  }
  std::ranges::sort(order_);

  streams_.clear();
  std::string metrics;
  std::size_t metric_count = 0;
  ByteWriter names(metrics);
  ByteWriter heads(streams_.heads);
  for (std::size_t i = 0; i < order_.size();) {
    const std::uint64_t metric = order_[i] >> (kSubjectBits + kSlotBits);
    const auto end = std::ranges::find_if(order_.begin() + static_cast<std::ptrdiff_t>(i), order_.end(),
                                          [&](auto o) { return o >> (kSubjectBits + kSlotBits) != metric; });
    names.varint(strings_.index(model::info(static_cast<model::Metric>(metric)).name));
    heads.varint(metric_count++);
    heads.varint(static_cast<std::uint64_t>(end - order_.begin()) - i);
    std::uint64_t before = 0;
    for (; i < static_cast<std::size_t>(end - order_.begin()); ++i) {
      const auto slot = static_cast<std::uint32_t>(order_[i] & (kMaxColumns - 1));
      const std::uint64_t subject = order_[i] >> kSlotBits & (kMaxSubjects - 1);
      heads.varint(subject - before);
      before = subject;
      store_.points(slot, point_rows_, point_values_);
      encoder_.encode(point_rows_, point_values_, static_cast<std::uint32_t>(times_.size()), streams_);
    }
  }
  const auto put = [&](Section id, std::string_view bytes) {
    ByteWriter out(raw);
    out.u8(static_cast<std::uint8_t>(id));
    out.bytes(bytes);
  };
  section_.clear();
  ByteWriter(section_).varint(metric_count);
  section_ += metrics;
  put(Section::kMetrics, section_);
  put(Section::kHeads, streams_.heads);
  put(Section::kGaps, streams_.gaps);
  put(Section::kRuns, streams_.runs);
  put(Section::kValues, streams_.values);
}

// Event: row, kind, subject + 1 or 0, boot, wall and monotonic time less those of the row, text.
void BlockBuilder::encode_events(std::string& out) {
  ByteWriter writer(out);
  writer.varint(events_.size());
  for (const EventAt& at : events_) {
    // A copy, since a block that could not be written is encoded again.
    model::Event event = at.event;
    if (veil_.event) veil_.event(event);
    const Moment& row = times_[at.row];
    const Moment& time = event.time;
    writer.varint(at.row);
    writer.varint(strings_.index(model::to_string(event.kind)));
    writer.varint(event.subject ? std::uint64_t{subjects_.number(*event.subject)} + 1 : 0);
    writer.signed_varint((time.boot - row.boot).count());
    writer.signed_varint((time.wall.since_epoch - row.wall.since_epoch).count());
    writer.signed_varint((time.monotonic - row.monotonic).count());
    writer.varint(strings_.index(event.text));
  }
}

void BlockBuilder::encode_retired(std::string& out) const {
  ByteWriter writer(out);
  writer.varint(retired_.size());
  for (const RetiredAt& at : retired_) {
    writer.varint(at.row);
    writer.varint(subjects_.number(at.subject));
  }
}

void BlockBuilder::encode_state(std::string& coverage, std::string& losses) {
  ByteWriter writer(coverage);
  coverage_.resize(std::min<std::size_t>(coverage_.size(), kMaxStates));
  losses_.resize(std::min<std::size_t>(losses_.size(), kMaxStates));
  writer.varint(coverage_.size());
  for (const model::Coverage& entry : coverage_) {
    writer.varint(strings_.index(entry.source));
    writer.u8(static_cast<std::uint8_t>(entry.state));
    writer.varint(strings_.index(entry.why));
    writer.varint(strings_.index(entry.remedy));
  }
  ByteWriter lost(losses);
  lost.varint(losses_.size());
  for (const model::Loss& entry : losses_) {
    lost.varint(strings_.index(entry.source));
    lost.varint(strings_.index(entry.what));
    lost.varint(entry.count);
    lost.varint(entry.of);
  }
}

void BlockBuilder::encode(const model::Registry& registry, FrameHeader& header, std::string& raw) {
  note_subjects(registry);
  raw.clear();
  ByteWriter out(raw);
  const auto put = [&](Section id, std::string_view bytes) {
    out.u8(static_cast<std::uint8_t>(id));
    out.bytes(bytes);
  };
  put(Section::kBoot, boot_id_);
  encode_rows(raw);
  encode_columns(raw);
  std::string events;
  encode_events(events);
  put(Section::kEvents, events);
  std::string retired;
  encode_retired(retired);
  put(Section::kRetired, retired);
  if (has_state_) {
    std::string coverage;
    std::string losses;
    encode_state(coverage, losses);
    put(Section::kCoverage, coverage);
    put(Section::kLosses, losses);
  }
  section_.clear();
  subjects_.encode(section_);
  put(Section::kSubjects, section_);
  section_.clear();
  strings_.encode(section_);
  put(Section::kStrings, section_);

  const auto [first, last] = std::ranges::minmax(times_, {}, &Moment::wall);
  header.first_wall = first.wall.since_epoch.count();
  header.last_wall = last.wall.since_epoch.count();
  header.samples = static_cast<std::uint32_t>(rows());
  header.thinning = thinning_;
}

void BlockBuilder::clear(bool forget) {
  cells_before_ = store_.cells_in_use();
  if (forget) series_.clear();
  store_.clear();
  subjects_.clear();
  strings_.clear();
  times_.clear();
  retired_.clear();
  events_.clear();
  event_bytes_ = 0;
  thinning_ = 1;
  in_row_ = 0;
  noted_rows_ = 0;
}

bool BlockBuilder::has_stale_series() const { return series_.size() > order_.size() + order_.size() / 8; }

void BlockBuilder::reserve_for_next() { store_.reserve_cells(cells_before_ + cells_before_ / 4); }

}  // namespace leakscope::sources::recording
