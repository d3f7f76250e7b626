#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "sources/recording/block_reader.h"

namespace leakscope::sources::recording {
namespace {

// Times beyond this are no times; below it sums and differences of two of them fit into 64 bits.
constexpr std::int64_t kMaxTime = std::int64_t{1} << 61U;

std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
bool plausible(std::int64_t time) { return time > -kMaxTime && time < kMaxTime; }

}  // namespace

struct BlockReader::Sections {
  std::array<std::optional<std::string_view>, 32> found;

  [[nodiscard]] std::optional<std::string_view> get(Section id) const { return found[std::to_underlying(id)]; }
  [[nodiscard]] std::string_view get_or_empty(Section id) const { return get(id).value_or(std::string_view()); }
};

bool BlockReader::parse_rows(std::string_view section) {
  ByteCursor cursor(section);
  const auto count = cursor.varint_up_to(kMaxRows);
  const auto first = cursor.varint();
  const auto samples = cursor.varint();
  if (!count || *count == 0 || !first || !samples || *samples < *count) return false;
  first_ordinal_ = *first;
  samples_ = *samples;
  times_.resize(*count);
  for (int clock = 0; clock < 3; ++clock) {
    const auto heads = cursor.bytes();
    const auto runs = cursor.bytes();
    const auto values = cursor.bytes();
    if (!heads || !runs || !values) return false;
    ColumnInput input{section, ByteCursor(*heads), ByteCursor({}), ByteCursor(*runs), ByteCursor(*values)};
    auto column = ColumnCursor::open(input, static_cast<std::uint32_t>(*count));
    if (!column || column->points() != *count) return false;
    for (std::uint32_t row = 0; row < *count; ++row, column->advance(section)) {
      if (column->row() != row) return false;
      const std::int64_t boot = times_[row].boot.since_boot.count();
      if (clock == 0) {
        times_[row].boot.since_boot = Nanoseconds(column->value());
      } else if (clock == 1) {
        times_[row].wall.since_epoch = Nanoseconds(wrapping_sum(boot, column->value()));
      } else {
        times_[row].monotonic = Nanoseconds(wrapping_difference(boot, column->value()));
      }
    }
  }
  return std::ranges::all_of(times_, [](const Moment& t) {
    return plausible(t.boot.since_boot.count()) && plausible(t.wall.since_epoch.count()) &&
           plausible(t.monotonic.count());
  });
}

bool BlockReader::parse_columns(const Sections& sections) {
  std::vector<std::optional<model::Metric>> metrics;
  ByteCursor names(sections.get_or_empty(Section::kMetrics));
  const auto metric_count = names.varint_up_to(kMaxStrings);
  if (!metric_count) return false;
  for (std::uint64_t i = 0; i < *metric_count; ++i) {
    const auto name = strings_.take(names);
    if (!name) return false;
    metrics.push_back(model::metric_from_name(*name));
  }
  ColumnInput input{
      payload_, ByteCursor(sections.get_or_empty(Section::kHeads)), ByteCursor(sections.get_or_empty(Section::kGaps)),
      ByteCursor(sections.get_or_empty(Section::kRuns)), ByteCursor(sections.get_or_empty(Section::kValues))};
  std::uint64_t points = 0;
  std::uint64_t columns = 0;
  while (!input.heads.at_end()) {
    const auto metric = input.heads.varint();
    const auto count = input.heads.varint();
    if (!metric || *metric >= metrics.size() || !count) return false;
    columns += std::min<std::uint64_t>(*count, kMaxColumns + 1);
    if (columns > kMaxColumns) return false;
    std::uint64_t subject = 0;
    for (std::uint64_t i = 0; i < *count; ++i) {
      const auto step = input.heads.varint_up_to(kMaxSubjects);
      if (!step) return false;
      subject += *step;
      if (subject >= subjects_.size()) return false;
      const auto cursor = ColumnCursor::open(input, static_cast<std::uint32_t>(times_.size()));
      if (!cursor) return false;
      points += cursor->points();
      if (points > kMaxPoints) return false;
      const auto number = static_cast<std::uint32_t>(subject);
      if (metrics[*metric] && subjects_.is_known(number)) {
        columns_.push_back({number, *metrics[*metric], *cursor});
      } else {
        ++unknown_;
      }
    }
  }
  return true;
}

bool BlockReader::parse_events(std::string_view section) {
  ByteCursor cursor(section);
  const auto count = cursor.varint_up_to(kMaxEvents);
  std::uint64_t text_size = 0;
  for (std::uint64_t i = 0; count && i < *count; ++i) {
    const auto row = cursor.varint();
    const auto word = strings_.take(cursor);
    const auto subject = cursor.varint_up_to(subjects_.size());
    const auto boot = cursor.signed_varint();
    const auto wall = cursor.signed_varint();
    const auto monotonic = cursor.signed_varint();
    const auto text = strings_.take(cursor);
    if (!row || *row >= times_.size() || !word || !subject || !boot || !wall || !monotonic || !text) return false;
    text_size += text->size();
    if (text_size > kMaxExpandedText) return false;
    const auto kind = model::event_kind_from_string(*word);
    if (!kind) {
      ++unknown_;
      continue;
    }
    const Moment& base = times_[*row];
    EventAt event{.row = static_cast<std::uint32_t>(*row), .subject = {}, .kind = *kind, .time = {}, .text = *text};
    event.time.boot.since_boot = Nanoseconds(wrapping_sum(base.boot.since_boot.count(), *boot));
    event.time.wall.since_epoch = Nanoseconds(wrapping_sum(base.wall.since_epoch.count(), *wall));
    event.time.monotonic = Nanoseconds(wrapping_sum(base.monotonic.count(), *monotonic));
    if (!plausible(event.time.boot.since_boot.count()) || !plausible(event.time.wall.since_epoch.count()) ||
        !plausible(event.time.monotonic.count())) {
      return false;
    }
    if (*subject > 0) event.subject = static_cast<std::uint32_t>(*subject - 1);
    events_.push_back(event);
  }
  return count.has_value();
}

bool BlockReader::parse_retired(std::string_view section) {
  ByteCursor cursor(section);
  const auto count = cursor.varint_up_to(kMaxRetired);
  for (std::uint64_t i = 0; count && i < *count; ++i) {
    const auto row = cursor.varint();
    const auto subject = cursor.varint();
    if (!row || *row >= times_.size() || !subject || *subject >= subjects_.size()) return false;
    retired_.push_back({static_cast<std::uint32_t>(*row), static_cast<std::uint32_t>(*subject)});
  }
  return count.has_value();
}

bool BlockReader::parse_coverage(std::string_view section) {
  ByteCursor cursor(section);
  const auto count = cursor.varint_up_to(kMaxStates);
  std::vector<model::Coverage>& coverage = coverage_.emplace();
  for (std::uint64_t i = 0; count && i < *count; ++i) {
    const auto source = strings_.take(cursor);
    const auto state = cursor.u8();
    const auto why = strings_.take(cursor);
    const auto remedy = strings_.take(cursor);
    if (!source || !state || *state > std::to_underlying(model::Coverage::State::kPartial) || !why || !remedy) {
      return false;
    }
    coverage.push_back(
        {std::string(*source), static_cast<model::Coverage::State>(*state), std::string(*why), std::string(*remedy)});
  }
  return count.has_value();
}

bool BlockReader::parse_losses(std::string_view section) {
  ByteCursor cursor(section);
  const auto count = cursor.varint_up_to(kMaxStates);
  std::vector<model::Loss>& losses = losses_.emplace();
  for (std::uint64_t i = 0; count && i < *count; ++i) {
    const auto source = strings_.take(cursor);
    const auto what = strings_.take(cursor);
    const auto lost = cursor.varint();
    const auto of = cursor.varint();
    if (!source || !what || !lost || !of) return false;
    losses.push_back({std::string(*source), std::string(*what), *lost, *of});
  }
  return count.has_value();
}

Result<BlockReader> BlockReader::parse(std::string_view payload) {
  const auto broken = [](std::string_view section) {
    return fail(Error::Kind::kMalformed, "recording",
                fmt::format("want a block, its section '{}' is not one", section));
  };
  Sections sections;
  for (ByteCursor cursor(payload); !cursor.at_end();) {
    const auto id = cursor.varint();
    const auto bytes = cursor.bytes();
    if (!id || !bytes) return broken("list");
    if (*id < sections.found.size()) sections.found[*id] = *bytes;
  }
  BlockReader block;
  block.payload_ = payload;
  block.boot_id_ = sections.get_or_empty(Section::kBoot);
  auto strings = BlockStrings::parse(sections.get_or_empty(Section::kStrings));
  if (!strings) return broken("strings");
  block.strings_ = std::move(*strings);
  auto subjects = BlockSubjects::parse(sections.get_or_empty(Section::kSubjects), block.strings_);
  if (!subjects) return broken("subjects");
  block.subjects_ = std::move(*subjects);
  if (!block.parse_rows(sections.get_or_empty(Section::kRows))) return broken("rows");
  if (!block.parse_columns(sections)) return broken("columns");
  const auto parse_if_there = [&](Section id, bool (BlockReader::*parser)(std::string_view)) {
    const auto section = sections.get(id);
    return !section || (block.*parser)(*section);
  };
  if (!parse_if_there(Section::kEvents, &BlockReader::parse_events)) return broken("events");
  if (!parse_if_there(Section::kRetired, &BlockReader::parse_retired)) return broken("retired");
  if (!parse_if_there(Section::kCoverage, &BlockReader::parse_coverage)) return broken("coverage");
  if (!parse_if_there(Section::kLosses, &BlockReader::parse_losses)) return broken("losses");
  return block;
}

}  // namespace leakscope::sources::recording
