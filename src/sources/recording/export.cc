#include "sources/recording/export.h"

#include <iterator>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include "base/printable.h"

namespace leakscope::sources::recording {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10U;

std::string csv_field(std::string_view text) {
  std::string field = printable(text);
  if (field.find_first_of(",\"") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

// printable() leaves valid UTF-8 without control characters, so that two characters are left to escape.
std::string json_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

/// Seconds since boot with two digits at most, as documents have them ("15.03", "800.0"); empty: nobody knows.
std::string seconds_text(StartTime start) {
  if (!start.known()) return {};
  std::string text = fmt::format("{}.{:02}", start.ticks / 100, start.ticks % 100);
  if (text.ends_with('0')) text.pop_back();
  return text;
}

std::string csv_subject(const model::SubjectInfo& info) {
  std::string text = fmt::format("{},{},", to_string(info.key.kind), csv_field(info.key.name));
  if (!info.key.process) return text + ",";
  return text + fmt::format("{},{}", info.key.process->pid.value, seconds_text(info.key.process->start));
}

std::string json_subject(const model::SubjectInfo& info) {
  std::string text = fmt::format(R"({{"kind":"{}","name":{})", to_string(info.key.kind), json_string(info.key.name));
  if (info.key.process) {
    const std::string start = seconds_text(info.key.process->start);
    text += fmt::format(R"(,"pid":{},"start_time":{})", info.key.process->pid.value, start.empty() ? "null" : start);
  }
  return text + '}';
}

using SubjectText = std::string (*)(const model::SubjectInfo&);

// Subjects as text, made once for each. One whose name changes goes on under the new name.
class SubjectTexts {
 public:
  SubjectTexts(const model::Registry& registry, SubjectText make) : registry_(registry), make_(make) {}

  const std::string& get(model::SubjectId id) {
    Entry& entry = texts_[id.index];
    // Asking the registry for each reading would cost more than the rest.
    if (entry.sample != sample_) {
      const model::SubjectInfo info = registry_.info(id);
      if (entry.text.empty() || entry.name != info.key.name) {
        entry.text = make_(info);
        entry.name = info.key.name;
      }
      entry.sample = sample_;
    }
    return entry.text;
  }
  void next_sample() { ++sample_; }
  void forget(model::SubjectId id) { texts_.erase(id.index); }

 private:
  struct Entry {
    std::string text;
    std::string name;
    std::uint64_t sample = 0;
  };
  const model::Registry& registry_;
  SubjectText make_;
  std::uint64_t sample_ = 0;
  std::unordered_map<std::uint32_t, Entry> texts_;
};

template <class Line>
Result<> export_lines(SampleStream& stream, const model::Registry& registry, const TextSink& out, SubjectText subject,
                      std::string text, const Line& line) {
  SubjectTexts subjects(registry, subject);
  model::Sample sample;
  while (true) {
    const auto more = stream.next(sample);
    if (!more) return std::unexpected(more.error());
    if (!*more) return text.empty() ? Result<>() : out(text);
    subjects.next_sample();
    const std::string time = to_rfc3339(sample.time.wall);
    for (const model::Reading& reading : sample.readings) {
      line(std::back_inserter(text), time, subjects.get(reading.subject), model::info(reading.metric), reading.value);
      if (text.size() < kPiece) continue;
      if (auto put = out(text); !put) return put;
      text.clear();
    }
    for (const model::SubjectId id : sample.retired) subjects.forget(id);
  }
}

}  // namespace

Result<> export_csv(SampleStream& stream, const model::Registry& registry, const TextSink& out) {
  return export_lines(stream, registry, out, csv_subject, "time,subject_kind,subject,pid,start,metric,unit,value\n",
                      [](auto to, const std::string& time, const std::string& subject, const model::MetricInfo& metric,
                         std::int64_t value) {
                        fmt::format_to(to, "{},{},{},{},{}\n", time, subject, metric.name, to_string(metric.unit),
                                       value);
                      });
}

Result<> export_ndjson(SampleStream& stream, const model::Registry& registry, const TextSink& out) {
  return export_lines(stream, registry, out, json_subject, "",
                      [](auto to, const std::string& time, const std::string& subject, const model::MetricInfo& metric,
                         std::int64_t value) {
                        fmt::format_to(to,
                                       R"({{"time":"{}","subject":{},"metric":"{}","unit":"{}","value":{}}})"
                                       "\n",
                                       time, subject, metric.name, to_string(metric.unit), value);
                      });
}

}  // namespace leakscope::sources::recording
