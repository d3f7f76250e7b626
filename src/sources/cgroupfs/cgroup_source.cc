#include "sources/cgroupfs/cgroup_source.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sources/cgroupfs/cgroup_mounts.h"
#include "sources/cgroupfs/cgroup_reader.h"
#include "sources/cgroupfs/cgroup_tree.h"

namespace leakscope::sources::cgroupfs {
namespace {

using model::Metric;
using Index = CgroupTree::Index;
constexpr std::string_view kName = "cgroups";

/// At most a quarter of the descriptors that we may have.
std::size_t cgroups_to_hold(std::size_t wanted, std::size_t descriptors_each) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return std::min(wanted, static_cast<std::size_t>(limit.rlim_cur) / 4 / descriptors_each);
}

class CgroupSource final : public Source {
 public:
  CgroupSource(RootedDir root, Hierarchy where, CgroupReader reader, const CgroupBudget& budget)
      : root_(std::move(root)),
        where_(std::move(where)),
        reader_(std::move(reader)),
        budget_(budget),
        tree_(reader_.directory(), budget.most_cgroups) {
    budget_.favourites = cgroups_to_hold(budget.favourites, reader_.descriptors_per_cgroup());
  }

  [[nodiscard]] SourceInfo info() const override {
    return {kName, Period{std::chrono::seconds(2), std::chrono::seconds(10)}, true};
  }
  [[nodiscard]] Result<> sample(model::SampleSink& sink) override;
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;

 private:
  struct Known {
    model::SubjectId subject;
    CgroupReader::Memory files;
    CgroupValues limits;
    std::uint64_t limits_of_walk = 0;
    std::int64_t current = 0;
    bool favourite = false;
  };

  void walk(model::SampleSink& sink);
  void made(model::SampleSink& sink, Index index);
  void removed(model::SampleSink& sink, Index index);
  void choose_favourites();
  void read_some(model::SampleSink& sink);
  bool read_one(model::SampleSink& sink, Index index);
  void count_dying(model::SampleSink& sink);
  [[nodiscard]] std::optional<std::int64_t> num_cgroups();
  [[nodiscard]] CgroupTree::Listener listener(model::SampleSink& sink) {
    return {[this, &sink](Index index) { made(sink, index); }, [this, &sink](Index index) { removed(sink, index); }};
  }
  [[nodiscard]] std::string subject_name(Index index) const;

