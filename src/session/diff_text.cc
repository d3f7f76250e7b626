#include "session/diff_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "report/quantity.h"

namespace leakscope::session {
namespace {

using namespace analysis::difference;  // NOLINT(google-build-using-namespace): the words of this file
using model::LedgerClass;
using model::SubjectKind;
using model::Unit;

constexpr std::size_t kNamed = 3;
/// A group is told in the place of its processes when none of them alone explains so much of its rise.
constexpr double kMostOfAGroup = 0.8;

std::string kind_words(SubjectKind kind) {
  std::string words(model::to_string(kind));
  std::ranges::replace(words, '_', ' ');
  return words;
}

struct Riser {
  std::string words;
  std::int64_t rise = 0;
  bool is_new = false;
};

const AspectChanges* aspect_of(const Difference& difference, std::string_view id) {
  const auto found = std::ranges::find_if(difference.aspects, [&](const auto& a) { return a.aspect->id == id; });
  return found == difference.aspects.end() ? nullptr : &*found;
}

std::string process_words(const Change& change) {
  const auto& process = change.subject.key.process;
  return fmt::format("{}process {} ({})", change.presence == Presence::kNew ? "new " : "",
                     process ? process->pid.value : 0, change.subject.key.name);
}

/// The aspects that tell of programs: anonymous memory, or all resident memory where no more is told.
struct Programs {
  const AspectChanges* processes = nullptr;
  const AspectChanges* groups = nullptr;
  bool all_resident = false;

  explicit Programs(const Difference& difference)
      : processes(aspect_of(difference, "processes")), groups(aspect_of(difference, "groups")) {
    if (!empty()) return;
    all_resident = true;
    processes = aspect_of(difference, "resident_processes");
    groups = aspect_of(difference, "resident_groups");
  }

  [[nodiscard]] bool empty() const { return processes == nullptr && groups == nullptr; }

