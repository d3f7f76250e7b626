#include "sources/perf_data/losses.h"

#include <algorithm>
#include <string>

namespace leakscope::sources::perf_data {

std::vector<model::Loss> Losses::told(std::uint64_t events_read) const {
  std::vector<model::Loss> losses;
  const auto add = [&](const char* what, std::uint64_t count, std::uint64_t of) {
    if (count > 0) losses.push_back({"perf.data", what, count, of});
  };
  const std::uint64_t lost = std::max(lost_records, lost_samples);
  add("events that perf's full buffers refused", lost, lost + events_read);
  add("times that the kernel throttled the recording", throttled, 0);
  add("samples of an event that the file does not describe", unknown_event, events_read);
  add("records that are damaged", damaged, 0);
  add("events out of order, taken for later than they were", late, events_read);
  add("bytes at the file's end that are cut off", cut_bytes, 0);
  add("events whose call stack was one too many to keep", stacks_refused, events_read);
  return losses;
}

}  // namespace leakscope::sources::perf_data
