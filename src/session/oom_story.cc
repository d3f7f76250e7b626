#include "session/oom_story.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"

namespace leakscope::session {
namespace {

using sources::oom_report::Constraint;
using sources::oom_report::Counter;
using sources::oom_report::OomReport;
using sources::oom_report::Victim;
using sources::oom_report::Zone;

/// A part that is worth a word in the headline.
constexpr double kMuch = 0.25;
/// Pages without a counter: vmalloc, per-CPU memory and drivers need some on every machine.
constexpr double kMuchRest = 0.1;
constexpr std::int32_t kHighestOrder = 20;

double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string human(std::int64_t bytes) { return to_human(Bytes(bytes)); }

std::string percent(double value) { return fmt::format("{:.0f} %", 100 * value); }

std::int64_t resident_of(const Victim& victim) {
  std::int64_t sum = 0;
  for (const auto& part : {victim.anon_rss, victim.file_rss, victim.shmem_rss}) {
    if (part) sum = checked_add(sum, part->count()).value_or(sum);
  }
  return sum;
}

bool by_hand(const OomReport& report) { return report.trigger.order && *report.trigger.order < 0; }

std::string request_of(const OomReport& report) {
  const auto& trigger = report.trigger;
  if (trigger.comm.empty()) return "who asked for memory is not in the log";
  if (by_hand(report)) return "the kill was asked for by hand (sysrq)";
  std::string text = trigger.comm + " asked for ";
  if (trigger.order && *trigger.order <= kHighestOrder) {
    text += human(page_size_of(report).bytes << static_cast<unsigned>(*trigger.order));
    text += fmt::format(" (order {}", *trigger.order);
  } else {
    text += "memory (order not known";
  }
  if (!trigger.gfp_flags.empty()) {
    text += ", " + trigger.gfp_flags;
  } else if (trigger.gfp_mask) {
    text += fmt::format(", gfp {:#x}", *trigger.gfp_mask);
  }
  return text + ")";
}

std::string shortage_of(const OomReport& report) {
  switch (report.constraint.value_or(Constraint::kNone)) {
    case Constraint::kNone:
      return "the machine was short, not a cgroup";
    case Constraint::kMemcg: {
      std::string limit;
      if (report.memory) limit = fmt::format(" ({})", to_human(report.memory->limit));
      const bool swap_limit = report.memory && report.memory_and_swap && report.memory->usage < report.memory->limit &&
                              report.memory_and_swap->usage >= report.memory_and_swap->limit;
      if (swap_limit)
        return fmt::format("the limit of memory and swap of {} was reached, the machine was not short",
                           short_of(report));
      return fmt::format("the limit of {}{} was reached, the machine was not short", short_of(report), limit);
    }
    case Constraint::kCpuset:
    case Constraint::kMemoryPolicy:
      break;
  }
  return short_of(report) + " were short, not the whole machine";
}

std::string kills_of(const OomReport& report) {
  if (report.victims.empty()) {
    if (report.panicked) return "the kernel panicked";
    return report.no_killable_process ? "there was nothing to kill" : "who was killed is not in the log";
  }
  const Victim& first = report.victims.front();
  std::string text = fmt::format("{} ({}", first.comm, first.pid.value);
  if (first.anon_rss) text += ", " + human(resident_of(first));
  text += ")";
  if (report.victims.size() > 1) text += fmt::format(" and {} more", report.victims.size() - 1);
  return text + (report.victims.size() > 1 ? " were killed" : " was killed");
}

/// The row, or the rest, that says most about where memory went. Kernel memory goes first when there is much of it: it
/// is what killing programs does not bring back.
struct Holder {
  std::string id;
  std::string label;
  std::int64_t bytes = 0;
};

std::optional<Holder> kernel_holder(const model::Ledger& ledger) {
  Holder best;
  std::int64_t sum = 0;
  const auto consider = [&](const std::string& id, const std::string& label, std::int64_t bytes) {
    sum += bytes;
    if (bytes > best.bytes) best = {id, label, bytes};
  };
  for (const model::LedgerRow& row : ledger.rows) {
    if (row.klass == model::LedgerClass::kKernel) consider(row.id, row.label, row.bytes.count());
  }
  const auto rest = ledger.unattributed();
  if (rest) consider("unattributed", "pages that no counter of the report shows", rest->count());
  if (!ledger.total || share(sum, ledger.total->count()) < kMuch || best.bytes == 0) return std::nullopt;
  return best;
}

std::string group_text(const TaskGroup& group, std::int64_t total) {
  std::string text = group.processes == 1 ? group.comm : fmt::format("{} processes {}", group.processes, group.comm);
  text += fmt::format(" held {}", human(group.held()));
  // Pages that members share are counted once for each of them.
  if (total > 0) {
    if (group.held() <= total) {
      text += fmt::format(" ({})", percent(share(group.held(), total)));
    } else if (group.processes > 1) {
      text += " (pages that they share counted for each)";
    }
  }
  if (group.swap.value_or(0) > 0) text += fmt::format(" and {} of swap", human(*group.swap));
  return text;
}

std::string account_of(const OomReport& report, const std::optional<model::Ledger>& ledger,
                       const std::vector<TaskGroup>& groups) {
  const std::int64_t total = ledger && ledger->total ? ledger->total->count() : 0;
  const std::string but =
      !report.victims.empty() && !groups.empty() && report.victims.front().comm != groups.front().comm ? "but " : "";
  if (ledger) {
    if (const auto kernel = kernel_holder(*ledger)) {
      std::string text =
          fmt::format("but {} held {} ({})", kernel->label, human(kernel->bytes), percent(share(kernel->bytes, total)));
      if (kernel->id == "kernel.slab_unreclaimable" && !report.unreclaimable_slab.empty()) {
        const auto largest =
            std::ranges::max_element(report.unreclaimable_slab, {}, [](const auto& cache) { return cache.total; });
        text += fmt::format(", {} alone {}", largest->name, to_human(largest->total));
      }
      return text;
    }
    const auto shared = std::ranges::find(ledger->rows, "user.shared", &model::LedgerRow::id);
    const auto anonymous = std::ranges::find(ledger->rows, "user.anonymous", &model::LedgerRow::id);
    const bool more_shared =
        shared != ledger->rows.end() && anonymous != ledger->rows.end() && shared->bytes > anonymous->bytes;
    if (more_shared) {
      return fmt::format("but shared memory and tmpfs held {} ({}), which stays when programs are killed",
                         to_human(shared->bytes), percent(share(shared->bytes.count(), total)));
    }
  }
  if (groups.empty()) return {};
  return but + group_text(groups.front(), total);
}

void tell_swap(const OomReport& report, std::vector<std::string>& details) {
  const auto& totals = report.totals;
  if (report.constraint == Constraint::kMemcg || !totals.swap_total || !totals.swap_free) return;
  if (totals.swap_total->count() == 0) {
    details.emplace_back("There is no swap.");
    return;
  }
  const std::int64_t used = totals.swap_total->count() - totals.swap_free->count();
  details.push_back(fmt::format("Swap: {} of {} used{}.", human(used), to_human(*totals.swap_total),
                                totals.swap_free->count() * 100 < totals.swap_total->count() ? ": full" : ""));
}

void tell_fragmentation(const OomReport& report, std::vector<std::string>& details) {
  const auto order = report.trigger.order;
  if (!order || *order < 1 || *order > kHighestOrder) return;
  std::int64_t free_kib = 0;
  std::int64_t min_kib = 0;
  bool lists = false;
  bool has_block = false;
  for (const Zone& zone : report.zones) {
    free_kib = checked_add(free_kib, zone.kib.get(Counter::kFree).value_or(0)).value_or(free_kib);
    min_kib = checked_add(min_kib, zone.kib.get(Counter::kMin).value_or(0)).value_or(min_kib);
    lists = lists || !zone.free_blocks.empty();
    for (std::size_t i = static_cast<std::size_t>(*order); i < zone.free_blocks.size(); ++i) {
      has_block = has_block || zone.free_blocks[i] > 0;
    }
  }
  if (!lists || has_block || free_kib <= min_kib) return;
  details.push_back(
      fmt::format("Memory was fragmented: {} were free, in pieces smaller than the {} that was asked for.",
                  human(free_kib * 1024), human(page_size_of(report).bytes << static_cast<unsigned>(*order))));
}

void tell_zone(const OomReport& report, std::vector<std::string>& details) {
  const std::string& flags = report.trigger.gfp_flags;
  const bool dma32 = flags.find("GFP_DMA32") != std::string::npos;
  const bool dma = !dma32 && flags.find("GFP_DMA") != std::string::npos;
  if (!dma32 && !dma) return;
  details.push_back(fmt::format("The request could be served from zone {} alone: the other zones did not matter.",
                                dma32 ? "DMA32 and below" : "DMA"));
}

void tell_rest(const OomReport& report, const std::optional<model::Ledger>& ledger, std::vector<std::string>& details) {
  if (!ledger || !ledger->total || report.constraint == Constraint::kMemcg) return;
  const auto rest = ledger->unattributed();
  if (share(rest->count(), ledger->total->count()) < kMuchRest) return;
  details.push_back(
      fmt::format("{} ({}) stand in no counter of the report: vmalloc, per-CPU memory, compressed swap, or pages that "
                  "a driver took "
                  "straight from the page allocator.",
                  to_human(*rest), percent(share(rest->count(), ledger->total->count()))));
}

void tell_victim(const OomReport& report, const std::vector<TaskGroup>& groups, std::vector<std::string>& details) {
  if (report.victims.empty() || groups.empty()) return;
  const Victim& victim = report.victims.front();
  if (victim.comm == groups.front().comm || !victim.anon_rss) return;
  details.push_back(fmt::format("The victim was not the largest: {} had {}, all {} together {}.", victim.comm,
                                human(resident_of(victim)), groups.front().comm, human(groups.front().held())));
}

}  // namespace

std::string time_text(const LoggedReport& logged) {
  if (logged.wall) {
    const std::string full = to_rfc3339(*logged.wall);
    return full.substr(0, 10) + " " + full.substr(11, 8);
  }
  if (logged.since_boot) {
    return fmt::format("{:.3f} s after boot", std::chrono::duration<double>(*logged.since_boot).count());
  }
  return "an unknown time";
}

std::string short_of(const OomReport& report) {
  switch (report.constraint.value_or(Constraint::kNone)) {
    case Constraint::kNone:
      return "the machine";
    case Constraint::kMemcg:
      return report.oom_cgroup.empty() ? "a cgroup" : "cgroup " + report.oom_cgroup;
    case Constraint::kCpuset:
      return fmt::format("the memory nodes {} of cpuset {}", report.mems_allowed, report.cpuset);
    case Constraint::kMemoryPolicy:
      break;
  }
  return fmt::format("the memory nodes {} of a memory policy", report.nodemask);
}

OomStory story_of(const LoggedReport& logged, const std::optional<model::Ledger>& ledger,
                  const std::vector<TaskGroup>& groups) {
  const OomReport& report = logged.report;
  OomStory story;
  story.headline = fmt::format("OOM at {}: {}; ", time_text(logged), request_of(report));
  if (!by_hand(report)) story.headline += shortage_of(report) + "; ";
  story.headline += kills_of(report);
  if (const std::string account = account_of(report, ledger, groups); !account.empty()) {
    story.headline += (account.starts_with("but ") ? ", " : "; ") + account;
  }
  story.headline += ".";
  tell_victim(report, groups, story.details);
  tell_swap(report, story.details);
  tell_fragmentation(report, story.details);
  tell_zone(report, story.details);
  tell_rest(report, ledger, story.details);
  return story;
}

}  // namespace leakscope::session
