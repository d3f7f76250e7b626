#include <array>

#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/logs/tables/columns.h"
#include "sources/logs/tables/printed_amount.h"
#include "sources/logs/tables/tool_tables.h"

namespace leakscope::sources::logs {
namespace {

using model::Metric;

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = kKiB * kKiB;
constexpr std::int64_t kGiB = kKiB * kMiB;

bool is_english(std::string_view line) { return words_are(line, {"total", "used", "free"}); }

/// The columns of "               gesamt     benutzt        frei      gemns.  Puffer/Cache verfügbar": words of other
/// languages stand in the same places, and of six only the fifth may have a slash. Empty: no header of free. Words of
/// a sentence are one blank apart.
std::string_view columns_by_shape(std::string_view line) {
  constexpr std::size_t kLabelWidth = 9;
  constexpr std::size_t kBoth = 4;
  const std::size_t start = line.find_first_not_of(' ');
  if (start == std::string_view::npos || start < kLabelWidth) return {};
  std::size_t words = 0;
  std::size_t slashes = 0;
  std::size_t close = 0;
  bool both = false;
  FieldCursor fields(line);
  while (const auto word = fields.next()) {
    if (word->find_first_of("0123456789:;=|<>()[]{}\"#*") != std::string_view::npos) return {};
    const bool has_slash = word->contains('/');
    slashes += has_slash ? 1 : 0;
    both = both || (has_slash && words == kBoth);
    const auto at = static_cast<std::size_t>(word->data() - line.data());
    close += line[at - 2] == ' ' ? 0 : 1;
    ++words;
  }
  if (close > 1) return {};
  if (words == 6 && both && slashes == 1) return "total used free shared buff/cache available";
  if (words == 7 && slashes == 0) return "total used free shared buffers cache available";
  if (words == 6 && slashes == 0) return "total used free shared buffers cached";
  return {};
}

bool is_header(std::string_view line) { return is_english(line) || !columns_by_shape(line).empty(); }

/// "Speicher:    24684092     1646912 ...": of the languages whose header is told by its shape.
bool is_label_of_memory(std::string_view label) { return label == "Mem" || label == "Mem." || label == "Speicher"; }

/// What a bare total can only be: machines have between 32 MiB and some TiB. 64 to 65535 are MiB (as KiB it would be
/// less than a kernel needs), below that GiB; from 2^33 on it is bytes (as KiB it would be 8 TiB).
std::int64_t plain_unit_of(std::string_view total) {
  const auto value = parse_number<std::int64_t>(total);
  if (!value) return kKiB;
  if (*value >= std::int64_t{1} << 33U) return 1;
  if (*value >= 65536) return kKiB;
  return *value >= 64 ? kMiB : kGiB;
}

class FreeTable final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "free table"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return is_header(line); }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override;
  void finish(LogSink& /*sink*/) override { rows_ = 0; }

 private:
  [[nodiscard]] bool put_memory(std::string_view figures, LogSink& sink);
  [[nodiscard]] bool put_swap(std::string_view figures, LogSink& sink) const;
  void put_cache(LogSink& sink) const;
  void tell_limits(LogSink& sink);
  [[nodiscard]] std::optional<PrintedAmount> amount(const Row& row,
                                                    std::initializer_list<std::string_view> names) const;
  static void put(LogSink& sink, Metric metric, const PrintedAmount& amount) {
    sink.readings().put(metric, amount.bytes);
    if (amount.half_step > 0) sink.rounded(model::Registry::machine_id(), metric, amount.half_step);
  }

  Columns columns_;
  Row row_;
  std::int64_t plain_unit_ = kKiB;
  int rows_ = 0;
  bool told_ = false;
};

std::optional<PrintedAmount> FreeTable::amount(const Row& row, std::initializer_list<std::string_view> names) const {
  const auto text = row.at(columns_.find(names));
  if (!text) return std::nullopt;
  return parse_printed_amount(*text, plain_unit_);
}

