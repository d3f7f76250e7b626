#include "model/profile.h"

#include <array>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace leakscope::model {
namespace {

template <class Enum, std::size_t N>
using Words = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Words<SiteState, 7> kStates{{{SiteState::kLost, "lost"},
                                       {SiteState::kIndirect, "indirect"},
                                       {SiteState::kReachable, "reachable"},
                                       {SiteState::kDoubtful, "doubtful"},
                                       {SiteState::kUnfreed, "unfreed"},
                                       {SiteState::kGrowing, "growing"},
                                       {SiteState::kBlind, "blind"}}};
constexpr Words<Population, 3> kPopulations{{{Population::kOutstanding, "outstanding"},
                                             {Population::kLive, "live"},
                                             {Population::kUnreferenced, "unreferenced"}}};
constexpr Words<ProfileUnit, 3> kUnits{
    {{ProfileUnit::kRequested, "requested"}, {ProfileUnit::kAllocated, "allocated"}, {ProfileUnit::kPages, "pages"}}};

template <class Enum, std::size_t N>
std::string_view word_of(const Words<Enum, N>& words, Enum value) {
  for (const auto& [each, word] : words) {
    if (each == value) return word;
  }
  return {};
}

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const Words<Enum, N>& words, std::string_view word) {
  for (const auto& [value, each] : words) {
    if (each == word) return value;
  }
  return std::nullopt;
}

// FNV-1a: an id outlives this program, so its hash must never change.
class IdHash {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) add(static_cast<unsigned char>(byte));
  }
  void add(unsigned char byte) { value_ = (value_ ^ byte) * 0x0000'0100'0000'01B3; }
  // The high bits of FNV hardly depend on the last bytes: the finisher of MurmurHash3 spreads them.
  [[nodiscard]] std::uint64_t value() const {
    std::uint64_t mixed = value_;
    mixed = (mixed ^ (mixed >> 33U)) * 0xFF51'AFD7'ED55'8CCD;
    mixed = (mixed ^ (mixed >> 33U)) * 0xC4CE'B9FE'1A85'EC53;
    return mixed ^ (mixed >> 33U);
  }

 private:
  std::uint64_t value_ = 0xCBF2'9CE4'8422'2325;
};

std::string_view without_number(std::string_view name) {
  const std::size_t last = name.find_last_not_of("0123456789");
  if (last == std::string_view::npos || last + 1 == name.size() || name[last] != '.') return name;
  return name.substr(0, last);
}

// What compilers append to a function that they changed or cut: it comes and goes from build to build.
// gcc: .isra.N .constprop.N .part.N .cold or .cold.N; clang: .llvm.N.
std::string_view function_name(std::string_view symbol) {
  static constexpr std::array<std::string_view, 4> kNumbered = {".isra", ".constprop", ".part", ".llvm"};
  static constexpr std::string_view kCold = ".cold";
  for (;;) {
    const std::string_view rest = without_number(symbol);
    std::string_view shorter = symbol;
    if (rest.ends_with(kCold)) shorter = rest.substr(0, rest.size() - kCold.size());
    for (const std::string_view suffix : kNumbered) {
      if (rest.size() < symbol.size() && rest.ends_with(suffix)) shorter = rest.substr(0, rest.size() - suffix.size());
    }
    if (shorter.size() == symbol.size() || shorter.empty()) return symbol;
    symbol = shorter;
  }
}

}  // namespace

std::string_view to_string(SiteState state) { return word_of(kStates, state); }
std::optional<SiteState> site_state_from_string(std::string_view word) { return value_of(kStates, word); }

std::string_view to_string(Population population) { return word_of(kPopulations, population); }
std::optional<Population> population_from_string(std::string_view word) { return value_of(kPopulations, word); }

std::string_view to_string(ProfileUnit unit) { return word_of(kUnits, unit); }
std::optional<ProfileUnit> profile_unit_from_string(std::string_view word) { return value_of(kUnits, word); }

std::string site_id(const Site& site) {
  IdHash hash;
  hash.add(static_cast<unsigned char>(site.allocator));
  for (const Frame& frame : site.stack) {
    hash.add(frame.module);
    hash.add(static_cast<unsigned char>(0));
    hash.add(frame.symbol.empty() ? std::string_view("?") : function_name(frame.symbol));
    hash.add(static_cast<unsigned char>(0));
  }
  return fmt::format("{:016x}", hash.value());
}

}  // namespace leakscope::model
