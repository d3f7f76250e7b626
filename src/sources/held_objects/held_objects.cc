#include "sources/held_objects/held_objects.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/held_objects/message_queues.h"
#include "sources/held_objects/ownership.h"
#include "sources/held_objects/process_look.h"
#include "sources/held_objects/process_table.h"
#include "sources/held_objects/socket_table.h"

namespace leakscope::sources::held_objects {
namespace {

using model::Metric;
constexpr std::string_view kName = "held_objects";
constexpr std::string_view kAsRoot =
    "Run as root, or: sudo setcap cap_sys_ptrace,cap_dac_read_search+ep \"$(command -v leakscope)\"";

/// Bits of WatchedProcess::reported.
enum Figure : std::uint32_t {
  kSocketFigure = 1U << 0U,
  kPipeFigure = 1U << 1U,
  kWatchFigure = 1U << 2U,
  kBpfFigure = 1U << 3U,
};

class HeldObjects final : public Source {
 public:
  HeldObjects(RootedDir root, const HeldObjectsBudget& budget) : root_(std::move(root)), budget_(budget) {
    if (root_.is_live()) page_size_ = page_size_of_this_machine();
  }

  [[nodiscard]] SourceInfo info() const override {
    return {kName, Period{std::chrono::seconds(5), std::chrono::seconds(30)}, true};
  }
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;
  [[nodiscard]] std::vector<model::Loss> losses() const override;

 private:
  struct Finished {
    WatchedProcess* process = nullptr;
    std::unique_ptr<ProcessLook> look;
    bool suspect = false;
  };

  void look_at_processes(model::SampleSink& sink);
  void look_at(LookContext& context, WatchedProcess& process, bool suspect, const Moment& now);
  void finish(WatchedProcess& process, bool suspect, const Moment& now);
  void publish(model::SampleSink& sink, const Finished& finished);
  void report_messages(model::SampleSink& sink);
  void report_watches_of_users(model::SampleSink& sink);
  [[nodiscard]] bool sent_by(const ProcessIdentity& who, const MessageQueue& queue, const Moment& now) const;
  [[nodiscard]] static model::SubjectId subject_of(model::SampleSink& sink, const ProcessIdentity& who) {
    return sink.registry().intern(model::SubjectKey{model::SubjectKind::kProcess, who.comm, who.id});
  }

  [[nodiscard]] static model::SubjectId user_of(model::SampleSink& sink, std::uint32_t uid) {
    return sink.registry().intern(model::SubjectKey{model::SubjectKind::kUser, fmt::format("uid {}", uid)});
  }

