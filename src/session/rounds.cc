#include "session/rounds.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "findings/rounds.h"
#include "session/cache_dropper.h"
#include "session/diagnose.h"
#include "session/live_sampler.h"
#include "session/load_command.h"
#include "sources/process/pid_stat.h"

namespace leakscope::session {
namespace {

using model::Coverage;

constexpr Nanoseconds kBesideDeadline = std::chrono::seconds(5);
constexpr std::size_t kLeftBehindNamed = 5;
/// A rest is at least a third of what came before it: what grows with time must have its chance there.
constexpr int kRestPart = 3;

Result<ProcessId> identify(const std::string& root_path, Pid pid) {
  auto root = RootedDir::open(root_path);
  if (!root) return std::unexpected(std::move(root.error()));
  FileBuffer buffer;
  const auto text = root->read(fmt::format("proc/{}/stat", pid.value), buffer);
  if (!text) return fail(Error::Kind::kNotFound, "--pid", fmt::format("there is no process {}", pid.value));
  const auto stat = sources::process::parse_pid_stat(*text);
  if (!stat) return std::unexpected(stat.error());
  return stat->id;
}

/// The rounds of one run, one after the other.
class RoundRun {
 public:
  RoundRun(const RoundsOptions& options, const StopFlag& stop, const RoundsCallback& progress)
      : options_(options), stop_(stop), progress_(progress), command_(options.command) {}

  [[nodiscard]] Result<report::Document> run() {
    if (options_.pid) {
      auto process = identify(options_.sources.root, *options_.pid);
      if (!process) return std::unexpected(std::move(process.error()));
      rounds_.only = *process;
    }
    if (options_.drop_caches) {
      auto dropper = CacheDropper::open();
      if (!dropper) return std::unexpected(std::move(dropper.error()));
      dropper_ = std::move(*dropper);
    }
    if (auto opened = open(); !opened) return std::unexpected(std::move(opened.error()));
    // The first look fills our own buffers; the second is where the first round begins.
    for (int i = 0; i < 2; ++i) {
      if (auto looked = look(); !looked) return std::unexpected(std::move(looked.error()));
    }
    for (std::size_t i = 0; i < options_.rounds && !stop_.raised() && !server_ended_; ++i) {
      const auto finished = one_round(i + 1);
      // In the first round it is a mistake of the user's; later what there is can still be judged.
      if (!finished && rounds_.done.empty()) return std::unexpected(finished.error());
      if (!finished) broke_off_ = to_string(finished.error());
      if (!finished || !*finished) break;
    }
    return document();
  }

 private:
  [[nodiscard]] Result<> open() {
    SourceOptions sources = options_.sources;
    sources.heap_of = rounds_.only;
    SamplingOptions sampling;
    sampling.mode = SamplingMode::kOnDemand;
    auto sampler = open_live(registry_, sources, clock_, stop_, sampling);
    if (!sampler) return std::unexpected(std::move(sampler.error()));
    sampler_ = std::move(*sampler);
    observation_.host = sampler_->host();
    observation_.observers = sampler_->observers();
    return {};
  }

  [[nodiscard]] Result<BootTime> look() {
    if (dropper_) rounds_.slabs_are_exact = dropper_->shrink();
    auto taken = sampler_->next(sample_);
    if (!taken) return std::unexpected(std::move(taken.error()));
    sampler_->settle(sample_, kBesideDeadline);
    observation_.add(sample_);
    return sample_.time.boot;
  }

  /// False: it was stopped on the way, and does not count.
  [[nodiscard]] Result<bool> one_round(std::size_t number) {
    tell({number, options_.rounds, false});
    findings::RoundTime times;
    times.start = observation_.end()->boot;
    auto outcome = command_.run(stop_);
    if (!outcome) return std::unexpected(std::move(outcome.error()));
    if (outcome->interrupted) return false;
    if (!outcome->failure.empty() && failures_++ == 0) {
      first_failure_ = fmt::format("{} in round {}", outcome->failure, number);
    }
    tell({number, options_.rounds, true});
    if (dropper_) {
      if (auto dropped = dropper_->drop(); !dropped) return std::unexpected(std::move(dropped.error()));
    }
    if (stop_.wait_for(options_.settle / 2)) return false;
    const auto rest = look();
    if (!rest) return std::unexpected(rest.error());
    if (stop_.wait_for(length_of_rest(*rest - times.start))) return false;
    const auto end = look();
    if (!end) return std::unexpected(end.error());
    if (options_.pid) {
      const auto process = identify(options_.sources.root, *options_.pid);
      server_ended_ = !process || *process != rounds_.only;
    }
    if (server_ended_) {
      broke_off_ = fmt::format("process {} ended in round {}", options_.pid->value, number);
      return false;
    }
    times.rest = *rest;
    times.end = *end;
    rounds_.done.push_back(times);
    command_time_ += outcome->elapsed;
    return true;
  }

