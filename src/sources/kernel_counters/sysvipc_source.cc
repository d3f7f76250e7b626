#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "sources/kernel_counters/counter_file.h"
#include "sources/kernel_counters/fs_counters.h"
#include "sources/kernel_counters/kernel_counters.h"
#include "sources/kernel_counters/sysvipc.h"

namespace leakscope::sources::kernel_counters {
namespace {

using model::Metric;

constexpr std::size_t kLargestKept = 20;
// Unattached segments are all kept up to here: a program may leak thousands, and their sum tells it as well.
constexpr std::size_t kMostSubjects = 512;

Bytes weight(const ShmSegment& segment) { return segment.rss.value_or(segment.size); }

std::string detail_of(const ShmSegment& segment) {
  std::string detail;
  if (segment.creator) detail = fmt::format("made by pid {}", segment.creator->value);
  if (segment.uid) detail += fmt::format("{}uid {}", detail.empty() ? "" : ", ", *segment.uid);
  return detail;
}

/// The segments that have a subject of their own. A segment keeps its subject as long as it exists, also when it is
/// no longer one of the largest.
class TrackedSegments {
 public:
  /// `complete`: all rows are there, so a segment without one was removed.
  void put(model::SampleSink& sink, const std::vector<ShmSegment>& rows, bool complete) {
    ++round_;
    const Bytes threshold = weight_of_smallest_kept(rows);
    for (const ShmSegment& segment : rows) {
      auto found = subjects_.find(segment.id);
      if (found == subjects_.end()) {
        if (segment.attached > 0 && weight(segment) < threshold) continue;
        if (subjects_.size() >= kMostSubjects) continue;
        found = subjects_.emplace(segment.id, Tracked{introduce(sink, segment)}).first;
      }
      found->second.round = round_;
      const model::SubjectId id = found->second.subject;
      if (segment.rss) sink.put(id, Metric::kShmSegmentRss, segment.rss->count());
      if (segment.swap) sink.put(id, Metric::kShmSegmentSwap, segment.swap->count());
      sink.put(id, Metric::kShmSegmentSize, segment.size.count());
      sink.put(id, Metric::kShmSegmentAttached, segment.attached);
    }
    if (!complete) return;
    std::erase_if(subjects_, [&](const auto& entry) {
      if (entry.second.round == round_) return false;
      sink.retire(entry.second.subject);
      return true;
    });
  }

 private:
  struct Tracked {
    model::SubjectId subject;
    std::uint64_t round = 0;
  };

  static model::SubjectId introduce(model::SampleSink& sink, const ShmSegment& segment) {
    return sink.registry().intern(
        model::SubjectInfo{.key = {.kind = model::SubjectKind::kSysvShm,
                                   .name = fmt::format("shmid {} key {:#x}", segment.id, segment.key)},
                           .detail = detail_of(segment)});
  }

  Bytes weight_of_smallest_kept(const std::vector<ShmSegment>& rows) {
    if (rows.size() <= kLargestKept) return Bytes(0);
    weights_.clear();
    for (const ShmSegment& segment : rows) weights_.push_back(weight(segment).count());
    std::ranges::nth_element(weights_, weights_.begin() + (kLargestKept - 1), std::ranges::greater{});
    return Bytes(weights_[kLargestKept - 1]);
  }

  std::unordered_map<std::int32_t, Tracked> subjects_;
  std::vector<std::int64_t> weights_;
  std::uint64_t round_ = 0;
};

class SysvIpc final : public Source {
 public:
  explicit SysvIpc(RootedDir root)
      : root_(std::move(root)),
        shm_(root_, "sysvipc.shm", "proc/sysvipc/shm"),
        msg_(root_, "sysvipc.msg", "proc/sysvipc/msg"),
        sem_(root_, "sysvipc.sem", "proc/sysvipc/sem"),
        shmmni_(root_, "shmmni", "proc/sys/kernel/shmmni"),
        msgmni_(root_, "msgmni", "proc/sys/kernel/msgmni"),
        semmni_(root_, "semmni", "proc/sys/kernel/sem") {}

  [[nodiscard]] bool any_open() const { return shm_.is_open() || msg_.is_open() || sem_.is_open(); }
  [[nodiscard]] Error first_error() const { return *shm_.error(); }

  SourceInfo info() const override {
    return {.name = "sysvipc", .period = {.live = std::chrono::seconds(5), .recording = std::chrono::seconds(30)}};
  }

  Result<> sample(model::SampleSink& sink) override {
    if (read_table(shm_, parse_sysv_shm, shm_table_)) put_shm(sink);
    if (read_table(msg_, parse_sysv_msg, msg_table_)) put_msg(sink);
    if (read_table(sem_, parse_sysv_sem, sem_table_)) put_sem(sink);
    if (const auto limit = read_parsed(shmmni_, parse_single)) sink.put(Metric::kSysvShmMax, *limit);
    if (const auto limit = read_parsed(msgmni_, parse_single)) sink.put(Metric::kSysvMsgMax, *limit);
    if (const auto limit = read_parsed(semmni_, [](std::string_view text) { return parse_nth(text, 3); })) {
      sink.put(Metric::kSysvSemMax, *limit);
    }
    return {};
  }

