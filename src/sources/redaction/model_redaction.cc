#include "sources/redaction/model_redaction.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/text_cursor.h"

namespace leakscope::sources::redaction {
namespace {

using model::EventKind;
using model::SubjectKind;

/// A path, a unit, a container or a bare name.
std::string name_of(std::string_view name, const Pseudonyms& names) {
  return name.find('/') == std::string_view::npos ? names.component(name) : names.path(name);
}

/// "nginx in nginx.service"
std::string group_name(std::string_view name, const Pseudonyms& names) {
  constexpr std::string_view kIn = " in ";
  const std::size_t at = name.find(kIn);
  if (at == std::string_view::npos) return names.word(name);
  return names.word(name.substr(0, at)) + std::string(kIn) + name_of(name.substr(at + kIn.size()), names);
}

/// "memory:/x", "/x"
std::string cgroup_name(std::string_view name, const Pseudonyms& names) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return names.component(name);
  const bool has_controller = slash > 0 && name[slash - 1] == ':';
  return std::string(has_controller ? name.substr(0, slash) : std::string_view{}) +
         names.path(has_controller ? name.substr(slash) : name);
}

/// "id 12 events"
std::string bpf_name(std::string_view name, const Pseudonyms& names) {
  constexpr std::string_view kId = "id ";
  const std::size_t end = std::min(name.find(' ', kId.size()), name.size());
  if (!name.starts_with(kId) || !parse_number<std::uint64_t>(name.substr(kId.size(), end - kId.size())))
    return names.word(name);
  if (end == name.size()) return std::string(name);
  return std::string(name.substr(0, end + 1)) + names.word(name.substr(end + 1));
}

/// "uid 1000"
std::string user_name(std::string_view name, const Pseudonyms& names) {
  constexpr std::string_view kUid = "uid ";
  if (!name.starts_with(kUid) || !parse_number<std::uint64_t>(name.substr(kUid.size()))) return names.word(name);
  return std::string(kUid) + names.id(name.substr(kUid.size()));
}

/// "dentry(12:x.service)"
std::string cache_name(std::string_view name, const Pseudonyms& names) {
  const std::size_t open = name.find('(');
  if (open == std::string_view::npos) return std::string(name);
  return std::string(name.substr(0, open + 1)) + names.word(name.substr(open + 1)) + ")";
}

std::string key_name(SubjectKind kind, std::string_view name, const Pseudonyms& names) {
  switch (kind) {
    case SubjectKind::kProcess:
      return names.word(name);
    case SubjectKind::kGroup:
      return group_name(name, names);
    case SubjectKind::kCgroup:
      return cgroup_name(name, names);
    case SubjectKind::kTmpfs:
    case SubjectKind::kSwapDevice:
      return names.path(name);
    case SubjectKind::kBpfMap:
    case SubjectKind::kBpfProgram:
      return bpf_name(name, names);
    case SubjectKind::kUser:
      return user_name(name, names);
    case SubjectKind::kSlabCache:
      return cache_name(name, names);
    case SubjectKind::kMachine:
    case SubjectKind::kNumaNode:
    case SubjectKind::kZone:
    case SubjectKind::kHugepageSize:
    case SubjectKind::kZramDevice:
    case SubjectKind::kVmallocCaller:
    case SubjectKind::kModule:
    case SubjectKind::kSysvShm:
    case SubjectKind::kHolder:
      return std::string(name);
  }
  return names.word(name);
}

bool detail_is_of_kernel(SubjectKind kind) {
  return kind == SubjectKind::kSlabCache || kind == SubjectKind::kModule || kind == SubjectKind::kTmpfs ||
         kind == SubjectKind::kZone || kind == SubjectKind::kNumaNode || kind == SubjectKind::kHugepageSize;
}

}  // namespace

void redact(model::SubjectInfo& subject, const Pseudonyms& names) {
  const SubjectKind kind = subject.key.kind;
  subject.key.name = key_name(kind, subject.key.name, names);
  subject.cgroup = names.path(subject.cgroup);
  subject.container = names.component(subject.container);
  subject.executable = names.path(subject.executable);
  if (kind == SubjectKind::kProcess || kind == SubjectKind::kGroup) {
    subject.detail = names.path(subject.detail);
  } else if (!detail_is_of_kernel(kind)) {
    subject.detail.clear();
  }
}

void redact(model::Event& event, const Pseudonyms& names) {
  switch (event.kind) {
    case EventKind::kProcessStart:
    case EventKind::kProcessExit:
      if (event.subject) event.text = names.word(event.text);  // else "12 more processes started"
      return;
    case EventKind::kCgroupMade:
    case EventKind::kCgroupRemoved:
      event.text = cgroup_name(event.text, names);
      return;
    case EventKind::kOomKill:
    case EventKind::kKernelMessage:
    case EventKind::kSysctlChange:
      event.text = "(redacted)";
      return;
    case EventKind::kModuleLoad:
    case EventKind::kModuleUnload:
    case EventKind::kClockStep:
    case EventKind::kResume:
    case EventKind::kReboot:
    case EventKind::kRecordingGap:
    case EventKind::kSourceBackoff:
      return;
  }
  event.text.clear();
}

void redact(model::Coverage& entry, const Pseudonyms& names) {
  entry.why = names.text(entry.why);
  entry.remedy = names.text(entry.remedy);
}

void redact(model::Loss& loss, const Pseudonyms& names) { loss.what = names.text(loss.what); }

void redact(model::Host& host, const Pseudonyms& names) {
  host.hostname = names.word(host.hostname);
  host.boot_id = names.boot_id(host.boot_id);
  const std::size_t open = host.kernel_version.find('(');
  const std::size_t close = host.kernel_version.find(')', open == std::string::npos ? 0 : open);
  if (close != std::string::npos) host.kernel_version.replace(open, close - open + 1, "(redacted)");
}

}  // namespace leakscope::sources::redaction
