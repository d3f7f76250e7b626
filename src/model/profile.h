#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/process_id.h"
#include "base/time.h"
#include "model/kmem_event.h"

namespace leakscope::model {

/// One place in code, as well as it is known. Strings are raw foreign bytes.
struct Frame {
  std::uint64_t address = 0;  ///< 0: not known (a text trace)
  std::string symbol = {};    ///< empty: not known
  std::uint64_t offset = 0;   ///< into the function
  std::string module = {};    ///< empty: the kernel itself
  std::string file = {};      ///< empty: not known
  std::uint32_t line = 0;     ///< 0: not known

  friend bool operator==(const Frame&, const Frame&) = default;
};

/// What is known of a site's memory. The words of the JSON.
enum class SiteState : std::uint8_t {
  kLost,       ///< nothing points to it
  kIndirect,   ///< only lost memory points to it
  kReachable,  ///< something points to it
  kDoubtful,   ///< only something doubtful points to it
  kUnfreed,    ///< taken in the window and not given back: no more is claimed
  kGrowing,    ///< what it holds grows, by the same statistics as everywhere, beyond what its blindness can explain
  kBlind,      ///< so many of its frees are unseen that nothing can be said
};
[[nodiscard]] std::string_view to_string(SiteState state);
[[nodiscard]] std::optional<SiteState> site_state_from_string(std::string_view word);

/// A share (0 to 1) with its 99 % interval.
struct ShareInterval {
  double lower = 0;
  double point = 0;
  double upper = 1;
  friend bool operator==(const ShareInterval&, const ShareInterval&) = default;
};

/// An amount with its 95 % interval: what sampling leaves open.
struct AmountInterval {
  std::int64_t lower = 0;
  std::int64_t upper = 0;
  friend bool operator==(const AmountInterval&, const AmountInterval&) = default;
};

struct Ages {
  double min = 0;  ///< seconds
  double median = 0;
  double max = 0;
  friend bool operator==(const Ages&, const Ages&) = default;
};

/// The process contexts in which a site allocated what it still holds.
struct ProcessShare {
  std::string comm = {};
  Pid pid;                 ///< 0: not known
  std::int64_t bytes = 0;  ///< still held
  std::int64_t count = 0;
  friend bool operator==(const ProcessShare&, const ProcessShare&) = default;
};

/// What the site held at one time of the window.
struct SitePoint {
  double seconds = 0;  ///< since the window began
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  friend bool operator==(const SitePoint&, const SitePoint&) = default;
};

/// One call stack (or one call site) with what it holds.
struct Site {
  std::vector<Frame> stack = {};  ///< innermost first; the first is the code that called the allocator
  Allocator allocator = Allocator::kSlab;
  std::string cache = {};  ///< slab cache by name; empty: not known, or no slab
  SiteState state = SiteState::kUnfreed;

  std::int64_t bytes = 0;  ///< held at the end of the window
  std::int64_t count = 0;
  std::optional<AmountInterval> bytes_interval;  ///< of a sampled profile
  std::int64_t indirect_bytes = 0;
  std::uint64_t allocs = 0;          ///< in the window
  std::uint64_t frees = 0;           ///< of what this site had allocated in the window
  std::uint64_t unseen_frees = 0;    ///< proven: an allocation got an address that still counted as this site's
  std::int64_t bytes_allocated = 0;  ///< all in the window
  std::optional<Ages> ages;          ///< of what is held
  /// The share of its frees that never reached us; nothing when nothing could show it.
  std::optional<ShareInterval> blindness;
  struct Rate {
    double lower = 0;  ///< bytes per second
    double point = 0;
    double upper = 0;
    friend bool operator==(const Rate&, const Rate&) = default;
  };
  std::optional<Rate> rate;  ///< of what is held, over the window
  std::optional<double> p_value;
  std::optional<double> q_value;
  std::vector<ProcessShare> processes = {};  ///< most bytes first
  std::vector<SitePoint> history = {};       ///< in order of time
  std::string type = {};                     ///< of the objects, when it is known
  std::string note = {};                     ///< one clause on why it is in its state; empty: nothing to say

  friend bool operator==(const Site&, const Site&) = default;
};

/// Made of module and function names: equal over rebuilds and reboots, since it has no addresses, offsets or lines.
/// 16 hexadecimal digits.
[[nodiscard]] std::string site_id(const Site& site);

/// Which blocks a profile is about. Profiles of different populations cannot be compared.
enum class Population : std::uint8_t {
  kOutstanding,   ///< allocated in the window and not freed in it
  kLive,          ///< all that is allocated
  kUnreferenced,  ///< nothing points to them
};
[[nodiscard]] std::string_view to_string(Population population);
[[nodiscard]] std::optional<Population> population_from_string(std::string_view word);

/// What its bytes count.
enum class ProfileUnit : std::uint8_t { kRequested, kAllocated, kPages };
[[nodiscard]] std::string_view to_string(ProfileUnit unit);
[[nodiscard]] std::optional<ProfileUnit> profile_unit_from_string(std::string_view word);

/// A set of sites with its population, unit and window: every view of allocations is one, so that every rendering,
/// filter and export works on all.
struct Profile {
  Population population = Population::kOutstanding;
  ProfileUnit unit = ProfileUnit::kAllocated;
  std::string title = {};            ///< "kernel memory", for people
  std::optional<WallTime> start;     ///< nothing: not known (a trace with a clock of its own)
  Nanoseconds length{0};             ///< of the window
  std::uint32_t sampled_one_in = 1;  ///< addresses; 1: all
  std::vector<Site> sites = {};      ///< most bytes first
  std::uint64_t sites_not_kept = 0;  ///< cut by a limit

  friend bool operator==(const Profile&, const Profile&) = default;
};

}  // namespace leakscope::model