  std::vector<model::Coverage> coverage() const override {
    std::vector<model::Coverage> entries{shm_.coverage(), msg_.coverage(), sem_.coverage()};
    if (entries[0].state == model::Coverage::State::kOk && without_rss_) {
      entries[0].state = model::Coverage::State::kPartial;
      entries[0].why = "this kernel does not tell how much of a segment is resident";
    }
    return entries;
  }

  std::vector<model::Loss> losses() const override {
    if (lines_lost_ == 0) return {};
    return {{"sysvipc", "lines that could not be read", lines_lost_, 0}};
  }

 private:
  template <class Row, class Parse>
  bool read_table(CounterFile& file, Parse parse, IpcTable<Row>& table) {
    const auto text = file.read();
    if (!text) return false;
    if (const auto parsed = parse(*text, table); !parsed) {
      file.refuse(parsed.error());
      return false;
    }
    lines_lost_ += table.lines_left_out + (table.cut ? 1 : 0);
    return true;
  }
  template <class Row>
  static bool is_complete(const IpcTable<Row>& table) {
    return table.lines_left_out == 0 && !table.cut;
  }

  void put_shm(model::SampleSink& sink) {
    const bool complete = is_complete(shm_table_);
    segments_.put(sink, shm_table_.rows, complete);
    if (!complete) return;
    std::optional<std::int64_t> size = 0;
    std::optional<std::int64_t> rss = 0;
    std::optional<std::int64_t> unattached_rss = 0;
    std::int64_t unattached = 0;
    for (const ShmSegment& segment : shm_table_.rows) {
      if (size) size = checked_add(*size, segment.size.count());
      if (rss) rss = segment.rss ? checked_add(*rss, segment.rss->count()) : std::nullopt;
      if (segment.attached > 0) continue;
      ++unattached;
      if (unattached_rss) {
        unattached_rss = segment.rss ? checked_add(*unattached_rss, segment.rss->count()) : std::nullopt;
      }
    }
    without_rss_ = !shm_table_.rows.empty() && !rss;
    sink.put(Metric::kSysvShmSegments, static_cast<std::int64_t>(shm_table_.rows.size()));
    sink.put(Metric::kSysvShmUnattached, unattached);
    if (size) sink.put(Metric::kSysvShmSize, *size);
    if (rss) sink.put(Metric::kSysvShmBytes, *rss);
    if (unattached_rss) sink.put(Metric::kSysvShmUnattachedBytes, *unattached_rss);
  }

  void put_msg(model::SampleSink& sink) const {
    if (!is_complete(msg_table_)) return;
    std::optional<std::int64_t> bytes = 0;
    std::optional<std::int64_t> messages = 0;
    for (const MessageQueue& queue : msg_table_.rows) {
      if (bytes) bytes = checked_add(*bytes, queue.bytes.count());
      if (messages) messages = checked_add(*messages, queue.messages);
    }
    sink.put(Metric::kSysvMsgQueues, static_cast<std::int64_t>(msg_table_.rows.size()));
    if (bytes) sink.put(Metric::kSysvMsgBytes, *bytes);
    if (messages) sink.put(Metric::kSysvMsgCount, *messages);
  }

  void put_sem(model::SampleSink& sink) const {
    if (!is_complete(sem_table_)) return;
    std::optional<std::int64_t> semaphores = 0;
    for (const SemaphoreSet& set : sem_table_.rows) {
      if (semaphores) semaphores = checked_add(*semaphores, set.semaphores);
    }
    sink.put(Metric::kSysvSemSets, static_cast<std::int64_t>(sem_table_.rows.size()));
    if (semaphores) sink.put(Metric::kSysvSemaphores, *semaphores);
  }

  RootedDir root_;
  CounterFile shm_;
  CounterFile msg_;
  CounterFile sem_;
  CounterFile shmmni_;
  CounterFile msgmni_;
  CounterFile semmni_;
  IpcTable<ShmSegment> shm_table_;
  IpcTable<MessageQueue> msg_table_;
  IpcTable<SemaphoreSet> sem_table_;
  TrackedSegments segments_;
  bool without_rss_ = false;
  std::uint64_t lines_lost_ = 0;
};

}  // namespace

Result<std::unique_ptr<Source>> open_sysvipc(const RootedDir& root) {
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  auto source = std::make_unique<SysvIpc>(std::move(*own_root));
  if (!source->any_open()) return std::unexpected(source->first_error());
  return source;
}

}  // namespace leakscope::sources::kernel_counters
