#include "base/bytes.h"
#include "base/text_cursor.h"
#include "sources/logs/exports/exports.h"

namespace leakscope::sources::logs {
namespace {

using model::Metric;

/// label host epoch date time interval: what every line begins with.
struct Head {
  std::string_view label;
  std::int64_t epoch = 0;
  FieldCursor rest{std::string_view{}};
};

bool is_label(std::string_view word) {
  return word.size() == 3 && word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

std::optional<Head> head_of(std::string_view line) {
  Head head;
  head.rest = FieldCursor(line);
  const auto label = head.rest.next();
  const auto host = head.rest.next();
  const auto epoch = head.rest.next_number<std::int64_t>();
  const auto date = head.rest.next();
  const auto time = head.rest.next();
  const auto interval = head.rest.next_number<std::int64_t>();
  if (!label || !is_label(*label) || !host || !epoch || *epoch < 0 || *epoch > 9'000'000'000 || !date || !time ||
      !interval || date->size() != 10 || time->size() != 8) {
    return std::nullopt;
  }
  head.label = *label;
  head.epoch = *epoch;
  return head;
}

/// The next field, an amount in units.
std::optional<std::int64_t> amount(FieldCursor& fields, std::int64_t unit) {
  const auto value = fields.next_number<std::int64_t>();
  if (!value || *value < 0) return std::nullopt;
  return checked_mul(*value, unit);
}

std::optional<std::int64_t> page_size(FieldCursor& fields) {
  const auto size = fields.next_number<std::int64_t>();
  if (!size || *size < 1024 || *size > 1024 * 1024) return std::nullopt;
  return size;
}

void skip(FieldCursor& fields, int count) {
  for (int i = 0; i < count; ++i) (void)fields.next();
}

/// MEM: page size, then pages: physical, free, cache, buffers, slab, dirty, reclaimable slab, balloon, shmem.
bool put_memory(FieldCursor fields, model::SampleSink& readings) {
  const auto page = page_size(fields);
  if (!page) return false;
  const auto physical = amount(fields, *page);
  const auto free = amount(fields, *page);
  const auto cache = amount(fields, *page);
  const auto buffers = amount(fields, *page);
  const auto slab = amount(fields, *page);
  if (!physical || !free || !cache || !buffers || !slab) return false;
  readings.put(Metric::kMeminfoMemTotal, *physical);
  readings.put(Metric::kMeminfoMemFree, *free);
  readings.put(Metric::kMeminfoCached, *cache);
  readings.put(Metric::kMeminfoBuffers, *buffers);
  readings.put(Metric::kMeminfoSlab, *slab);
  skip(fields, 1);
  const auto reclaimable = amount(fields, *page);
  if (!reclaimable || *reclaimable > *slab) return true;
  readings.put(Metric::kMeminfoSReclaimable, *reclaimable);
  readings.put(Metric::kMeminfoSUnreclaim, *slab - *reclaimable);
  const auto all_cache = checked_add(*cache, *buffers);
  const auto with_slab = all_cache ? checked_add(*all_cache, *reclaimable) : std::nullopt;
  if (const auto sum = with_slab ? checked_add(*with_slab, *free) : std::nullopt) {
    readings.put(Metric::kFreeAndCache, *sum);
  }
  skip(fields, 1);
  if (const auto shmem = amount(fields, *page)) readings.put(Metric::kMeminfoShmem, *shmem);
  return true;
}

/// SWP: page size, then pages: swap, free swap.
bool put_swap(FieldCursor fields, model::SampleSink& readings) {
  const auto page = page_size(fields);
  if (!page) return false;
  const auto total = amount(fields, *page);
  const auto free = amount(fields, *page);
  if (!total || !free) return false;
  readings.put(Metric::kMeminfoSwapTotal, *total);
  readings.put(Metric::kMeminfoSwapFree, *free);
  return true;
}

/// PRM: pid, (name), state, page size, virtual KiB, resident KiB, text, growth of both, faults of both, library, data
/// and stack KiB, swap KiB, thread group, y for a process (n: a thread), PSS KiB.
bool put_process(std::string_view rest, LogSink& sink) {
  const std::size_t open = rest.find('(');
  const std::size_t close = rest.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return false;
  const auto pid = parse_number<std::int32_t>(trim(rest.substr(0, open)));
  const std::string_view command = rest.substr(open + 1, close - open - 1);
  FieldCursor fields(rest.substr(close + 1));
  (void)fields.next();
  const auto page = page_size(fields);
  const auto mapped = amount(fields, 1024);
  const auto resident = amount(fields, 1024);
  if (!pid || *pid <= 0 || !page || !mapped || !resident) return false;
  skip(fields, 8);
  const auto swap = amount(fields, 1024);
  skip(fields, 1);
  const auto whole = fields.next();
  if (whole && *whole != "y") return true;
  if (*mapped == 0 && *resident == 0) return true;  // a kernel thread, or one that ended
  const model::SubjectId process = sink.process(*pid, command, std::nullopt);
  sink.readings().put(process, Metric::kProcessRss, *resident);
  sink.readings().put(process, Metric::kProcessVm, *mapped);
  if (swap) sink.readings().put(process, Metric::kProcessSwap, *swap);
  return true;
}

class AtopLines final : public LogFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "atop lines"; }
  [[nodiscard]] bool begins(std::string_view line) const override {
    return line == "RESET" || line == "SEP" || head_of(line).has_value();
  }
  [[nodiscard]] Answer take(std::string_view line, LogSink& sink) override;
  void finish(LogSink& /*sink*/) override {}

 private:
  [[nodiscard]] bool put(const Head& head, LogSink& sink);

  std::optional<std::int64_t> epoch_;
  bool told_ = false;
};

bool AtopLines::put(const Head& head, LogSink& sink) {
  if (head.label != "MEM" && head.label != "SWP" && head.label != "PRM") return true;
  if (epoch_ != head.epoch) {
    epoch_ = head.epoch;
    sink.next_moment();
    sink.set_time({LogTime::Kind::kWall, std::chrono::seconds(head.epoch)});
  }
  if (!told_) {
    told_ = true;
    sink.cannot_show({std::string(name()), model::Coverage::State::kPartial,
                      "atop tells resident memory as one figure, no MemAvailable and no slab caches",
                      "record with: leakscope record -o FILE"});
  }
  if (head.label == "MEM") return put_memory(head.rest, sink.readings());
  if (head.label == "SWP") return put_swap(head.rest, sink.readings());
  return put_process(head.rest.rest(), sink);
}

LogFormat::Answer AtopLines::take(std::string_view line, LogSink& sink) {
  if (line == "RESET" || line == "SEP") return Answer::kTaken;
  const auto head = head_of(line);
  if (!head) return Answer::kNotMine;
  return put(*head, sink) ? Answer::kTaken : Answer::kUnreadable;
}

}  // namespace

std::unique_ptr<LogFormat> atop_format() { return std::make_unique<AtopLines>(); }

}  // namespace leakscope::sources::logs