  /// Short or long by the toss of a coin, and how long by chance: what somebody else does every two seconds must not
  /// keep step with rounds of two seconds, and happen in each of them while the command runs.
  [[nodiscard]] Nanoseconds length_of_rest(Nanoseconds before) {
    const Nanoseconds least = std::max(options_.settle / 2, before / kRestPart);
    const Nanoseconds longer = std::max(least, before * 3 / 4);
    std::uniform_int_distribution<Nanoseconds::rep> about(longer.count() * 3 / 5, longer.count() * 7 / 5);
    return std::bernoulli_distribution()(random_) ? least + Nanoseconds{about(random_)} : least;
  }

  void tell(const RoundsProgress& progress) const {
    if (progress_) progress_(progress);
  }

  [[nodiscard]] report::Document document() {
    observation_.coverage = sampler_->coverage();
    const std::vector<model::Loss> losses = sampler_->losses();
    observation_.losses.insert(observation_.losses.end(), losses.begin(), losses.end());
    add_coverage();
    findings::JudgeOptions judge;
    judge.rounds = rounds_;
    report::Document document = document_from(observation_, judge);
    const std::size_t done = rounds_.done.size();
    const Nanoseconds length = done == 0 ? Nanoseconds{0} : rounds_.done.back().end - rounds_.done.front().start;
    document.window->rounds = report::Window::Rounds{.asked = options_.rounds,
                                                     .done = done,
                                                     .failed = failures_,
                                                     .settle = options_.settle,
                                                     .mean = done == 0 ? length : length / static_cast<int>(done)};
    add_details(document);
    return document;
  }

  void add_coverage() {
    const auto add = [&](Coverage::State state, std::string why, std::string remedy) {
      observation_.coverage.push_back({"rounds", state, std::move(why), std::move(remedy)});
    };
    if (failures_ > 0) {
      add(Coverage::State::kPartial,
          fmt::format("the command failed in {} of {} rounds; first: {}", failures_,
                      std::max(failures_, rounds_.done.size()), first_failure_),
          "see what it wrote to standard error");
    }
    if (!broke_off_.empty()) add(Coverage::State::kPartial, "the rounds broke off: " + broke_off_, "");
    if (const auto left = command_.left_behind(); !left.empty()) {
      std::string names;
      for (std::size_t i = 0; i < std::min(left.size(), kLeftBehindNamed); ++i) {
        names += fmt::format("{}{} ({})", i > 0 ? ", " : "", left[i].pid.value, left[i].comm);
      }
      if (left.size() > kLeftBehindNamed) names += ", ...";
      add(Coverage::State::kPartial,
          fmt::format("the command left {} running: {}",
                      left.size() == 1 ? "a process" : fmt::format("{} processes", left.size()), names),
          "");
    }
  }

  void add_details(report::Document& document) const {
    const std::size_t done = rounds_.done.size();
    if (done > 0) {
      document.details.insert(
          document.details.begin(),
          fmt::format("{} {} of {}, {} each, of which it ran for {}; the first is a warm-up and does not count.", done,
                      done == 1 ? "round" : "rounds", options_.command.front(), to_human(document.window->rounds->mean),
                      to_human(command_time_ / static_cast<int>(done))));
    }
    if (failures_ > 0) {
      document.details.push_back(fmt::format("The command failed in {} of {} rounds; first: {}.", failures_,
                                             std::max(failures_, done), first_failure_));
    }
    if (!broke_off_.empty()) document.details.push_back("The rounds broke off: " + broke_off_ + ".");
    if (options_.drop_caches) {
      document.details.push_back(
          rounds_.slabs_are_exact
              ? "Between rounds caches were dropped and slab caches shrunk, as --drop-caches asks."
              : "Between rounds caches were dropped, as --drop-caches asks; slab caches could not be shrunk.");
    }
  }

  const RoundsOptions& options_;
  const StopFlag& stop_;
  const RoundsCallback& progress_;
  LoadCommand command_;
  const SystemClock clock_;
  std::shared_ptr<model::Registry> registry_ = std::make_shared<model::Registry>();
  model::Observation observation_{registry_, 1U << 16U};
  std::unique_ptr<LiveSampler> sampler_;
  std::optional<CacheDropper> dropper_;
  model::Sample sample_;
  findings::Rounds rounds_;
  std::mt19937 random_{static_cast<std::uint32_t>(clock_.now().monotonic.count())};
  Nanoseconds command_time_{0};
  std::size_t failures_ = 0;
  std::string first_failure_;
  std::string broke_off_;
  bool server_ended_ = false;
};

}  // namespace

Result<report::Document> diagnose_rounds(const RoundsOptions& options, const StopFlag& stop,
                                         const RoundsCallback& progress) {
  return RoundRun(options, stop, progress).run();
}

}  // namespace leakscope::session
