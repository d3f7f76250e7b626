#include "render/text/subject.h"

#include <algorithm>

#include <fmt/format.h>

namespace leakscope::render::text {
namespace {

using model::SubjectKind;

/// The word of the JSON as a person writes it: "slab cache".
std::string words(std::string_view id) {
  std::string out(id);
  std::ranges::replace(out, '_', ' ');
  return out;
}

/// Amounts of memory speak for themselves; of a process or cgroup one wants to know which of its amounts it is.
bool says_what_of_it(SubjectKind kind) {
  return kind == SubjectKind::kProcess || kind == SubjectKind::kGroup || kind == SubjectKind::kCgroup ||
         kind == SubjectKind::kUser;
}

}  // namespace

std::string subject_label(const Pen& pen, const findings::Finding& finding) {
  if (!finding.title.empty()) return pen.safe(finding.title);
  const model::SubjectInfo& subject = finding.subject;
  std::string meaning(model::info(finding.metric).meaning);
  const SubjectKind kind = subject.key.kind;
  if (kind == SubjectKind::kMachine) return meaning;
  const std::string name = subject.key.name.empty() ? "(no name)" : pen.safe(subject.key.name);
  std::string what = words(to_string(kind));
  if (subject.key.process) {
    what = fmt::format("pid {}", subject.key.process->pid.value);
    if (!subject.container.empty()) what += ", " + pen.safe(subject.container);
  } else if (kind == SubjectKind::kGroup || kind == SubjectKind::kUser) {
    return fmt::format("{}: {}", name, meaning);
  }
  return says_what_of_it(kind) ? fmt::format("{} ({}): {}", name, what, meaning) : fmt::format("{} ({})", name, what);
}

}  // namespace leakscope::render::text