  /// What all of them together rose by.
  [[nodiscard]] std::int64_t rise() const {
    std::int64_t sum = 0;
    const AspectChanges* told = processes != nullptr ? processes : groups;
    if (told == nullptr) return sum;
    for (const Change& change : told->changes) sum += change.rise();
    return sum;
  }
};

/// Programs: each process, or its group where it is the group that rises.
void add_programs(const Programs& programs, std::vector<Riser>& risers) {
  const AspectChanges* processes = programs.processes;
  const AspectChanges* groups = programs.groups;
  std::map<std::string, std::int64_t> largest_of_group;
  if (processes != nullptr) {
    for (const Change& change : processes->changes) {
      if (change.group.empty()) continue;
      std::int64_t& largest = largest_of_group[change.group];
      largest = std::max(largest, change.rise());
    }
  }
  std::set<std::string> told_as_group;
  if (groups != nullptr) {
    for (const Change& change : groups->changes) {
      const auto largest = largest_of_group.find(change.subject.key.name);
      // A document does not say whose group a process is in: its processes are told.
      if (processes != nullptr && largest == largest_of_group.end()) continue;
      const double alone = largest == largest_of_group.end() ? 0 : static_cast<double>(largest->second);
      if (alone >= kMostOfAGroup * static_cast<double>(change.rise())) continue;
      told_as_group.insert(change.subject.key.name);
      risers.push_back({"group " + change.subject.key.name, change.rise()});
    }
  }
  if (processes == nullptr) return;
  for (const Change& change : processes->changes) {
    if (!told_as_group.contains(change.group)) {
      risers.push_back({process_words(change), change.rise(), change.presence == Presence::kNew});
    }
  }
}

void add_subjects(const Difference& difference, std::string_view aspect, std::string_view words,
                  std::vector<Riser>& risers) {
  const AspectChanges* changes = aspect_of(difference, aspect);
  if (changes == nullptr) return;
  for (const Change& change : changes->changes) {
    risers.push_back({fmt::format("{} {}", words, change.subject.key.name), change.rise()});
  }
}

std::int64_t rise_of_row(const Difference& difference, std::string_view id) {
  const auto found = std::ranges::find(difference.ledger, id, &LedgerChange::id);
  return found == difference.ledger.end() ? 0 : found->rise();
}

/// Caches that are not given back. Where a document does not say which are, those that the row of the ledger can hold.
void add_caches(const Difference& difference, std::vector<Riser>& risers) {
  const AspectChanges* caches = aspect_of(difference, "slab_caches");
  const std::int64_t row = rise_of_row(difference, "kernel.slab_unreclaimable");
  bool told = false;
  if (caches != nullptr) {
    for (const Change& change : caches->changes) {
      const bool may_be = change.reclaimable ? !*change.reclaimable : change.rise() <= row + row / 8;
      if (!may_be) continue;
      told = told || change.rise() >= row / 2;
      risers.push_back({"slab cache " + change.subject.key.name, change.rise()});
    }
  }
  if (!told) risers.push_back({"unreclaimable slab", row});
}

/// Whether subjects, or add_caches(), tell the bytes of a row.
bool is_told_by_subjects(const Difference& difference, const Programs& programs, std::string_view row) {
  static constexpr std::array<std::string_view, 7> kAlone{"kernel.large_kmalloc", "kernel.stacks", "kernel.page_tables",
                                                          "kernel.percpu",        "kernel.vmap",   "user.hugetlb",
                                                          "user.unmapped"};
  const auto tells = [&](std::string_view aspect) { return aspect_of(difference, aspect) != nullptr; };
  if (row == "kernel.slab_unreclaimable") return true;
  if (row == "user.anonymous") return !programs.empty() || !difference.tells_anonymous();
  if (row == "user.shared") return tells("tmpfs") || tells("sysv_shm") || (programs.all_resident && !programs.empty());
  if (row == "kernel.vmalloc") return tells("vmalloc_callers");
  return std::ranges::find(kAlone, row) == kAlone.end() && tells("holders");
}

/// Rows of the ledger that no subject stands for.
void add_rows(const Difference& difference, const Programs& programs, std::vector<Riser>& risers) {
  for (const LedgerChange& change : difference.ledger) {
    if (!change.klass) {
      // Without a row of their own the programs are in the rest.
      const std::int64_t told = difference.tells_anonymous() ? 0 : std::max<std::int64_t>(programs.rise(), 0);
      risers.push_back({change.label, change.rise() - told});
      continue;
    }
    const bool kept = *change.klass == LedgerClass::kUser || *change.klass == LedgerClass::kKernel;
    if (kept && !is_told_by_subjects(difference, programs, change.id)) risers.push_back({change.label, change.rise()});
  }
}

/// Who rose most, disjoint, those first; who rose by less than a tenth of the first is left out.
std::vector<Riser> risers_of(const Difference& difference, std::int64_t floor) {
  const Programs programs(difference);
  std::vector<Riser> risers;
  add_programs(programs, risers);
  add_caches(difference, risers);
  add_subjects(difference, "vmalloc_callers", "vmalloc by", risers);
  add_subjects(difference, "tmpfs", "tmpfs", risers);
  add_subjects(difference, "sysv_shm", "shared memory", risers);
  add_subjects(difference, "holders", "", risers);
  add_rows(difference, programs, risers);
  // Where all together did not grow, those count that were there both times.
  if (difference.lost().value_or(0) < floor) std::erase_if(risers, [](const Riser& riser) { return riser.is_new; });
  std::ranges::stable_sort(risers, std::ranges::greater{}, &Riser::rise);
  const std::int64_t least = risers.empty() ? 1 : std::max(floor / 8, risers.front().rise / 10);
  std::erase_if(risers, [&](const Riser& riser) { return riser.rise < std::max<std::int64_t>(least, 1); });
  if (risers.size() > kNamed) risers.resize(kNamed);
  return risers;
}

std::string list_of(const std::vector<Riser>& risers) {
  std::string text;
  for (const Riser& riser : risers) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", riser.words,
                        report::to_human_change(riser.rise, Unit::kBytes));
  }
  return text;
}

