#include "sources/trace_instance/instance_stream.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <limits>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"

namespace leakscope::sources::trace_instance {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 4096;
constexpr std::string_view kName = "trace instance";
// Between rounds; a buffer of 2 MiB holds 20 ms of a million events a second.
constexpr auto kPause = std::chrono::milliseconds(20);
// Pages of one CPU in one round, so that a storm on one does not fill memory before the others had their turn.
constexpr std::size_t kPagesPerRound = 256;
constexpr auto kBetweenOwnLooks = std::chrono::milliseconds(500);

WallTime wall_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return WallTime{std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec)};
}

/// per_cpu/cpuN/stats, "overrun: 12".
std::uint64_t figure(std::string_view text, std::string_view label) {
  LineCursor lines(text);
  while (const auto line = lines.next()) {
    if (line->starts_with(label)) return parse_number<std::uint64_t>(trim(line->substr(label.size()))).value_or(0);
  }
  return 0;
}

}  // namespace

bool LiveLane::drain(std::size_t most_pages, const RingPageLayout& layout, const RingTables& tables) {
  for (std::size_t pages = 0; pages < most_pages && file_.is_open(); ++pages) {
    const ssize_t got = ::read(file_.get(), page_.data(), page_.size());
    if (got < 0 && errno == EINTR) continue;
    // EAGAIN: nothing is there. Any other error will not go away: what the CPU has from now on is lost.
    if (got < 0 && errno != EAGAIN) file_.reset();
    if (got <= 0) return true;
    events_.add_page(std::span(page_).first(static_cast<std::size_t>(got)), layout, tables);
  }
  return !file_.is_open();
}

InstanceStream::InstanceStream(Opened opened, TraceInstanceOptions options)
    : instance_(std::move(opened.instance)),
      options_(std::move(options)),
      records_(std::move(opened.records)),
      layout_(opened.layout),
      tracing_(options_.symbols != nullptr ? *options_.symbols : no_symbols_),
      owners_(records_.event_names().size(), 0),
      tables_{records_, stacks_, names_, tracing_, owners_},
      lanes_(std::move(opened.lanes)),
      tasks_(*instance_, names_),
      started_(SteadyClock::now()),
      coverage_(std::move(opened.coverage)) {
  utsname system{};
  if (::uname(&system) == 0) {
    facts_.host.hostname = system.nodename;
    facts_.host.kernel_release = system.release;
    facts_.host.machine = system.machine;
  }
  facts_.host.cpus = records_.machine().cpus;
  facts_.host.page_size = records_.machine().page_size;
  facts_.events_seen = records_.event_names();
  facts_.start = wall_now();
  batch_.reserve(kBatch * 2);
}

InstanceStream::~InstanceStream() {
  // Open files of the instance would keep it from being removed.
  lanes_.clear();
}

bool InstanceStream::is_over() const {
  if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) return true;
  return options_.length && SteadyClock::now() - started_ >= *options_.length;
}

void InstanceStream::read_round() {
  std::uint64_t complete = youngest_;
  drained_ = true;
  for (LiveLane& lane : lanes_) {
    const bool drained = lane.drain(kPagesPerRound, layout_, tables_);
    if (!drained) complete = std::min(complete, lane.last_time());
    drained_ &= drained;
    youngest_ = std::max(youngest_, lane.last_time());
  }
  complete_until_ = std::max(complete_until_, complete);
  merge_.start(lanes_);
}

void InstanceStream::end() {
  ended_ = true;
  // What fails here does not matter: the instance is removed in a moment.
  (void)instance_->write("events/enable", "0");
  for (LiveLane& lane : lanes_) {
    // As much as a buffer holds, whatever is written meanwhile.
    (void)lane.drain(options_.buffer_bytes_per_cpu / layout_.page_size + kPagesPerRound, layout_, tables_);
    lane.finish();
    const auto stats = instance_->read(fmt::format("per_cpu/cpu{}/stats", lane.cpu()));
    if (!stats) continue;
    overrun_ += figure(*stats, "overrun:") + figure(*stats, "commit overrun:") + figure(*stats, "dropped events:");
  }
  complete_until_ = std::numeric_limits<std::uint64_t>::max();
  merge_.start(lanes_);
}

void InstanceStream::leave_out_own() {
  if (!options_.exclude_pid) return;
  const auto now = SteadyClock::now();
  if (own_.empty() || now - own_looked_ > kBetweenOwnLooks) {
    own_ = threads_of(*options_.exclude_pid);
    own_looked_ = now;
  }
  std::erase_if(batch_, [&](const model::KmemEvent& event) {
    return !event.is_free && std::ranges::binary_search(own_, event.tid.value);
  });
}

void InstanceStream::take_batch() {
  std::size_t taken = 0;
  do {
    merge_.take(batch_, kBatch, complete_until_);
    taken = batch_.size();
    leave_out_own();
  } while (batch_.empty() && taken > 0);
  for (model::KmemEvent& event : batch_) event.comm = tasks_.of(event.tid);
  tasks_.look_up();
  for (model::KmemEvent& event : batch_) {
    if (event.comm == model::kNoName) event.comm = tasks_.of(event.tid);
  }
  facts_.kmem_events += batch_.size();
}

void InstanceStream::count() {
  counts_ = {};
  for (const LiveLane& lane : lanes_) {
    counts_.records += lane.counts().records;
    counts_.stacks += lane.counts().stacks;
    counts_.lost += lane.counts().lost;
    counts_.lost_often += lane.counts().lost_often;
    counts_.broken_pages += lane.counts().broken_pages;
  }
  facts_.events_read = counts_.records;
}

Result<std::span<const model::KmemEvent>> InstanceStream::next() {
  batch_.clear();
  take_batch();
  while (batch_.empty() && !ended_) {
    if (is_over()) {
      end();
    } else {
      if (drained_) std::this_thread::sleep_for(kPause);
      read_round();
    }
    take_batch();
  }
  count();
  return batch_;
}

std::vector<model::Loss> InstanceStream::losses() const {
  const std::string source(kName);
  std::vector<model::Loss> losses;
  const auto add = [&](std::string_view what, std::uint64_t lost, std::uint64_t of) {
    if (lost > 0) losses.push_back({source, std::string(what), lost, of});
  };
  // The kernel's own count at the end includes what the pages tell.
  const std::uint64_t lost = std::max(counts_.lost, overrun_);
  add("events lost in full ring buffers", lost, counts_.records + lost);
  add("times events were lost and not counted", counts_.lost_often, 0);
  add("pages that are broken", counts_.broken_pages, 0);
  add("call stacks beyond what is kept", stacks_.refused(), counts_.stacks);
  return losses;
}

std::vector<model::Coverage> InstanceStream::coverage() const { return coverage_; }

}  // namespace leakscope::sources::trace_instance
