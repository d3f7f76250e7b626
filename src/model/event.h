#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/subject.h"

namespace leakscope::model {

/// Something that happened at one time; steps in series are explained by events.
enum class EventKind : std::uint8_t {
  kProcessStart,
  kProcessExit,
  kOomKill,        ///< from the kernel log or from a rising oom_kill counter
  kKernelMessage,  ///< a kernel log line about memory
  kModuleLoad,
  kModuleUnload,
  kCgroupMade,
  kCgroupRemoved,
  kClockStep,     ///< the wall clock jumped against the boot clock
  kResume,        ///< the machine was suspended before this time
  kReboot,        ///< recordings: another boot begins
  kRecordingGap,  ///< recordings: nobody sampled before this time
  kSysctlChange,
  kSourceBackoff,  ///< a source cost too much and was slowed down
};
/// "process_start", "oom_kill", ...: the word of the JSON.
[[nodiscard]] std::string_view to_string(EventKind kind);
[[nodiscard]] std::optional<EventKind> event_kind_from_string(std::string_view word);

struct Event {
  Moment time;
  EventKind kind = EventKind::kKernelMessage;
  std::optional<SubjectId> subject;
  std::string text;  ///< raw foreign bytes: escape them on output
};

}  // namespace leakscope::model