/// "+40 descriptors of process 812 (nginx)": what can be counted, where it rose so much that it counts.
std::vector<std::string> counted(const Difference& difference, std::int64_t floor) {
  std::vector<std::pair<std::int64_t, std::string>> found;
  for (const AspectChanges& changes : difference.aspects) {
    if (changes.aspect->weight != Weight::kCountable) continue;
    for (const Change& change : changes.changes) {
      if (!grew(*changes.aspect, change, floor)) continue;
      const std::string_view what = changes.aspect->id == "descriptors" || changes.aspect->id == "group_descriptors"
                                        ? "descriptors"
                                    : changes.aspect->id == "inotify_watches" ? "inotify watches"
                                                                              : "threads";
      const std::string who = changes.aspect->kind == SubjectKind::kProcess
                                  ? process_words(change)
                                  : fmt::format("{} {}", kind_words(changes.aspect->kind), change.subject.key.name);
      found.emplace_back(change.rise(),
                         fmt::format("{} {} {}", who, report::to_human_change(change.rise(), Unit::kCount), what));
    }
  }
  for (const MachineChange& change : difference.machine) {
    if (model::info(change.figure.metric).unit == Unit::kBytes || !grew(change, floor)) continue;
    found.emplace_back(change.rise(), fmt::format("{} {}", model::info(change.figure.metric).name,
                                                  report::to_human_change(change.rise(), Unit::kCount)));
  }
  std::ranges::stable_sort(found, std::ranges::greater{}, &std::pair<std::int64_t, std::string>::first);
  std::vector<std::string> words;
  for (auto& [rise, text] : found) {
    if (words.size() < kNamed) words.push_back(std::move(text));
  }
  return words;
}

std::string sum_sentence(const Difference& difference, std::int64_t at_least) {
  const auto lost = difference.lost();
  if (!lost) return "the books of the machine cannot be compared";
  if (*lost >= at_least) return fmt::format("the machine lost {}", to_human(Bytes(*lost)));
  if (*lost <= -at_least) return fmt::format("the machine got back {}", to_human(Bytes(-*lost)));
  return fmt::format("what programs and the kernel hold changed by {}", report::to_human_change(*lost, Unit::kBytes));
}

void note_presence(const Difference& difference, std::vector<std::string>& notes) {
  for (const Presence presence : {Presence::kNew, Presence::kGone}) {
    std::vector<std::string> parts;
    for (const AspectChanges& changes : difference.aspects) {
      if (changes.aspect->unit() != Unit::kBytes || changes.aspect->id == "held_by_processes") continue;
      std::size_t count = 0;
      std::int64_t bytes = 0;
      for (const Change& change : changes.changes) {
        if (change.presence != presence) continue;
        ++count;
        bytes += change.rise();
      }
      if (count == 0) continue;
      const std::string kind = kind_words(changes.aspect->kind);
      parts.push_back(fmt::format("{} {}{} ({})", count, kind,
                                  count == 1            ? ""
                                  : kind.ends_with("s") ? "es"
                                                        : "s",
                                  report::to_human_change(bytes, Unit::kBytes)));
    }
    if (parts.empty()) continue;
    notes.push_back(fmt::format("{}: {}.", presence == Presence::kNew ? "New" : "Gone", fmt::join(parts, ", ")));
  }
}

void note_hosts(const DiffSides& sides, const Difference& difference, std::vector<std::string>& notes) {
  const model::Host& a = sides.before.picture.host;
  const model::Host& b = sides.after.picture.host;
  const auto differ = [](const std::string& x, const std::string& y) { return !x.empty() && !y.empty() && x != y; };
  if (differ(a.hostname, b.hostname)) {
    notes.push_back(fmt::format("Two hosts are compared: {} and {}.", a.hostname, b.hostname));
  }
  if (differ(a.kernel_release, b.kernel_release)) {
    notes.push_back(
        fmt::format("The kernels differ ({} and {}): a counter that one of them lacks is a row on one side only.",
                    a.kernel_release, b.kernel_release));
  }
  if (difference.boots == Boots::kDifferent) {
    notes.emplace_back(
        "Between two boots a pid is another process: groups, caches, cgroups and callers are compared, by name, and "
        "processes are not.");
    return;
  }
  if (aspect_of(difference, "processes") == nullptr) return;
  const bool by_start = sides.before.picture.knows_process_starts && sides.after.picture.knows_process_starts;
  if (difference.boots == Boots::kUnknown) {
    notes.push_back(fmt::format("Nothing tells whether both are of one boot; processes are matched by pid and {}.",
                                by_start ? "start time" : "name"));
  } else if (!by_start) {
    notes.emplace_back("A status document has no start times: processes are matched by pid and name.");
  }
}

