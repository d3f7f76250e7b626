#include <algorithm>

#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/logs/tables/columns.h"
#include "sources/logs/tables/printed_amount.h"
#include "sources/logs/tables/tool_tables.h"

namespace leakscope::sources::logs {
namespace {

using model::Metric;

constexpr std::int64_t kKiB = 1024;
/// SLUB and SLAB align objects to words.
constexpr std::int64_t kAlignment = 8;

bool is_banner(std::string_view line) { return words_are(line, {"Active", "/", "Total", "Objects"}); }
bool is_summary(std::string_view line) {
  return words_are(line, {"Active", "/", "Total"}) || words_are(line, {"Minimum", "/", "Average", "/", "Maximum"});
}
bool is_header(std::string_view line) {
  return words_are(line, {"OBJS", "ACTIVE", "USE", "OBJ", "SIZE", "SLABS", "OBJ/SLAB", "CACHE", "SIZE", "NAME"});
}

/// The object's size: two decimals of a KiB are known ("0.19K"), and that it is a multiple of 8 which fits so many
/// times into a slab. Most often one size is left.
PrintedAmount object_size(const PrintedAmount& printed, std::int64_t slab_bytes, std::int64_t per_slab) {
  const std::int64_t least = printed.bytes - printed.half_step;
  std::int64_t most = printed.bytes + printed.half_step + 1;
  if (per_slab > 0 && slab_bytes > 0) most = std::min(most, slab_bytes / per_slab);
  const std::int64_t first = (least + kAlignment - 1) / kAlignment * kAlignment;
  const std::int64_t last = most / kAlignment * kAlignment;
  if (first > last || first <= 0) return printed;
  return {(first + last) / 2, (last - first) / 2};
}

class SlabtopScreen final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "slabtop screen"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return is_banner(line) || is_header(line); }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override;
  void finish(LogSink& /*sink*/) override { stage_ = Stage::kNothing; }

 private:
  enum class Stage : std::uint8_t { kNothing, kSummary, kRows };
  [[nodiscard]] bool put_row(std::string_view line, LogSink& sink) const;
  void tell_limits(LogSink& sink);

  Stage stage_ = Stage::kNothing;
  bool told_ = false;
};

bool SlabtopScreen::put_row(std::string_view line, LogSink& sink) const {
  FieldCursor fields(line);
  const auto objects = fields.next_number<std::int64_t>();
  const auto active = fields.next_number<std::int64_t>();
  const auto use = fields.next();
  const auto size_text = fields.next();
  const auto slabs = fields.next_number<std::int64_t>();
  const auto per_slab = fields.next_number<std::int64_t>();
  const auto cache_text = fields.next();
  const auto name = fields.next();
  if (!objects || !active || !use || !size_text || !slabs || !per_slab || !cache_text || !name || fields.next()) {
    return false;
  }
  const auto printed = parse_printed_amount(*size_text, kKiB);
  const auto bytes = parse_printed_amount(*cache_text, kKiB);
  if (!printed || !bytes || *objects < 0 || *active < 0) return false;
  auto& readings = sink.readings();
  const model::SubjectId cache =
      readings.registry().intern(model::SubjectKey{model::SubjectKind::kSlabCache, std::string(*name)});
  readings.put(cache, Metric::kSlabActiveObjects, *active);
  readings.put(cache, Metric::kSlabTotalObjects, *objects);
  // CACHE SIZE is a whole number of pages, so its KiB are exact.
  readings.put(cache, Metric::kSlabBytes, bytes->bytes);
  const PrintedAmount size = object_size(*printed, *slabs > 0 ? bytes->bytes / *slabs : 0, *per_slab);
  readings.put(cache, Metric::kSlabObjectSize, size.bytes);
  if (size.half_step > 0) sink.rounded(cache, Metric::kSlabObjectSize, size.half_step);
  return true;
}

void SlabtopScreen::tell_limits(LogSink& sink) {
  if (told_) return;
  told_ = true;
  sink.cannot_show({"slabtop screen", model::Coverage::State::kPartial,
                    "slabtop prints the caches that fit on a screen and nothing beside slab: smaller caches, and what "
                    "programs take, do not show",
                    "record with: leakscope record -o FILE"});
}

LogFormat::Answer SlabtopScreen::take(std::string_view line, LogSink& sink) {
  if (is_banner(line) && stage_ != Stage::kNothing) return Answer::kNotMine;
  if (is_header(line)) {
    if (stage_ == Stage::kRows) return Answer::kNotMine;
    stage_ = Stage::kRows;
    tell_limits(sink);
    return Answer::kTaken;
  }
  if (is_summary(line)) {
    stage_ = Stage::kSummary;
    return Answer::kTaken;
  }
  if (trim(line).empty() && stage_ == Stage::kSummary) return Answer::kTaken;
  if (stage_ != Stage::kRows || !FieldCursor(line).next_number<std::uint64_t>()) return Answer::kNotMine;
  return put_row(line, sink) ? Answer::kTaken : Answer::kUnreadable;
}

}  // namespace

std::unique_ptr<LogFormat> slabtop_screen() { return std::make_unique<SlabtopScreen>(); }

}  // namespace leakscope::sources::logs