  RootedDir root_;
  Hierarchy where_;
  CgroupReader reader_;
  CgroupBudget budget_;
  CgroupTree tree_;
  std::vector<Known> known_;
  std::vector<Index> favourites_;
  Index next_in_turn_ = 0;
  CgroupValues values_;
  FileBuffer buffer_;
  std::uint64_t walks_ = 0;
  std::optional<BootTime> walk_began_;
  std::optional<std::int64_t> num_before_;
  std::size_t read_last_time_ = 0;
  std::optional<Error> trouble_;
};

std::string CgroupSource::subject_name(Index index) const {
  const std::string path = where_.base + tree_.node(index).path;
  return where_.prefix + (path.empty() ? "/" : path);
}

Result<> CgroupSource::sample(model::SampleSink& sink) {
  walk(sink);
  read_some(sink);
  if (auto trouble = reader_.take_trouble()) trouble_ = std::move(trouble);
  if (auto trouble = tree_.take_trouble()) trouble_ = std::move(trouble);
  return {};
}

void CgroupSource::walk(model::SampleSink& sink) {
  const BootTime now = sink.time().boot;
  if (!tree_.walking()) {
    if (walk_began_ && now - *walk_began_ < budget_.walk_period) return;
    walk_began_ = now;
    num_before_ = num_cgroups();
  }
  if (!tree_.walk(budget_.walk_cpu, listener(sink))) return;
  ++walks_;
  count_dying(sink);
  choose_favourites();
}

void CgroupSource::made(model::SampleSink& sink, Index index) {
  if (known_.size() <= index) known_.resize(index + 1);
  model::SubjectInfo info{.key = {model::SubjectKind::kCgroup, subject_name(index)}};
  if (index != CgroupTree::kRoot) info.parent = known_[tree_.node(index).parent].subject;
  known_[index] = Known{};
  known_[index].subject = sink.registry().intern(info);
  if (walks_ > 0) sink.event(model::EventKind::kCgroupMade, known_[index].subject, std::move(info.key.name));
}

void CgroupSource::removed(model::SampleSink& sink, Index index) {
  Known& gone = known_[index];
  sink.event(model::EventKind::kCgroupRemoved, gone.subject, subject_name(index));
  sink.retire(gone.subject);
  gone = Known{};
  std::erase(favourites_, index);
}

void CgroupSource::choose_favourites() {
  for (const Index index : favourites_) known_[index].favourite = false;
  std::vector<Index> all;
  for (Index index = 0; index < tree_.end_index(); ++index) {
    if (tree_.node(index).alive) all.push_back(index);
  }
  const auto rank = [this](Index index) {
    const bool limited = known_[index].limits.find(Metric::kCgroupMax).has_value();
    return std::tuple(index != CgroupTree::kRoot, !limited, -known_[index].current, index);
  };
  const std::size_t count = std::min(budget_.favourites, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(count), {}, rank);
  all.resize(count);
  favourites_ = std::move(all);
  for (const Index index : favourites_) known_[index].favourite = true;
  for (Known& known : known_) {
    known.files.hold = known.favourite;
    if (!known.favourite) known.files.release();
  }
}

void CgroupSource::read_some(model::SampleSink& sink) {
  const Nanoseconds start = thread_cpu_time();
  std::size_t reads = 0;
  const auto may_go_on = [&] { return reads < budget_.reads && thread_cpu_time() - start < budget_.read_cpu; };
  std::vector<Index> gone;
  const auto read = [&](Index index) {
    ++reads;
    if (!read_one(sink, index)) gone.push_back(index);
  };
  for (const Index index : favourites_) {
    if (!may_go_on()) break;
    read(index);
  }
  const auto end = static_cast<Index>(known_.size());
  for (Index looked_at = 0; looked_at < end && may_go_on(); ++looked_at) {
    if (next_in_turn_ >= end) next_in_turn_ = 0;
    const Index index = next_in_turn_++;
    if (tree_.node(index).alive && !known_[index].favourite) read(index);
  }
  read_last_time_ = reads;
  for (const Index index : gone) tree_.remove(index, listener(sink));
}

bool CgroupSource::read_one(model::SampleSink& sink, Index index) {
  Known& known = known_[index];
  const std::string& path = tree_.node(index).path;
  if (known.limits_of_walk != walks_ || walks_ == 0) {
    known.limits.clear();
    known.limits_of_walk = walks_;
    if (reader_.read_limits(path, known.files, known.limits) == CgroupReader::Outcome::kGone) return false;
  }
  values_.clear();
  if (reader_.read_amounts(path, known.files, values_) == CgroupReader::Outcome::kGone) return false;
  known.current = values_.find(Metric::kCgroupCurrent).value_or(0);
  for (const CgroupValue& value : values_) sink.put(known.subject, value.metric, value.value);
  for (const CgroupValue& value : known.limits) sink.put(known.subject, value.metric, value.value);
  return true;
}

std::optional<std::int64_t> CgroupSource::num_cgroups() {
  const auto text = root_.read("proc/cgroups", buffer_);
  if (!text) return std::nullopt;
  const std::string_view controller = where_.prefix.empty() ? "memory" : std::string_view(where_.prefix);
  auto row = parse_proc_cgroups(*text, controller.substr(0, controller.find(':')));
  if (!row) {
    trouble_ = std::move(row.error());
    return std::nullopt;
  }
  if (!*row) return std::nullopt;
  return (*row)->num_cgroups;
}

void CgroupSource::count_dying(model::SampleSink& sink) {
  const auto visible = static_cast<std::int64_t>(tree_.size());
  if (where_.version == 2) {
    values_.clear();
    CgroupReader::Memory memory;
    (void)reader_.read_amounts("", memory, values_);
    const auto dying = values_.find(Metric::kCgroupDyingDescendants);
    const auto descendants = values_.find(Metric::kCgroupDescendants);
    if (dying && descendants) {
      sink.put(Metric::kCgroupsExisting, *descendants + *dying + 1);
      sink.put(Metric::kCgroupsVisible, *descendants + 1);
      sink.put(Metric::kCgroupsDying, *dying);
      return;
    }
  }
  if (tree_.too_many()) return;
  sink.put(Metric::kCgroupsVisible, visible);
  if (!where_.whole) return;
  const auto existing = num_cgroups();
  if (!existing) return;
  sink.put(Metric::kCgroupsExisting, *existing);
  // One that was made while we walked would show as dying, or as fewer than none.
  if (num_before_ == existing && *existing >= visible) sink.put(Metric::kCgroupsDying, *existing - visible);
}

std::vector<model::Coverage> CgroupSource::coverage() const {
  using State = model::Coverage::State;
  std::vector<model::Coverage> all;
  const auto partial = [&all](std::string why, std::string remedy = {}) {
    all.push_back({std::string(kName), State::kPartial, std::move(why), std::move(remedy)});
  };
  if (!where_.whole) partial("this is a container's part of the hierarchy: what lies above it is out of sight");
  if (tree_.too_many()) partial(fmt::format("only the first {} cgroups are watched", budget_.most_cgroups));
  if (read_last_time_ > 0 && read_last_time_ < tree_.size()) {
    partial(fmt::format("{} of {} cgroups are read per sample, limited and large ones always, the others in turn",
                        read_last_time_, tree_.size()));
  }
  if (trouble_) all.push_back(model::coverage_from_error(std::string(kName), *trouble_));
  if (all.empty()) all.push_back({std::string(kName), State::kOk, {}, {}});
  return all;
}

}  // namespace

Result<std::unique_ptr<Source>> open_cgroups(const RootedDir& root, const CgroupBudget& budget) {
  auto where = find_hierarchies(root);
  if (!where) return std::unexpected(std::move(where.error()));
  auto reader = CgroupReader::open(root, *where);
  if (!reader) return std::unexpected(std::move(reader.error()));
  auto own_root = root.open_dir("");
  if (!own_root) return std::unexpected(std::move(own_root.error()));
  return std::make_unique<CgroupSource>(std::move(*own_root), std::move(*where->main), std::move(*reader), budget);
}

}  // namespace leakscope::sources::cgroupfs