void note_time(const DiffSides& sides, const Difference& difference, std::vector<std::string>& notes) {
  if (!difference.elapsed) {
    const bool before = !sides.before.picture.wall;
    notes.push_back(fmt::format("The time of {} is not known: no rates.",
                                before ? sides.before.place.text : sides.after.place.text));
  } else if (*difference.elapsed < Nanoseconds{0}) {
    notes.push_back(fmt::format(
        "{} is {} earlier than {}: the changes are from the first to the second all the same, and have no rates.",
        sides.after.place.text, to_human(-*difference.elapsed), sides.before.place.text));
  }
}

void note_missing(const Difference& difference, std::vector<std::string>& notes) {
  const auto note = [&](const std::vector<SubjectKind>& kinds, std::string_view side) {
    if (kinds.empty()) return;
    std::vector<std::string> words;
    words.reserve(kinds.size());
    for (const SubjectKind kind : kinds) words.push_back(kind_words(kind));
    notes.push_back(fmt::format("Only {} tells, so not compared: {}.", side, fmt::join(words, ", ")));
  };
  note(difference.only_before, "the first");
  note(difference.only_after, "the second");
  std::vector<std::string> unlisted;
  for (const AspectChanges& changes : difference.aspects) {
    if (changes.not_compared > 0) unlisted.push_back(fmt::format("{} {}", changes.not_compared, changes.aspect->id));
  }
  if (!unlisted.empty()) {
    notes.push_back(
        fmt::format("Listed among the largest on one side only, so not compared: {}. `leakscope status "
                    "--rows 100000 --json` lists all.",
                    fmt::join(unlisted, ", ")));
  }
}

}  // namespace

std::string headline_of(const Difference& difference, std::int64_t at_least) {
  if (difference.empty()) return "Nothing of the two can be compared.";
  std::string text = "Between the two ";
  if (difference.elapsed && *difference.elapsed > Nanoseconds{0}) {
    text = fmt::format("In {} ", to_human(*difference.elapsed));
  }
  const bool any = anything_grew(difference, at_least);
  if (!any) text += fmt::format("nothing grew by {} or more: ", to_human(Bytes(at_least)));
  text += sum_sentence(difference, at_least);
  const std::vector<std::string> counts = counted(difference, at_least);
  const std::vector<Riser> risers = any ? risers_of(difference, at_least) : std::vector<Riser>{};
  const bool lost = difference.lost().value_or(0) >= at_least;
  if (!risers.empty()) text += (lost ? ": " : "; what grew all the same: ") + list_of(risers);
  if (!counts.empty()) text += fmt::format("; {}", fmt::join(counts, ", "));
  return text + ".";
}

std::vector<std::string> notes_on(const DiffSides& sides, const Difference& difference, bool grew) {
  std::vector<std::string> notes;
  note_presence(difference, notes);
  note_hosts(sides, difference, notes);
  note_time(sides, difference, notes);
  note_missing(difference, notes);
  if (grew) {
    const std::string judge =
        sides.share_observation()
            ? fmt::format("leakscope diagnose --from {} tests whether it is one", sides.after.place.path)
            : std::string("leakscope diagnose tests whether there is one");
    notes.push_back(fmt::format("Two moments are no trend: {}.", judge));
  }
  return notes;
}

}  // namespace leakscope::session
