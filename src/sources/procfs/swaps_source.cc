#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "sources/procfs/file_readers.h"
#include "sources/procfs/file_source.h"
#include "sources/procfs/machine_sources.h"
#include "sources/procfs/swaps.h"

namespace leakscope::sources::procfs {
namespace {

using model::Metric;

class SwapsReader {
 public:
  Result<> operator()(std::string_view text, model::SampleSink& sink, ParseFaults& faults) {
    auto parsed = parse_swaps(text, swaps_);
    if (!parsed) return parsed;
    faults = swaps_.faults;
    for (Known& known : known_) known.seen = false;
    for (const SwapDevice& device : swaps_.devices) {
      Known& known = find(device.escaped_path, sink);
      known.seen = true;
      sink.put(known.subject, Metric::kSwapSize, device.size.count());
      sink.put(known.subject, Metric::kSwapUsed, device.used.count());
    }
    // A device that a damaged text does not list may still be in use.
    if (swaps_.whole) {
      std::erase_if(known_, [&](const Known& known) {
        if (!known.seen) sink.retire(known.subject);
        return !known.seen;
      });
    }
    return {};
  }

 private:
  struct Known {
    std::string escaped_path;
    model::SubjectId subject;
    bool seen = false;
  };

  Known& find(std::string_view escaped_path, model::SampleSink& sink) {
    const auto found = std::ranges::find(known_, escaped_path, &Known::escaped_path);
    if (found != known_.end()) return *found;
    const auto subject =
        sink.registry().intern(model::SubjectKey{model::SubjectKind::kSwapDevice, unescape_octal(escaped_path), {}});
    return known_.emplace_back(Known{std::string(escaped_path), subject});
  }

  Swaps swaps_;
  std::vector<Known> known_;
};

}  // namespace

FileReader swaps_reader() { return SwapsReader{}; }

Result<std::unique_ptr<Source>> open_swaps(const RootedDir& root) {
  const Period period{.live = std::chrono::seconds(5), .recording = std::chrono::seconds(15)};
  return FileSource::open(root, {.info = {.name = "swaps", .period = period}, .path = "proc/swaps", .remedy = {}},
                          SwapsReader{});
}

}  // namespace leakscope::sources::procfs
