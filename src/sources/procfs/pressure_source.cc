#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "sources/procfs/file_readers.h"
#include "sources/procfs/file_source.h"
#include "sources/procfs/machine_sources.h"
#include "sources/procfs/pressure.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

struct Resource {
  std::string_view name;  ///< of its part of the coverage
  std::string_view path;
  Metric some;
  std::optional<Metric> full;
};
constexpr auto kResources = std::to_array<Resource>({
    {"pressure/memory", "proc/pressure/memory", Metric::kPsiMemorySomeTotal, Metric::kPsiMemoryFullTotal},
    {"pressure/io", "proc/pressure/io", Metric::kPsiIoSomeTotal, std::nullopt},
    {"pressure/cpu", "proc/pressure/cpu", Metric::kPsiCpuSomeTotal, std::nullopt},
});
constexpr std::string_view kRemedy = "boot with psi=1 (kernel 4.20 or newer, CONFIG_PSI)";

class PressureReader {
 public:
  explicit PressureReader(const Resource& resource) : resource_(resource) {}

  Result<> operator()(std::string_view text, model::SampleSink& sink, ParseFaults& faults) {
    auto parsed = parse_pressure(text, pressure_);
    if (!parsed) return parsed;
    faults = pressure_.faults;
    if (pressure_.some) sink.put(resource_.some, pressure_.some->count());
    if (pressure_.full && resource_.full) sink.put(*resource_.full, pressure_.full->count());
    return {};
  }

 private:
  Resource resource_;
  Pressure pressure_;
};

/// The files of one folder as one source: what can be read of them counts.
class PressureSource final : public Source {
 public:
  PressureSource(std::vector<std::unique_ptr<Source>> files, std::vector<model::Coverage> missing)
      : files_(std::move(files)), missing_(std::move(missing)) {}

  [[nodiscard]] SourceInfo info() const override { return {.name = "pressure", .period = {}}; }

  [[nodiscard]] Result<> sample(model::SampleSink& sink) override {
    Result<> first_failure;
    std::size_t failures = 0;
    for (const auto& file : files_) {
      auto done = file->sample(sink);
      if (done) continue;
      ++failures;
      if (first_failure) first_failure = std::move(done);
    }
    if (failures == files_.size()) return first_failure;
    return {};
  }

  [[nodiscard]] std::vector<model::Coverage> coverage() const override {
    std::vector<model::Coverage> entries = missing_;
    for (const auto& file : files_) std::ranges::move(file->coverage(), std::back_inserter(entries));
    return entries;
  }

  [[nodiscard]] std::vector<model::Loss> losses() const override {
    std::vector<model::Loss> entries;
    for (const auto& file : files_) std::ranges::move(file->losses(), std::back_inserter(entries));
    return entries;
  }

 private:
  std::vector<std::unique_ptr<Source>> files_;
  std::vector<model::Coverage> missing_;
};

}  // namespace

FileReader pressure_reader(std::string_view resource) {
  for (const Resource& known : kResources) {
    if (known.path.ends_with(resource)) return PressureReader(known);
  }
  return PressureReader(kResources.front());
}

Result<std::unique_ptr<Source>> open_pressure(const RootedDir& root) {
  std::vector<std::unique_ptr<Source>> files;
  std::vector<model::Coverage> missing;
  std::optional<Error> first_error;
  for (const Resource& resource : kResources) {
    auto file = FileSource::open(
        root, {.info = {.name = resource.name, .period = {}}, .path = resource.path, .remedy = kRemedy},
        PressureReader(resource));
    if (file) {
      files.push_back(std::move(*file));
      continue;
    }
    missing.push_back(model::coverage_from_error(std::string(resource.name), file.error()));
    if (!first_error) first_error = std::move(file.error());
  }
  if (files.empty()) return std::unexpected(std::move(*first_error));
  return std::make_unique<PressureSource>(std::move(files), std::move(missing));
}

}  // namespace leakscope::sources::procfs
