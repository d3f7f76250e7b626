#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/process_id.h"
#include "base/time.h"
#include "model/metric.h"
#include "model/subject.h"

namespace leakscope::findings {

/// The states of DESIGN: what a judged fact is.
enum class State : std::uint8_t {
  kLeak,     ///< growing, and 8 blocks over at least an hour, or rounds, or a witness
  kGrowing,  ///< passes every gate, but the window is short or the load is not known
  kSaturating,
  kStep,
  kFollowsLoad,
  kCache,       ///< grows, and the kernel gives it back when memory is needed
  kFragmented,  ///< pages grow, objects in use do not
  kRetained,    ///< the allocator holds it
  kClean,
  kInsufficient,
};
[[nodiscard]] std::string_view to_string(State state);

enum class Verdict : std::uint8_t { kLeak, kSuspect, kClean, kInsufficient };
[[nodiscard]] std::string_view to_string(Verdict verdict);

enum class Domain : std::uint8_t { kKernel, kUser };
[[nodiscard]] std::string_view to_string(Domain domain);

enum class Confidence : std::uint8_t { kLow, kMedium, kHigh };
[[nodiscard]] std::string_view to_string(Confidence confidence);

enum class Pattern : std::uint8_t { kSteady, kSporadic, kOneShot, kImplicit };
[[nodiscard]] std::string_view to_string(Pattern pattern);

/// An interval; per second for rates, per round for `per_round`.
struct Interval {
  double lower = 0;
  double point = 0;
  double upper = 0;
};

/// A figure and the file it comes from.
struct Evidence {
  std::string source;  ///< "/proc/slabinfo"
  std::string text;    ///< "active objects 112,304 -> 122,489, none given back in 11 of 12 blocks"
};

/// A process behind kernel memory.
struct Holder {
  ProcessId process;
  std::string comm;
  std::string cgroup;
  std::string holds;  ///< "39.1 MiB in 40 message queues"
};

/// A judged fact about a subject, with evidence and the next step.
struct Finding {
  std::string id;  ///< "kernel.slab.growth": a row of the catalog and a page in docs/findings/
  State state = State::kInsufficient;
  Domain domain = Domain::kUser;
  model::SubjectInfo subject;
  std::string title;       ///< the subject for people: "slab cache kmalloc-4k", "process 812 (postgres)"; raw bytes
  model::Metric metric{};  ///< the series that was judged
  model::Unit unit = model::Unit::kBytes;
  std::optional<std::int64_t> amount;  ///< by how much it rose in the window
  std::optional<std::int64_t> level;   ///< where it stands at the end
  std::optional<Interval> rate;
  std::optional<Interval> per_round;
  std::optional<double> p_value;
  std::optional<double> q_value;  ///< after Benjamini-Hochberg over its family
  Confidence confidence = Confidence::kLow;
  std::optional<Pattern> pattern;
  std::optional<double> share_of_decline;
  struct Eta {
    Nanoseconds lower{0};
    std::optional<Nanoseconds> upper;  ///< nothing: the lower bound of the rate is so small that it has no end
  };
  std::optional<Eta> eta;
  std::optional<double> detectable_rate;
  std::optional<Nanoseconds> needed;  ///< insufficient: how long to watch
  std::vector<Holder> holders;
  std::vector<Evidence> evidence;
  std::vector<std::string> next;  ///< commands to type
};

}  // namespace leakscope::findings
