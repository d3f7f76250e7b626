// Measures the recording: the size of a day by part, the CPU that adding and flushing take, how fast it is read, and
// what the recorder adds to memory. Usage: bench_recording FOLDER [day | memory | live SECONDS]
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <unordered_map>

#include "base/text_cursor.h"
#include "day.h"
#include "sources/recording/recording_reader.h"
#include "sources/recording/recording_writer.h"
#include "sources/recording/summary.h"

namespace leakscope::bench {
namespace {

namespace rec = sources::recording;

double seconds(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }
double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024 * 1024); }

std::int64_t resident_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

struct Written {
  std::uint64_t samples = 0;
  std::uint64_t readings = 0;
  std::uint64_t changes = 0;  // readings that differ from the series' one before
  std::uint64_t size = 0;
  std::uint64_t written = 0;
  Nanoseconds cpu{0};
  Nanoseconds slowest{0};  // CPU of one add(), with the flush or the hour that fell into it
};

class Changes {
 public:
  std::uint64_t count(const model::Sample& sample) {
    std::uint64_t changes = 0;
    for (const model::Reading& r : sample.readings) {
      auto [last, fresh] =
          last_.try_emplace(std::uint64_t{r.subject.index} << 16U | static_cast<std::uint64_t>(r.metric), r.value);
      if (!fresh && last->second != r.value) ++changes;
      last->second = r.value;
    }
    return changes;
  }

 private:
  std::unordered_map<std::uint64_t, std::int64_t> last_;
};

Written record(Day& day, const std::string& path, bool stream) {
  std::filesystem::remove(path);
  rec::WriterOptions options;
  options.host.hostname = "bench";
  options.host.boot_id = "bench";
  options.interval = std::chrono::seconds(5);
  auto writer = rec::RecordingWriter::create(path, options);
  if (stream) {
    std::filesystem::remove(path);
    FILE* file = std::fopen(path.c_str(), "wb");
    writer = rec::RecordingWriter::create(UniqueFd(::dup(::fileno(file))), options);
    std::fclose(file);
  }
  if (!writer) {
    std::fprintf(stderr, "%s\n", to_string(writer.error()).c_str());
    std::exit(2);
  }
  Written result;
  model::Sample sample;
  Changes changes;
  while (day.next(sample)) {
    result.readings += sample.readings.size();
    result.changes += changes.count(sample);
    const Nanoseconds before = thread_cpu_time();
    if (const auto added = writer->add(sample, day.registry()); !added) {
      std::fprintf(stderr, "%s\n", to_string(added.error()).c_str());
      std::exit(2);
    }
    const Nanoseconds cost = thread_cpu_time() - before;
    result.cpu += cost;
    result.slowest = std::max(result.slowest, cost);
    ++result.samples;
  }
  if (!writer->finish(day.registry())) std::exit(2);
  result.size = std::filesystem::file_size(path);
  result.written = writer->stats().bytes_written;
  return result;
}

void report(const char* what, const Written& w) {
  const auto samples = static_cast<double>(w.samples);
  std::printf(
      "%-34s %6.0f readings, %5.1f changed  %7.2f MiB  %6.0f B/sample  %6.3f ms/sample  %5.1f ms worst  %6.1f MiB "
      "written\n",
      what, static_cast<double>(w.readings) / samples, static_cast<double>(w.changes) / samples, mib(w.size),
      static_cast<double>(w.size) / samples, seconds(w.cpu) * 1000 / samples, seconds(w.slowest) * 1000,
      mib(w.written));
}

void measure_reading(const std::string& path) {
  auto registry = std::make_shared<model::Registry>();
  const Nanoseconds before = thread_cpu_time();
  auto stream = rec::open_recording(path, registry);
  model::Sample sample;
  std::uint64_t samples = 0;
  std::uint64_t readings = 0;
  while (stream && (*stream)->next(sample).value_or(false)) {
    ++samples;
    readings += sample.readings.size();
  }
  const double cpu = seconds(thread_cpu_time() - before);
  const double size = mib(std::filesystem::file_size(path));
  std::printf("reading: %.2f s for %llu samples: %.0f samples/s, %.1f M readings/s, %.1f MiB/s of file\n", cpu,
              static_cast<unsigned long long>(samples), static_cast<double>(samples) / cpu,
              static_cast<double>(readings) / cpu / 1e6, size / cpu);
  const Nanoseconds start = thread_cpu_time();
  const auto summary = rec::summarize(path);
  std::printf("summarize: %.2f ms\n", seconds(thread_cpu_time() - start) * 1000);
  if (!summary) std::exit(2);
}

void measure_day(const std::string& path) {
  const DayParts all;
  DayParts part = all;
  part.caches = 0;
  part.machine = false;
  report("300 processes, 5 % change", record(*make_day(part), path, false));
  part = {.processes = 0, .machine = false};
  report("200 slab caches, every 15 s", record(*make_day(part), path, false));
  part = {.processes = 0, .caches = 0};
  report("machine series", record(*make_day(part), path, false));
  DayParts more = all;
  more.groups = true;
  report("all, with 60 groups and 60 cgroups", record(*make_day(more), path, false));
  report("all, as a stream", record(*make_day(all), path, true));
  report("all", record(*make_day(all), path, false));
  measure_reading(path);
}

void measure_memory(const std::string& path) {
  const auto day = make_day({.processes = 1000, .metrics = 16, .samples = 1440});
  model::Sample sample;
  day->next(sample);
  const std::int64_t before = resident_kib();
  report("1000 processes x 16, two hours", record(*day, path, false));
  std::printf("resident: %.1f MiB before, %.1f MiB at most with the recorder\n", static_cast<double>(before) / 1024,
              static_cast<double>(resident_kib()) / 1024);
  measure_reading(path);
  std::printf("resident: %.1f MiB at most with the reader\n", static_cast<double>(resident_kib()) / 1024);
}

int run(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s FOLDER day | memory | live SECONDS\n", argv[0]);
    return 2;
  }
  const std::string path = std::string(argv[1]) + "/bench.lsr";
  const std::string_view what = argv[2];
  if (what == "day") measure_day(path);
  if (what == "memory") measure_memory(path);
  if (what == "live" && argc == 4) {
    const auto time = parse_number<std::size_t>(argv[3]).value_or(60);
    const auto day = watch_this_machine(time / 5, std::chrono::seconds(5));
    const Written live = record(*day, path, false);
    report("this machine", live);
    std::printf("%.0f readings/sample; a day of this: %.2f MiB\n",
                static_cast<double>(live.readings) / static_cast<double>(live.samples),
                mib(live.size) * 17280 / static_cast<double>(live.samples));
  }
  return 0;
}

}  // namespace
}  // namespace leakscope::bench

int main(int argc, char** argv) { return leakscope::bench::run(argc, argv); }
