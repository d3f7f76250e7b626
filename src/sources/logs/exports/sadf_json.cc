#include <array>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "sources/logs/calendar.h"
#include "sources/logs/exports/exports.h"
#include "sources/logs/exports/json_format.h"

namespace leakscope::sources::logs {
namespace {

using Json = nlohmann::json;
using model::Metric;

struct Field {
  std::string_view group;  ///< "memory"
  const char* key;         ///< "memfree"
  Metric metric{};
  std::int64_t unit;  ///< bytes, or 1 for counts
};

constexpr std::int64_t kKiB = 1024;

/// sar -r ALL, -S and -v. Rates (sar -W, -B, -w) are no levels, so they are left out.
constexpr auto kFields = std::to_array<Field>({
    {"memory", "memfree", Metric::kMeminfoMemFree, kKiB},
    {"memory", "avail", Metric::kMeminfoMemAvailable, kKiB},
    {"memory", "buffers", Metric::kMeminfoBuffers, kKiB},
    {"memory", "cached", Metric::kMeminfoCached, kKiB},
    {"memory", "anonpg", Metric::kMeminfoAnonPages, kKiB},
    {"memory", "slab", Metric::kMeminfoSlab, kKiB},
    {"memory", "kstack", Metric::kMeminfoKernelStack, kKiB},
    {"memory", "pgtbl", Metric::kMeminfoPageTables, kKiB},
    {"memory", "vmused", Metric::kMeminfoVmallocUsed, kKiB},
    {"memory", "dirty", Metric::kMeminfoDirty, kKiB},
    {"memory", "commit", Metric::kMeminfoCommittedAS, kKiB},
    {"memory", "swpfree", Metric::kMeminfoSwapFree, kKiB},
    {"memory", "swpcad", Metric::kMeminfoSwapCached, kKiB},
    {"kernel", "file-nr", Metric::kFileAllocated, 1},
    {"network", "totsck", Metric::kSockSocketsUsed, 1},
});

std::optional<LogTime> time_of(const Json& timestamp) {
  if (!timestamp.is_object() || !timestamp.contains("date") || !timestamp.contains("time")) return std::nullopt;
  if (!timestamp["date"].is_string() || !timestamp["time"].is_string()) return std::nullopt;
  CalendarTime when;
  if (!read_date(timestamp["date"].get_ref<const std::string&>(), when)) return std::nullopt;
  const auto of_day = time_of_day(timestamp["time"].get_ref<const std::string&>());
  if (!of_day) return std::nullopt;
  when.of_day = *of_day;
  const bool is_utc = timestamp.contains("utc") && timestamp["utc"].is_number_integer() && timestamp["utc"] == 1;
  if (is_utc) when.east_of_utc = Nanoseconds{0};
  return when.log_time(0);
}

class SadfJson final : public JsonFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "sadf JSON"; }
  [[nodiscard]] bool begins(std::string_view line) const override { return line.starts_with("{\"sysstat\""); }

 private:
  void read(const Json& root, LogSink& sink) override;
  [[nodiscard]] static bool put(const Json& statistics, LogSink& sink);
};

bool SadfJson::put(const Json& statistics, LogSink& sink) {
  if (!statistics.is_object() || !statistics.contains("timestamp")) return true;  // a restart, a comment
  const auto time = time_of(statistics["timestamp"]);
  if (!time) return false;
  bool begun = false;
  for (const Field& field : kFields) {
    const auto group = statistics.find(field.group);
    if (group == statistics.end() || !group->is_object()) continue;
    const auto value = group->find(field.key);
    if (value == group->end() || !value->is_number_integer()) continue;
    const auto amount = checked_mul(value->get<std::int64_t>(), field.unit);
    if (!amount) continue;
    if (!begun) {
      sink.next_moment();
      sink.set_time(*time);
      begun = true;
    }
    sink.readings().put(field.metric, *amount);
  }
  return true;
}

void SadfJson::read(const Json& root, LogSink& sink) {
  const Json* sysstat = root.is_object() && root.contains("sysstat") ? &root["sysstat"] : nullptr;
  if (sysstat == nullptr || !sysstat->is_object() || !sysstat->contains("hosts") || !(*sysstat)["hosts"].is_array()) {
    sink.unreadable(1, "want {\"sysstat\": {\"hosts\": [...]}}");
    return;
  }
  bool faulty = false;
  for (const Json& host : (*sysstat)["hosts"]) {
    if (!host.is_object() || !host.contains("statistics") || !host["statistics"].is_array()) continue;
    for (const Json& statistics : host["statistics"]) faulty = !put(statistics, sink) || faulty;
  }
  if (faulty) sink.unreadable(1, "want \"timestamp\": {\"date\": \"2026-11-20\", \"time\": \"12:53:06\"}");
  sink.cannot_show({std::string(name()), model::Coverage::State::kPartial,
                    "sar knows neither processes nor slab caches: it shows what kind of memory goes, not who takes it",
                    "record with: leakscope record -o FILE"});
}

}  // namespace

std::unique_ptr<LogFormat> sadf_json_format() { return std::make_unique<SadfJson>(); }

}  // namespace leakscope::sources::logs
