#include "sources/kernel_log/kernel_log.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sources/kernel_log/kmsg_record.h"
#include "sources/kernel_log/log_remedy.h"
#include "sources/kernel_log/memory_message.h"

namespace leakscope::sources::kernel_log {
namespace {

constexpr std::string_view kName = "kernel_log";
constexpr std::string_view kPath = "dev/kmsg";
// One sample reads and keeps so much at most; the rest of a burst waits in the kernel's ring for the next one.
constexpr int kRecordsPerSample = 4096;
constexpr int kEventsPerSample = 200;

}  // namespace

SourceInfo KernelLog::info() const { return {kName, Period{std::chrono::seconds(1), std::chrono::seconds(5)}, false}; }

Result<> KernelLog::sample(model::SampleSink& sink) {
  int events = 0;
  for (int i = 0; i < kRecordsPerSample; ++i) {
    const ssize_t got = ::read(log_.get(), buffer_.data(), buffer_.size());
    if (got > 0) {
      take(sink, {buffer_.data(), static_cast<std::size_t>(got)}, events);
      continue;
    }
    // EPIPE: the record that was to come next is gone; the next read gives the oldest that is left.
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;
    if (got < 0 && errno != EAGAIN) {
      trouble_ = error_from_errno(errno, "/dev/kmsg", "read");
      return std::unexpected(*trouble_);
    }
    all_read_at_ = sink.time().boot;
    trouble_.reset();
    return {};
  }
  all_read_at_.reset();
  return {};
}

void KernelLog::take(model::SampleSink& sink, std::string_view raw, int& events) {
  const auto record = parse_kmsg_record(raw);
  if (!record) {
    ++malformed_;
    return;
  }
  if (last_sequence_ && record->sequence > *last_sequence_ + 1) overwritten_ += record->sequence - *last_sequence_ - 1;
  last_sequence_ = record->sequence;
  if (record->facility != 0) return;
  const auto message = classify_memory_message(record->text);
  if (!message) return;
  if (message->text.find("invoked oom-killer") != std::string_view::npos) oom_cgroup_.clear();
  if (const auto cgroup = oom_cgroup(message->text)) oom_cgroup_ = unescape_kmsg(*cgroup);
  if (events >= kEventsPerSample) {
    ++not_kept_;
    return;
  }
  ++events;
  model::Event event{moment_of(sink.time(), record->time), message->kind, std::nullopt, unescape_kmsg(message->text)};
  if (event.kind == model::EventKind::kOomKill) event.subject = cgroup_subject(sink);
  sink.event(std::move(event));
}

Moment KernelLog::moment_of(const Moment& now, Nanoseconds kernel_time) const {
  const Nanoseconds latest = now.boot.since_boot;
  const Nanoseconds earliest = all_read_at_ ? std::min(all_read_at_->since_boot, latest) : Nanoseconds{0};
  const Nanoseconds suspended = latest - now.monotonic;
  const Nanoseconds boot = std::clamp(kernel_time + suspended, earliest, latest);
  const Nanoseconds ago = latest - boot;
  return Moment{BootTime{boot}, WallTime{now.wall.since_epoch - ago}, now.monotonic - ago};
}

std::optional<model::SubjectId> KernelLog::cgroup_subject(model::SampleSink& sink) const {
  if (oom_cgroup_.empty()) return std::nullopt;
  const auto unified = sink.registry().find({model::SubjectKind::kCgroup, oom_cgroup_});
  return unified ? unified : sink.registry().find({model::SubjectKind::kCgroup, "memory:" + oom_cgroup_});
}

std::vector<model::Coverage> KernelLog::coverage() const {
  if (trouble_) return {model::coverage_from_error(std::string(kName), *trouble_)};
  return {{std::string(kName), model::Coverage::State::kOk, {}, {}}};
}

std::vector<model::Loss> KernelLog::losses() const {
  std::vector<model::Loss> losses;
  const auto add = [&losses](std::string what, std::uint64_t count) {
    if (count > 0) losses.push_back({std::string(kName), std::move(what), count, 0});
  };
  add("kernel messages overwritten before they were read", overwritten_);
  add("memory messages of a burst that were not kept", not_kept_);
  add("records of /dev/kmsg that could not be understood", malformed_);
  return losses;
}

Result<std::unique_ptr<Source>> open_kernel_log(const RootedDir& root) {
  if (!root.is_live()) {
    return fail(Error::Kind::kUnsupported, root.display(kPath), "only the log of the running kernel can be followed");
  }
  auto log = root.open_file(kPath);
  if (!log) return std::unexpected(with_log_remedy(std::move(log.error())));
  if (::lseek(log->get(), 0, SEEK_END) < 0) {
    return std::unexpected(error_from_errno(errno, root.display(kPath), "seek to the end of"));
  }
  return std::make_unique<KernelLog>(std::move(*log));
}

}  // namespace leakscope::sources::kernel_log
