#include <nlohmann/json.hpp>

#include "sources/logs/exports/exporter_series.h"
#include "sources/logs/exports/exports.h"
#include "sources/logs/exports/json_format.h"

namespace leakscope::sources::logs {
namespace {

using Json = nlohmann::json;

ExporterSeries series_of(const Json& labels) {
  ExporterSeries series;
  for (const auto& [key, value] : labels.items()) {
    if (!value.is_string()) continue;
    if (key == "__name__") {
      series.name = value.get<std::string>();
    } else {
      series.labels[key] = value.get<std::string>();
    }
  }
  return series;
}

/// [1795178684.123, "57524224"]
bool add_point(const Json& point, const ExporterSeries& series, ExporterPoints& points) {
  if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_string()) return false;
  const double seconds = point[0].get<double>();
  const auto value = parse_exporter_value(point[1].get_ref<const std::string&>());
  if (!(seconds >= 0 && seconds < 9e9)) return false;
  if (!value) return true;  // NaN: a gap
  const auto time = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  (void)points.add(series, time, *value);
  return true;
}

class PrometheusAnswer final : public JsonFormat {
 public:
  [[nodiscard]] std::string_view name() const override { return "Prometheus answer"; }
  [[nodiscard]] bool begins(std::string_view line) const override {
    return line.starts_with("{") && line.find("\"status\"") < 40 && line.find("\"status\"") != line.npos;
  }

 private:
  void read(const Json& answer, LogSink& sink) override;

  bool told_ = false;
};

void PrometheusAnswer::read(const Json& answer, LogSink& sink) {
  const Json* data = answer.is_object() && answer.contains("data") ? &answer["data"] : nullptr;
  if (data == nullptr || !data->is_object() || !data->contains("result") || !(*data)["result"].is_array()) {
    sink.unreadable(1, "want {\"status\":\"success\",\"data\":{\"result\":[...]}}");
    return;
  }
  ExporterPoints points;
  std::uint32_t unknown = 0;
  bool faulty = false;
  for (const Json& result : (*data)["result"]) {
    if (!result.is_object() || !result.contains("metric") || !result["metric"].is_object()) {
      faulty = true;
      continue;
    }
    const ExporterSeries series = series_of(result["metric"]);
    if (!meaning_of(series)) {
      ++unknown;
      continue;
    }
    if (result.contains("value")) faulty = !add_point(result["value"], series, points) || faulty;
    if (!result.contains("values") || !result["values"].is_array()) continue;
    for (const Json& point : result["values"]) faulty = !add_point(point, series, points) || faulty;
  }
  if (faulty) sink.unreadable(1, "want {\"metric\":{...},\"values\":[[seconds,\"number\"],...]}");
  points.put(sink);
  points.tell_others(sink, name());
  if (unknown > 0 && !told_) {
    told_ = true;
    sink.cannot_show({std::string(name()), model::Coverage::State::kPartial,
                      "some series have names that are not known here and were left out",
                      "known are those of node_exporter, below, cAdvisor, process-exporter and client libraries"});
  }
}

}  // namespace

std::unique_ptr<LogFormat> prometheus_answer_format() { return std::make_unique<PrometheusAnswer>(); }

}  // namespace leakscope::sources::logs