  RootedDir root_;
  HeldObjectsBudget budget_;
  PageSize page_size_;
  ProcessTable processes_;
  SocketTable sockets_;
  Ownership ownership_;
  std::vector<Finished> finished_;
  std::set<ProcessId> senders_reported_;
  std::map<std::uint32_t, std::int64_t> messages_of_users_;
  std::map<std::uint32_t, std::int64_t> watches_of_users_;
  FileBuffer buffer_;
  std::uint64_t samples_ = 0;
  bool everyone_was_looked_at_ = false;
  std::size_t looked_at_in_sample_ = 0;
  std::uint64_t ended_while_looked_at_ = 0;
  std::uint64_t interrupted_dumps_ = 0;
  std::optional<Error> pipes_refused_;
  std::optional<Error> sockets_refused_;
  std::optional<Error> messages_trouble_;
};

Result<> HeldObjects::sample(model::SampleSink& sink) {
  ++samples_;
  auto ended = processes_.refresh(root_, budget_.counts);
  if (!ended) return std::unexpected(std::move(ended.error()));
  for (const ProcessId& process : *ended) ownership_.forget(process);
  ownership_.sweep();
  if (root_.is_live()) {
    sockets_.refresh();
    if (sockets_.interrupted()) ++interrupted_dumps_;
    if (sockets_.usable()) {
      sink.put(Metric::kSockQueuedBytes, sockets_.total_bytes());
      sink.put(Metric::kSockOrphanBytes, sockets_.orphan_bytes());
    }
  }
  look_at_processes(sink);
  report_messages(sink);
  report_watches_of_users(sink);
  return {};
}

void HeldObjects::look_at_processes(model::SampleSink& sink) {
  const Nanoseconds start = thread_cpu_time();
  Nanoseconds allowed = budget_.cpu * 2 / 3;
  LookContext context{root_, root_.is_live() ? &sockets_ : nullptr, page_size_, budget_.links, {}, {}, {}};
  context.out_of_time = [&] { return thread_cpu_time() - start > allowed; };
  finished_.clear();
  pipes_refused_.reset();
  sockets_refused_.reset();

  const std::size_t kept_for_others = budget_.links / 3;
  context.links -= kept_for_others;
  for (WatchedProcess* process : processes_.suspects(budget_.suspects_of_each_kind)) {
    if (context.links == 0 || context.out_of_time()) break;
    look_at(context, *process, true, sink.time());
  }
  context.links += kept_for_others;
  allowed = budget_.cpu;
  bool all = true;
  for (WatchedProcess* process = processes_.next_in_turn(); process != nullptr; process = processes_.next_in_turn()) {
    if (context.links == 0 || context.out_of_time()) {
      all = false;
      break;
    }
    // A recorded tree may have one sample only, and nothing tells its suspects before they were looked at.
    if (process->looked_at != samples_ && !process->look) look_at(context, *process, !root_.is_live(), sink.time());
  }
  everyone_was_looked_at_ = everyone_was_looked_at_ || (all && processes_.never_looked_at() == 0);
  looked_at_in_sample_ = finished_.size();
  for (const Finished& finished : finished_) publish(sink, finished);
}

void HeldObjects::look_at(LookContext& context, WatchedProcess& process, bool suspect, const Moment& now) {
  if (!process.look) {
    auto who = read_process_identity(root_, process.pid, context.buffer);
    if (!who) return;
    if (process.who && process.who->id != who->id) {
      ownership_.forget(process.who->id);
      const auto fds = process.fds;
      process = WatchedProcess{};
      process.pid = who->id.pid;
      process.fds = fds;
      process.seen = true;
    }
    process.look = std::make_unique<ProcessLook>(std::move(*who), now.boot >= process.watches_again);
  }
  switch (process.look->advance(context)) {
    case ProcessLook::End::kComplete:
      return finish(process, suspect, now);
    case ProcessLook::End::kMore:
      return;
    case ProcessLook::End::kGone:
      ++ended_while_looked_at_;
      process.look.reset();
      return;
    case ProcessLook::End::kDenied:
      process.denied = true;
      process.look.reset();
      return;
  }
}

void HeldObjects::finish(WatchedProcess& process, bool suspect, const Moment& now) {
  const ProcessLook& look = *process.look;
  process.who = look.who();
  process.denied = false;
  process.looked_at = samples_;
  process.fds_at_look = look.counts().total();
  ownership_.begin_look(look.who().id);
  for (const ProcessLook::Object& object : look.objects()) ownership_.claim(object.key, look.who().id, object.reads);
  if (look.watches()) {
    process.watches = *look.watches();
    // The kernel builds the whole list under the group's lock, so it is asked for at most 1 % of the time.
    process.watches_again = now.boot + look.watches_cost() * 100;
    if (process.watches > 0 && !process.uid) {
      const auto status = root_.read(fmt::format("proc/{}/status", process.pid.value), buffer_);
      const auto uid = status ? parse_effective_uid(*status) : std::unexpected(status.error());
      if (uid) process.uid = *uid;
    }
  } else if (!look.has_inotify()) {
    process.watches = 0;
  }
  if (const auto& refused = look.refused(ObjectKey::Kind::kPipe)) pipes_refused_ = refused;
  if (const auto& refused = look.refused(ObjectKey::Kind::kSocket)) sockets_refused_ = refused;
  finished_.push_back({&process, std::move(process.look), suspect});
}

void HeldObjects::publish(model::SampleSink& sink, const Finished& finished) {
  WatchedProcess& process = *finished.process;
  const ProcessLook& look = *finished.look;
  std::int64_t sockets = 0;
  std::int64_t pipes = 0;
  std::int64_t maps = 0;
  for (const ProcessLook::Object& object : look.objects()) {
    if (!ownership_.owns(object.key, look.who().id)) continue;
    std::int64_t& sum = object.key.kind == ObjectKey::Kind::kSocket ? sockets
                        : object.key.kind == ObjectKey::Kind::kPipe ? pipes
                                                                    : maps;
    sum = checked_add(sum, object.bytes).value_or(sum);
  }
  process.held_bytes = checked_add(sockets + pipes, maps).value_or(sockets + pipes);

  const auto subject = subject_of(sink, look.who());
  const auto put = [&](Figure figure, Metric metric, std::int64_t value) {
    if (value > 0) process.reported |= figure;
    if (finished.suspect || (process.reported & figure) != 0) sink.put(subject, metric, value);
  };
  if (finished.suspect) {
    const FdCounts& counts = look.counts();
    sink.put(subject, Metric::kProcessFdSockets, counts.sockets);
    sink.put(subject, Metric::kProcessFdPipes, counts.pipes);
    sink.put(subject, Metric::kProcessFdAnon, counts.anon);
    sink.put(subject, Metric::kProcessFdFiles, counts.files);
    sink.put(subject, Metric::kProcessFdMemfds, counts.memfds);
  }
  if (sockets_.usable()) put(kSocketFigure, Metric::kProcessSocketBytes, sockets);
  if (root_.is_live() && !look.refused(ObjectKey::Kind::kPipe)) put(kPipeFigure, Metric::kProcessPipeBytes, pipes);
  if (!look.refused(ObjectKey::Kind::kBpfMap)) put(kBpfFigure, Metric::kProcessBpfBytes, maps);
  if (look.watches() || !look.has_inotify()) {
    put(kWatchFigure, Metric::kProcessInotifyWatches, look.watches().value_or(0));
  }
}

bool HeldObjects::sent_by(const ProcessIdentity& who, const MessageQueue& queue, const Moment& now) const {
  // The pid of the last sender may be another process by now: one that started after the send. Both times are seconds.
  const Nanoseconds boot_in_wall = now.wall.since_epoch - now.boot.since_boot;
  const auto started = boot_in_wall + std::chrono::milliseconds(10) * static_cast<std::int64_t>(who.id.start.ticks);
  return started <= std::chrono::seconds(queue.last_send_seconds) + std::chrono::seconds(1);
}

void HeldObjects::report_messages(model::SampleSink& sink) {
  messages_trouble_.reset();
  const auto text = root_.read("proc/sysvipc/msg", buffer_);
  auto queues = text ? parse_message_queues(*text) : std::unexpected(text.error());
  if (!queues) {
    messages_trouble_ = std::move(queues.error());
    return;
  }
  struct Sender {
    std::optional<ProcessIdentity> who;
    std::int64_t bytes = 0;
  };
  std::map<std::int32_t, Sender> senders;
  for (auto& [uid, bytes] : messages_of_users_) bytes = 0;
  for (const MessageQueue& queue : *queues) {
    const std::int64_t bytes = kernel_bytes(queue, page_size_);
    const auto [at, is_new] = senders.try_emplace(queue.last_sender.value);
    Sender& sender = at->second;
    if (is_new && queue.last_sender.value > 0) {
      if (auto who = read_process_identity(root_, queue.last_sender, buffer_)) sender.who = std::move(*who);
    }
    const bool named = sender.who && sent_by(*sender.who, queue, sink.time());
    std::int64_t& sum = named ? sender.bytes : messages_of_users_[queue.creator_uid];
    sum = checked_add(sum, bytes).value_or(sum);
  }
  for (const auto& [pid, sender] : senders) {
    if (sender.bytes == 0) continue;
    sink.put(subject_of(sink, *sender.who), Metric::kProcessMsgBytes, sender.bytes);
    senders_reported_.insert(sender.who->id);
  }
  // Those whose queues were emptied since; a sender that ended has no more readings.
  std::erase_if(senders_reported_, [&](const ProcessId& id) {
    if (const auto sender = senders.find(id.pid.value); sender != senders.end() && sender->second.bytes > 0) {
      return sender->second.who->id != id;
    }
    const auto who = read_process_identity(root_, id.pid, buffer_);
    if (who && who->id == id) sink.put(subject_of(sink, *who), Metric::kProcessMsgBytes, 0);
    return true;
  });
  for (const auto& [uid, bytes] : messages_of_users_) sink.put(user_of(sink, uid), Metric::kUserMsgBytes, bytes);
}

void HeldObjects::report_watches_of_users(model::SampleSink& sink) {
  if (!everyone_was_looked_at_) return;
  for (auto& [uid, watches] : watches_of_users_) watches = 0;
  for (const auto& [pid, process] : processes_) {
    if (process.uid) watches_of_users_[*process.uid] += process.watches;
  }
  if (watches_of_users_.empty()) return;
  const auto text = root_.read("proc/sys/fs/inotify/max_user_watches", buffer_);
  const auto limit = text ? parse_number<std::int64_t>(trim(*text)) : std::nullopt;
  for (const auto& [uid, watches] : watches_of_users_) {
    const auto user = user_of(sink, uid);
    sink.put(user, Metric::kInotifyWatchesUser, watches);
    if (limit) sink.put(user, Metric::kInotifyWatchesMax, *limit);
  }
}

std::vector<model::Coverage> HeldObjects::coverage() const {
  using State = model::Coverage::State;
  std::vector<model::Coverage> all;
  const auto add = [&all](std::string source, State state, std::string why, std::string_view remedy = {}) {
    all.push_back({std::move(source), state, std::move(why), std::string(remedy)});
  };
  const std::string name(kName);
  if (const std::size_t denied = processes_.denied(); denied > 0) {
    add(name, denied == processes_.size() ? State::kDenied : State::kPartial,
        fmt::format("the descriptors of {} of {} processes may not be read", denied, processes_.size()), kAsRoot);
  } else if (const std::size_t never = processes_.never_looked_at(); never > 0) {
    add(name, State::kPartial,
        fmt::format("{} of {} processes were not looked at yet; {} were in the last sample, the others come in turn",
                    never, processes_.size(), looked_at_in_sample_));
  } else {
    add(name, State::kOk, {});
  }
  if (!root_.is_live()) {
    add(name + ".sockets", State::kAbsent, "what waits in sockets and pipes can only be asked of the running kernel");
    return all;
  }
  if (const auto& trouble = sockets_.trouble()) all.push_back(model::coverage_from_error(name + ".sockets", *trouble));
  if (sockets_refused_)
    all.push_back(model::coverage_from_error(name + ".sockets", *sockets_refused_, std::string(kAsRoot)));
  if (pipes_refused_) all.push_back(model::coverage_from_error(name + ".pipes", *pipes_refused_, std::string(kAsRoot)));
  if (messages_trouble_) all.push_back(model::coverage_from_error(name + ".messages", *messages_trouble_));
  return all;
}

std::vector<model::Loss> HeldObjects::losses() const {
  std::vector<model::Loss> losses;
  if (ended_while_looked_at_ > 0) {
    losses.push_back(
        {std::string(kName), "processes that ended while their descriptors were read", ended_while_looked_at_, 0});
  }
  if (interrupted_dumps_ > 0) {
    losses.push_back({std::string(kName), "socket lists that changed while they were read, so that some may be missing",
                      interrupted_dumps_, samples_});
  }
  return losses;
}

}  // namespace

Result<std::unique_ptr<Source>> open_held_objects(const RootedDir& root, const HeldObjectsBudget& budget) {
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  if (!own_root->exists("proc")) return fail(Error::Kind::kNotFound, root.display("proc"), "is not there");
  return std::make_unique<HeldObjects>(std::move(*own_root), budget);
}

}  // namespace leakscope::sources::held_objects
