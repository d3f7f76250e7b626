#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "findings/bookkeeping.h"
#include "findings/holders.h"
#include "findings/rules/rules.h"
#include "findings/text.h"

namespace leakscope::findings::rules {
namespace {

using model::Metric;
using model::SubjectId;

/// Whether the kernel gives the cache's pages back: its own word, else by which of the two sums rises with it.
bool is_reclaimable(const Facts& facts, const Test& test) {
  const auto word = facts.observation().last(test.subject, Metric::kSlabReclaimable);
  if (word) return *word != 0;
  const double reclaimable =
      std::max(facts.rise(Metric::kVmstatSlabReclaimable), facts.rise(Metric::kMeminfoSReclaimable));
  const double other = std::max(facts.rise(Metric::kVmstatSlabUnreclaimable), facts.rise(Metric::kMeminfoSUnreclaim));
  return reclaimable >= kHalfOfIt * test.rise() && other < kHalfOfIt * test.rise();
}

bool holds_names_or_inodes(std::string_view cache) {
  return cache == "dentry" || cache.find("inode_cache") != std::string_view::npos;
}

/// Objects of dentry and inode caches that somebody still uses, among those that were added. An unused dentry keeps
/// its inode referenced, so unused dentries explain inodes too. Nothing when nobody read the counters.
std::optional<double> pinned_share(const Facts& facts, double objects) {
  const auto unused = facts.edges(Metric::kDentryUnused);
  if (!unused || objects <= 0) return std::nullopt;
  const double freeable = std::max(0.0, unused->rise()) + std::max(0.0, facts.rise(Metric::kInodeFree));
  return 1 - share_of(freeable, objects);
}

/// Security modules and file systems hang a block of their own on each inode or dentry, or on some: it is freed with
/// it. As many objects as there are more unused dentries, or fewer and next to nothing beside the reclaimable slab,
/// belong to a cache, although the kernel does not count them as reclaimable.
bool comes_with_cached_inodes(const Facts& facts, double objects, double bytes) {
  constexpr double kNextToNothing = 0.05;
  const auto unused = facts.edges(Metric::kDentryUnused);
  if (!unused || unused->rise() <= 0) return false;
  const double each = objects / unused->rise();
  if (each < 0.7) return bytes <= kNextToNothing * facts.rise(Metric::kMeminfoSReclaimable);
  return each <= 1.3;
}

/// Reclaim went over the lists again and again while the cache kept growing: it does not give back.
bool survives_reclaim(const Facts& facts) {
  const double scanned =
      facts.rise(Metric::kVmstatPgscan) * static_cast<double>(facts.observation().host.page_size.bytes);
  const double file = std::max(facts.edges(Metric::kVmstatFilePages).value_or(Edges{}).end,
                               facts.edges(Metric::kMeminfoCached).value_or(Edges{}).end);
  return file > 0 && scanned > 2 * file;
}

/// Caches that come along with each thread, and how many of their objects one thread may bring.
double objects_per_thread(std::string_view cache) {
  static constexpr auto kBroughtByThreads = std::to_array<std::string_view>(
      {"task_struct", "thread_stack", "thread_info", "pid",        "cred",      "sighand",
       "signal",      "vm_area",      "anon_vma",    "maple_node", "vma_lock",  "fpu",
       "task_delay",  "fs_cache",     "files_cache", "mm_struct",  "kmalloc",   "proc_inode",
       "dentry",      "task_group",   "filp",        "uts",        "vmap_area", "radix_tree"});
  const bool known =
      std::ranges::any_of(kBroughtByThreads, [&](std::string_view name) { return cache.starts_with(name); });
  return known ? 8 : 0;
}

/// What keeps a removed cgroup: mem_cgroup and its parts per node, its directories and files, its maps.
bool belongs_to_cgroups(std::string_view cache) {
  static constexpr auto kOfCgroups = std::to_array<std::string_view>({"kmalloc", "kernfs", "radix_tree", "cgroup"});
  return std::ranges::any_of(kOfCgroups, [&](std::string_view name) { return cache.starts_with(name); });
}

/// Objects that a leak of descriptors, threads, messages or cgroups, told already, brings along: they are its evidence
/// and no finding.
bool explained_by_counts(const Facts& facts, Drafts& drafts, const Test& test) {
  const std::string name = facts.observation().info(test.subject).key.name;
  const auto size = facts.observation().last(test.subject, Metric::kSlabObjectSize).value_or(0);
  if (size <= 0) return false;
  const double objects = test.rise() / static_cast<double>(size);
  const double threads = alarmed_rise(drafts, "user.threads");
  const double descriptors = alarmed_rise(drafts, "user.descriptors");
  const double tasks = alarmed_rise(drafts, "limit.pids");
  const double cgroups = alarmed_rise(drafts, "kernel.dying_cgroups");
  std::string_view id;
  if (cgroups > 0 && belongs_to_cgroups(name) && objects <= 4 * cgroups) id = "kernel.dying_cgroups";
  if (tasks > 0 && objects <= objects_per_thread(name) * tasks) id = "limit.pids";
  if (threads > 0 && objects <= objects_per_thread(name) * threads) id = "user.threads";
  const HeldKinds kinds = kinds_of_cache(name, static_cast<double>(size), keeps_messages_apart(facts));
  const bool one_per_socket = kinds.sockets && !name.starts_with("kmalloc") && !name.starts_with("skbuff");
  const bool small = size <= 2048 || kinds.descriptors || one_per_socket;
  const bool comes_with_descriptors = kinds.descriptors || kinds.sockets || name.starts_with("kmalloc");
  // A descriptor brings its file, dentry, inode and a handful of small blocks; queued data is a matter of its own.
  if (descriptors > 0 && small && comes_with_descriptors && objects <= 4 * descriptors) id = "user.descriptors";
  // A message is one object with its header, or several; a slab more may be on a CPU.
  const double messages = alarmed_rise(drafts, "kernel.messages");
  constexpr double kObjectsOfASlab = 64;
  if (messages > 0 && kinds.messages && objects <= 2 * messages + kObjectsOfASlab) id = "kernel.messages";
  if (id.empty()) return false;
  Draft& told = *alarm_of(drafts, id);
  told.absorbed += test.rise();
  add_evidence(told, "/proc/slabinfo",
               fmt::format("slab {} {} along with it", name, rise_text(model::Unit::kBytes, test.rise())));
  return true;
}

void add_figures(Draft& draft, const Facts& facts) {
  add_evidence(draft, facts, draft.subject, Metric::kSlabActiveObjects, "active objects");
  if (const auto& bytes = draft.finding.per_round) {
    const auto size = static_cast<double>(facts.observation().last(draft.subject, Metric::kSlabObjectSize).value_or(0));
    if (size > 0) {
      const Interval objects{bytes->lower / size, bytes->point / size, bytes->upper / size};
      add_evidence(draft, "/proc/slabinfo",
                   per_round_text(model::Unit::kCount, objects,
                                  fmt::format("objects of {} bytes", with_commas(std::llround(size)))));
    }
  }
  add_steadiness(draft);
  add_evidence(draft, facts, draft.subject, Metric::kSlabTotalObjects, "objects in its pages");
  const double unreclaim =
      std::max(facts.rise(Metric::kMeminfoSUnreclaim), facts.rise(Metric::kVmstatSlabUnreclaimable));
  const double reclaim = std::max(facts.rise(Metric::kMeminfoSReclaimable), facts.rise(Metric::kVmstatSlabReclaimable));
  if (facts.seen(Quantity::kSlabUnreclaimable) || facts.seen(Quantity::kSlabReclaimable)) {
    add_evidence(draft, "/proc/meminfo",
                 fmt::format("SUnreclaim {}, SReclaimable {}", rise_text(model::Unit::kBytes, unreclaim),
                             rise_text(model::Unit::kBytes, reclaim)));
  }
  if (!draft.finding.subject.detail.empty()) {
    add_evidence(draft, "/sys/kernel/slab", "merged with: " + draft.finding.subject.detail);
  }
  draft.confirmed = std::max(unreclaim, reclaim) >= kHalfOfIt * draft.rise;
}

void add_growth(Draft& draft, const Facts& facts) {
  const Test& test = *draft.test;
  const std::string name = facts.observation().info(test.subject).key.name;
  const auto size = static_cast<double>(facts.observation().last(test.subject, Metric::kSlabObjectSize).value_or(0));
  add_figures(draft, facts);
  if (holds_names_or_inodes(name)) {
    add_evidence(draft, facts, model::Registry::machine_id(), Metric::kDentryUnused, "unused dentries");
  }
  HeldKinds kinds = kinds_of_cache(name, size, keeps_messages_apart(facts));
  const bool known_kind = kinds.messages || kinds.sockets || kinds.pipes || kinds.bpf || kinds.descriptors;
  if (!known_kind) kinds = {.sockets = true, .pipes = true, .messages = true, .bpf = true, .object_bytes = size};
  name_holders(draft, facts, kinds, draft.rise);
}

Draft growth_draft(const Facts& facts, const Test& test) {
  Draft draft = draft_of(facts, test, "kernel.slab.growth");
  add_growth(draft, facts);
  return draft;
}

Draft cache_draft(const Facts& facts, const Test& test, std::optional<double> pinned) {
  Draft draft = draft_of(facts, test, "kernel.slab.cache");
  draft.finding.state = State::kCache;
  add_figures(draft, facts);
  if (pinned) {
    add_evidence(draft, facts, model::Registry::machine_id(), Metric::kDentryUnused, "unused dentries");
    add_evidence(draft, facts, model::Registry::machine_id(), Metric::kDentryNegative, "of these, negative ones");
  }
  return draft;
}

/// What an active-objects test says: growth of its own, a cache, part of another finding, or nothing.
void judge_active(const Facts& facts, Drafts& drafts, const Test& test, std::vector<Draft>& growth) {
  if (!test.grows() && !is_notable(test)) return;
  const std::string name = facts.observation().info(test.subject).key.name;
  if (is_bookkeeping(name)) return;
  const auto size = static_cast<double>(facts.observation().last(test.subject, Metric::kSlabObjectSize).value_or(1));
  if (is_reclaimable(facts, test)) {
    const auto pinned =
        holds_names_or_inodes(name) ? pinned_share(facts, test.rise() / std::max(size, 1.0)) : std::nullopt;
    const bool given_back = pinned ? *pinned < kHalfOfIt : !survives_reclaim(facts);
    if (given_back) {
      if (test.rise() >= static_cast<double>(info(test.quantity).notable))
        drafts.push_back(cache_draft(facts, test, pinned));
      return;
    }
  }
  if (explained_by_counts(facts, drafts, test)) return;
  if (comes_with_cached_inodes(facts, test.rise() / std::max(size, 1.0), test.rise())) {
    Draft draft = cache_draft(facts, test, 0);
    add_evidence(draft, "/proc/sys/fs/dentry-state", "no more than one for each dentry more that nobody uses");
    drafts.push_back(std::move(draft));
    return;
  }
  growth.push_back(growth_draft(facts, test));
}

double objects_of(const Facts& facts, const Draft& draft) {
  const auto size = facts.observation().last(draft.subject, Metric::kSlabObjectSize).value_or(1);
  return draft.rise / static_cast<double>(std::max<std::int64_t>(size, 1));
}

/// Objects of one cause grow in many caches. Those that hold less than a tenth of the largest one's rise, or grow by as
/// many objects as it does (parts of the same thing), stand in its evidence.
void fold_what_grows_beside(const Facts& facts, std::vector<Draft>& growth) {
  constexpr double kAsMany = 0.02;
  constexpr double kMany = 200;  // fewer are alike by chance
  std::ranges::sort(growth, std::less{}, [](const Draft& draft) { return std::pair(-draft.rise, draft.subject); });
  const auto first = std::ranges::find_if(growth, &Draft::alarms);
  if (first == growth.end()) return;
  const double objects = objects_of(facts, *first);
  const SubjectId main = first->subject;
  const double largest = first->rise;
  const auto stands_beside = [&](const Draft& draft) {
    const bool as_many = objects >= kMany && std::abs(objects_of(facts, draft) / objects - 1) <= kAsMany;
    return draft.subject != main && draft.alarms() && (draft.rise < largest / 10 || as_many);
  };
  std::string beside;
  int count = 0;
  for (const Draft& draft : growth) {
    if (!stands_beside(draft)) continue;
    first->absorbed += draft.rise;
    if (++count > 6) continue;
    if (!beside.empty()) beside += ", ";
    beside += draft.finding.subject.key.name + " " + rise_text(model::Unit::kBytes, draft.rise);
  }
  if (count > 0) add_evidence(*first, "/proc/slabinfo", "beside it grow " + beside + (count > 6 ? ", ..." : ""));
  std::erase_if(growth, stands_beside);
}

void tell_fragmentation(const Facts& facts, Drafts& drafts) {
  for (const Test& pages : facts.tests(Quantity::kSlabPages)) {
    const bool rises = pages.significant && pages.rise() >= static_cast<double>(info(pages.quantity).notable) / 4;
    if (!rises && !is_notable(pages)) continue;
    const Test* active = facts.test(Quantity::kSlabActive, pages.subject);
    const double objects = active == nullptr ? 0 : active->rise();
    if (share_of(objects, pages.rise()) >= kHalfOfIt || (active != nullptr && active->grows())) continue;
    Draft draft = draft_of(facts, pages, "kernel.slab.fragmentation");
    draft.finding.state = State::kFragmented;
    add_figures(draft, facts);
    add_evidence(draft, facts, pages.subject, Metric::kSlabBytes, "pages of the cache");
    drafts.push_back(std::move(draft));
  }
}

/// What findings told explain of unreclaimable slab: the caches themselves, large kmalloc, what comes with threads and
/// descriptors.
double explained_slab(const Facts& facts, const Drafts& drafts) {
  double sum =
      std::max(0.0, facts.test(Quantity::kLargeKmalloc) == nullptr ? 0.0 : facts.test(Quantity::kLargeKmalloc)->rise());
  sum += bookkeeping_rise(facts);
  for (const Draft& draft : drafts) {
    sum += draft.absorbed;
    const bool with_inodes = draft.finding.id == "kernel.slab.cache" && !is_reclaimable(facts, *draft.test);
    const bool slab = draft.finding.id == "kernel.slab.growth" || draft.finding.id == "kernel.slab.fragmentation";
    if (with_inodes) sum += draft.rise;
    if (slab && draft.finding.state != State::kInsufficient) sum += draft.rise;
  }
  return sum;
}

/// Unreclaimable slab grows, and no cache passes by itself, or none could be read (/proc/slabinfo is for root).
void tell_sum(const Facts& facts, Drafts& drafts) {
  const Test* sum = facts.test(Quantity::kSlabUnreclaimable);
  if (sum == nullptr) return;
  const bool caches_seen = facts.seen(Quantity::kSlabActive);
  if (!sum->grows() && (caches_seen || !is_notable(*sum))) return;
  if (share_of(explained_slab(facts, drafts), sum->rise()) >= kHalfOfIt) return;
  const auto counts = [&](const Test& cache) { return !is_reclaimable(facts, cache); };
  if (const Test* cache = main_subject(facts, Quantity::kSlabActive, *sum, counts)) {
    Draft draft = attributed_draft(facts, drafts, *cache, *sum, "kernel.slab.growth");
    add_growth(draft, facts);
    drafts.push_back(std::move(draft));
    return;
  }
  Draft draft = draft_of(facts, *sum, "kernel.slab.growth");
  if (!caches_seen) draft.finding.next = {"leakscope doctor", "sudo leakscope diagnose --for 60s"};
  add_evidence(draft, facts, model::Registry::machine_id(), Metric::kMeminfoSUnreclaim, "SUnreclaim");
  add_steadiness(draft);
  add_evidence(draft, "/proc/slabinfo",
               caches_seen ? "no single cache explains it" : "was not read, so the cache is not known");
  name_holders(draft, facts, {.sockets = true, .pipes = true, .messages = true, .bpf = true}, draft.rise);
  const Test* lost = facts.test(Quantity::kAvailableLost);
  draft.confirmed = lost != nullptr && lost->rise() >= kHalfOfIt * draft.rise;
  drafts.push_back(std::move(draft));
}

}  // namespace

void kernel_slab(const Facts& facts, Drafts& drafts) {
  std::vector<Draft> growth;
  for (const Test& test : facts.tests(Quantity::kSlabActive)) judge_active(facts, drafts, test, growth);
  fold_what_grows_beside(facts, growth);
  for (Draft& draft : growth) drafts.push_back(std::move(draft));
  tell_fragmentation(facts, drafts);
  tell_sum(facts, drafts);
}

}  // namespace leakscope::findings::rules