/// Free memory, buffers and cache together, for versions that print no "available" (before procps 3.3.10).
void FreeTable::put_cache(LogSink& sink) const {
  const auto free = amount(row_, {"free"});
  const auto buffers = amount(row_, {"buffers"});
  const auto cached = amount(row_, {"cached", "cache"});
  const auto both = amount(row_, {"buff/cache"});
  if (!free || !(both || (buffers && cached))) return;
  PrintedAmount sum = *free;
  for (const auto& part : both ? std::array{both, std::optional<PrintedAmount>{}} : std::array{buffers, cached}) {
    if (!part) continue;
    const auto more = checked_add(sum.bytes, part->bytes);
    if (!more) return;
    sum = {*more, sum.half_step + part->half_step};
  }
  put(sink, Metric::kFreeAndCache, sum);
}

bool FreeTable::put_memory(std::string_view figures, LogSink& sink) {
  if (!row_.cut(figures, columns_.size())) return false;
  plain_unit_ = plain_unit_of(row_[0]);
  const auto total = amount(row_, {"total"});
  const auto free = amount(row_, {"free"});
  if (!total || !free) return false;
  put(sink, Metric::kMeminfoMemTotal, *total);
  put(sink, Metric::kMeminfoMemFree, *free);
  if (const auto shared = amount(row_, {"shared"})) put(sink, Metric::kMeminfoShmem, *shared);
  if (const auto buffers = amount(row_, {"buffers"})) put(sink, Metric::kMeminfoBuffers, *buffers);
  if (const auto available = amount(row_, {"available"})) {
    put(sink, Metric::kMeminfoMemAvailable, *available);
  } else {
    put_cache(sink);
  }
  return true;
}

bool FreeTable::put_swap(std::string_view figures, LogSink& sink) const {
  FieldCursor fields(figures);
  const auto total = fields.next();
  const auto used = fields.next();
  const auto free = fields.next();
  if (!total || !used || !free || fields.next()) return false;
  const auto all = parse_printed_amount(*total, plain_unit_);
  const auto left = parse_printed_amount(*free, plain_unit_);
  if (!all || !left) return false;
  put(sink, Metric::kMeminfoSwapTotal, *all);
  put(sink, Metric::kMeminfoSwapFree, *left);
  return true;
}

void FreeTable::tell_limits(LogSink& sink) {
  if (told_) return;
  told_ = true;
  sink.cannot_show({"free table", model::Coverage::State::kPartial,
                    "free tells the machine's sums alone: neither who has the memory nor whether it is the kernel's",
                    "record with: leakscope record -o FILE"});
}

LogFormat::Answer FreeTable::take(std::string_view line, LogSink& sink) {
  if (is_header(line)) {
    if (rows_ > 0) return Answer::kNotMine;
    columns_ = Columns(is_english(line) ? line : columns_by_shape(line));
    // A header that is told by its shape alone may be another tool's until a row follows.
    if (is_english(line)) tell_limits(sink);
    return Answer::kTaken;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || columns_.size() == 0) return Answer::kNotMine;
  const std::string_view label = trim(line.substr(0, colon));
  const std::string_view figures = line.substr(colon + 1);
  if (rows_ == 0 && is_label_of_memory(label)) {
    ++rows_;
    tell_limits(sink);
    return put_memory(figures, sink) ? Answer::kTaken : Answer::kUnreadable;
  }
  if (rows_ == 0) return Answer::kNotMine;
  if (label == "Swap" || label == "Auslager" || label == "Échange" || label == "Partition d'échange") {
    return put_swap(figures, sink) ? Answer::kTaken : Answer::kUnreadable;
  }
  if (label == "-/+ buffers/cache" || label == "Low" || label == "High" || label == "Total" || label == "Comm") {
    return Answer::kTaken;
  }
  return Answer::kNotMine;
}

}  // namespace

std::unique_ptr<LogFormat> free_table() { return std::make_unique<FreeTable>(); }

}  // namespace leakscope::sources::logs
