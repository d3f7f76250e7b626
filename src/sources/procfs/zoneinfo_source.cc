#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sources/procfs/file_readers.h"
#include "sources/procfs/file_source.h"
#include "sources/procfs/machine_sources.h"
#include "sources/procfs/page_size.h"
#include "sources/procfs/zoneinfo.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

/// Zones keep their order from read to read, so each one's subject is looked for at its place.
class ZoneinfoReader {
 public:
  explicit ZoneinfoReader(PageSize page_size) : page_size_(page_size) {}

  Result<> operator()(std::string_view text, model::SampleSink& sink, ParseFaults& faults) {
    auto parsed = parse_zoneinfo(text, zoneinfo_);
    if (!parsed) return parsed;
    faults = zoneinfo_.faults;
    const auto machine = model::Registry::machine_id();
    put(sink, machine, Metric::kZoneinfoManaged, zoneinfo_.sum(&Zone::managed));
    put(sink, machine, Metric::kZoneinfoPresent, zoneinfo_.sum(&Zone::present));
    put(sink, machine, Metric::kZoneinfoPcp, zoneinfo_.sum(&Zone::on_cpu_lists));
    for (std::size_t i = 0; i < zoneinfo_.zones.size(); ++i) put_zone(sink, i);
    return {};
  }

 private:
  struct Known {
    std::int64_t node = 0;
    std::string name;
    model::SubjectId subject;
  };

  void put(model::SampleSink& sink, model::SubjectId subject, Metric metric, std::optional<Pages> pages) const {
    if (!pages) return;
    if (const auto bytes = checked_mul(pages->count, page_size_.bytes)) sink.put(subject, metric, *bytes);
  }

  void put_zone(model::SampleSink& sink, std::size_t place) {
    const Zone& zone = zoneinfo_.zones[place];
    const Known* known = find(zone, place);
    if (known == nullptr) {
      if (zone.managed.value_or(Pages{}).count == 0) return;
      const auto subject = sink.registry().intern(
          model::SubjectKey{model::SubjectKind::kZone, fmt::format("{}/{}", zone.node, zone.name), {}});
      known = &known_.emplace_back(Known{zone.node, std::string(zone.name), subject});
    }
    put(sink, known->subject, Metric::kZoneManaged, zone.managed);
    put(sink, known->subject, Metric::kZoneFree, zone.free);
    put(sink, known->subject, Metric::kZonePcp, zone.on_cpu_lists);
    put(sink, known->subject, Metric::kZoneMinWatermark, zone.min);
    put(sink, known->subject, Metric::kZoneLowWatermark, zone.low);
    put(sink, known->subject, Metric::kZoneHighWatermark, zone.high);
  }

  [[nodiscard]] const Known* find(const Zone& zone, std::size_t place) const {
    const auto is_it = [&](const Known& known) { return known.node == zone.node && known.name == zone.name; };
    if (place < known_.size() && is_it(known_[place])) return &known_[place];
    for (const Known& known : known_) {
      if (is_it(known)) return &known;
    }
    return nullptr;
  }

  PageSize page_size_;
  Zoneinfo zoneinfo_;
  std::vector<Known> known_;
};

}  // namespace

FileReader zoneinfo_reader(PageSize page_size) { return ZoneinfoReader(page_size); }

Result<std::unique_ptr<Source>> open_zoneinfo(const RootedDir& root) {
  PageSizeAnswer page = page_size_of(root);
  FileSource::Spec spec{
      .info = {.name = "zoneinfo", .period = {}}, .path = "proc/zoneinfo", .remedy = "run as root", .notes = {}};
  if (!page.note.empty()) spec.notes.push_back(std::move(page.note));
  return FileSource::open(root, std::move(spec), ZoneinfoReader(page.size));
}

}  // namespace leakscope::sources::procfs
